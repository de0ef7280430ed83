"""The feed of the embedded stack: the receiver's spool, decoded in bounded groups as it grows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, final

import pyarrow as pa

from k6spec.collect.counters import CounterReader
from k6spec.collect.decode import decode_coded
from k6spec.collect.feed import LossCounters
from k6spec.collect.handshake import COUNTERS_NAME, SPOOL_NAME
from k6spec.collect.sources.base import WantedTraces
from k6spec.collect.spool import SpoolReader
from k6spec.store.ledger import Tier
from k6spec.units import Duration

GROUP_BYTES: Final = 8 << 20
"""Raw OTLP that is decoded into one batch: some 28,000 spans of usual size."""


@final
class SpoolFeed:
    """Spans that reach a receiver from now on; every one of them came by us.

    Args:
        directory: the receiver's.
        check: called before anything is read; raises :class:`~k6spec.errors.StackFault` if the receiver is dead.
        on_close: called once, when the feed is closed: the place to wipe the spool.
    """

    def __init__(
        self, directory: Path, *, check: Callable[[], None], on_close: Callable[[], None] = lambda: None
    ) -> None:
        self._check = check
        self._on_close = on_close
        self._spool = SpoolReader(directory / SPOOL_NAME, None)
        self._counters = CounterReader(directory / COUNTERS_NAME)
        self._start = self._counters.read()
        self._undecodable = 0
        self._closed = False

    @property
    def tier(self) -> Tier:
        """``stream``."""
        return "stream"

    @property
    def lag(self) -> Duration:
        """None."""
        return Duration(0)

    def expect(self, wanted: WantedTraces, settle: Duration) -> None:
        """Nothing to do: all that arrives is given."""

    def poll(self) -> Iterator[pa.RecordBatch]:
        """Batches of :data:`k6spec.store.spans.CODED`, up to what had arrived when the polling began.

        Raises:
            StackFault: the receiver is dead.
        """
        self._check()
        end = self._spool.end
        while self._spool.offset < end:
            messages = self._spool.read(GROUP_BYTES)
            if not messages:
                break  # the last record is still being written
            batch, undecodable = decode_coded(messages)
            self._undecodable += undecodable
            if batch.num_rows:
                yield batch

    def losses(self) -> LossCounters:
        """What was lost since the feed was opened.

        Failed exports of which SDKs tell count as far as they are not ours: each refusal of ours is one of them.

        Raises:
            StackFault: the receiver is dead.
        """
        self._check()
        counts = self._counters.read().since(self._start)
        elsewhere = max(0, counts.sdk_export_failed - counts.refused)
        return LossCounters(
            refused=counts.refused - counts.unwritten,
            unwritten=counts.unwritten,
            undecodable=self._undecodable,
            sdk_dropped=counts.sdk_queue_full + elsewhere,
        )

    def truncated(self) -> frozenset[bytes]:
        """None that it knows of."""
        return frozenset()

    def close(self) -> None:
        """Releases the spool. Safe to call again."""
        if not self._closed:
            self._closed = True
            self._spool.close()
            self._counters.close()
            self._on_close()
