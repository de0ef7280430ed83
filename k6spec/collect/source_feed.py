"""The feed of a trace source: asks it again and again for the traces of a load, and gives what is new."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final, cast, final

import numpy as np
import pyarrow as pa

from k6spec.collect.feed import LossCounters, SpanFeed
from k6spec.collect.growing_feed import GrowingFeed
from k6spec.collect.sources.base import GrowingSource, TraceSource, WantedTraces
from k6spec.store.ledger import Tier
from k6spec.units import Duration

_REST: Final = 0.5
_CHUNK: Final = 2_000


def feed_of(source: TraceSource) -> SpanFeed:
    """The feed that fits a source; a load begins now."""
    return GrowingFeed(source) if isinstance(source, GrowingSource) else SourceFeed(source)


@final
class SourceFeed:
    """A :class:`~k6spec.collect.feed.SpanFeed` over a :class:`~k6spec.collect.sources.base.TraceSource`.

    Args:
        source: it is closed with the feed.
    """

    def __init__(self, source: TraceSource) -> None:
        self._source = source
        self._wanted: WantedTraces | None = None
        self._final_at = 0.0
        self._final: set[bytes] = set()
        self._known: set[bytes] = set()
        self._rest_until = 0.0

    @property
    def tier(self) -> Tier:
        """``by-id`` if a backend kept the spans; ``stream`` for all that passed a Collector."""
        return "by-id" if self._source.by_id else "stream"

    @property
    def lag(self) -> Duration:
        """The source's."""
        return self._source.lag

    def expect(self, wanted: WantedTraces, settle: Duration) -> None:
        """Says which traces are waited for. One that is asked for ``settle`` after the load's end has all."""
        self._wanted = wanted
        longest = settle.seconds + self.lag.seconds  # the load is over; the clock may have been set since
        left = longest - max(0.0, (time.time_ns() - wanted.end_ns) / 1e9)
        self._final_at = time.monotonic() + max(0.0, left)

    def poll(self) -> Iterator[pa.RecordBatch]:
        """New spans of the traces expected; asks at most half of the time.

        Raises:
            StackFault: the source does not answer.
        """
        if self._wanted is None or time.monotonic() < self._rest_until:
            return
        begun = time.monotonic()
        open_ids = [trace_id for trace_id in self._wanted.trace_ids if trace_id not in self._final]
        for first in range(0, len(open_ids), _CHUNK):
            yield from self._ask(open_ids[first : first + _CHUNK], self._wanted)
        self._rest_until = time.monotonic() + max(_REST, time.monotonic() - begun)

    def losses(self) -> LossCounters:
        """The traces of which the source did not give all, each a loss of one span at least."""
        return LossCounters(truncated=len(self.truncated()))

    def truncated(self) -> frozenset[bytes]:
        """Their ids."""
        return frozenset(self._source.truncated())

    def close(self) -> None:
        """Closes the source. Safe to call again."""
        self._source.close()

    def _ask(self, trace_ids: list[bytes], wanted: WantedTraces) -> Iterator[pa.RecordBatch]:
        asked = time.monotonic()
        seen: set[bytes] = set()
        chunk = WantedTraces(trace_ids=trace_ids, begin_ns=wanted.begin_ns, end_ns=wanted.end_ns)
        for batch in self._source.fetch(chunk):
            keys = _keys(batch)
            fresh = np.array([key not in self._known for key in keys], dtype=bool)
            self._known.update(keys)
            seen.update(key[:16] for key in keys)
            if fresh.any():
                yield batch.filter(pa.array(fresh))
        if asked >= self._final_at:
            self._final |= seen - self.truncated()


def _keys(batch: pa.RecordBatch) -> list[bytes]:
    """Trace id and span id of each row, in one."""
    trace_ids = cast("list[bytes]", batch["trace_id"].to_pylist())
    span_ids = cast("list[bytes]", batch["span_id"].to_pylist())
    return [trace_id + span_id for trace_id, span_id in zip(trace_ids, span_ids, strict=True)]
