"""OTLP trace exports to rows of the span table.

Two ways to the same table: the plain one over protobuf's Python classes, which is the reference, and a fast one
in Rust and Arrow (`ptars <https://pypi.org/project/ptars/>`_, the extra ``fast``), used where it is installed.
Whatever the fast one cannot take goes through the plain one.

What decode changes: an attribute key that comes twice keeps its first value (keys MUST be unique in OTLP, and
DuckDB refuses maps where they are not); a link without valid ids is left out and counted in ``dropped_links``;
starts and ends beyond int64 (the year 2262) are clamped, so that a start and a duration add up within it; names of
absent scopes and absent trace states are empty texts.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final, Literal

import pyarrow as pa

from k6spec.collect.decode_plain import decode_plain
from k6spec.collect.semconv import normalise
from k6spec.store.spans import CODED, SCHEMA

Decoder = Literal["auto", "plain", "fast"]
"""Which way to decode: ``fast`` raises where ``auto`` goes on with ``plain``."""

_LOG: Final = logging.getLogger(__name__)


def decode(messages: Sequence[bytes], *, decoder: Decoder = "auto") -> tuple[pa.RecordBatch, int]:
    """Decodes ExportTraceServiceRequest or TracesData messages (on the wire they are the same).

    Args:
        messages: protobuf, at most a few hundred MiB together (a batch's text columns hold 2 GiB).

    Returns:
        The spans, in the order they came, as a batch of :data:`k6spec.store.spans.SCHEMA`; and how many could not
        be decoded: spans without valid ids, and 1 for each message that is not one at all.

    Raises:
        ImportError: ``decoder="fast"`` without ptars.
        ValueError: ``decoder="fast"`` and the fast way cannot take these messages.
    """
    batch, undecodable = decode_coded(messages, decoder=decoder)
    return batch.cast(SCHEMA), undecodable


def decode_coded(messages: Sequence[bytes], *, decoder: Decoder = "auto") -> tuple[pa.RecordBatch, int]:
    """As :func:`decode`, to a batch of :data:`k6spec.store.spans.CODED`."""
    received, undecodable = _received(messages, decoder)
    return normalise(received).cast(CODED), undecodable


def _received(messages: Sequence[bytes], decoder: Decoder) -> tuple[pa.RecordBatch, int]:
    if decoder == "plain":
        return decode_plain(messages)
    try:
        from k6spec.collect.decode_fast import decode_fast

        return decode_fast(messages)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic in Rust is not an Exception
        if decoder == "fast":
            raise
        if not isinstance(error, ImportError):
            _LOG.debug("the fast decoder refused a batch; decoding it plainly", exc_info=True)
        return decode_plain(messages)
