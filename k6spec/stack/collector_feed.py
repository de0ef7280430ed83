"""The feed of stacks with a Collector: spans as another feed gives them, and what the Collector lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import final

import pyarrow as pa

from k6spec.collect.feed import LossCounters, SpanFeed
from k6spec.collect.feed_around import FeedAround
from k6spec.stack.collector_counters import CollectorCounts, drained_counts


@final
class CollectorFeed(FeedAround):
    """A :class:`~k6spec.collect.feed.SpanFeed`.

    Args:
        inner: gives the spans that left the Collector.
        read: the Collector's counters now; raises :class:`~k6spec.errors.StackFault` if it is dead.
        check: called before anything is polled; raises the same. For inner feeds that don't know the Collector.
        on_close: called once, when the feed is closed.
    """

    def __init__(
        self,
        inner: SpanFeed,
        read: Callable[[], CollectorCounts],
        *,
        check: Callable[[], None] = lambda: None,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(inner)
        self._read = read
        self._check = check
        self._start = read()
        self._on_close = on_close
        self._closed = False

    def poll(self) -> Iterator[pa.RecordBatch]:
        """Batches of :data:`k6spec.store.spans.SCHEMA` that have arrived since the last poll.

        Raises:
            StackFault: the Collector, or what gives its spans, is dead.
        """
        self._check()
        yield from super().poll()

    def losses(self) -> LossCounters:
        """What was lost since the feed was opened; waits for what the Collector still holds.

        What k6spec's own receiver refused is the Collector's failure as well, and counts once.
        """
        counts = drained_counts(self._read, start=self._start)
        inner = super().losses()
        failed = counts.failed - self._start.failed
        return replace(
            inner,
            collector_refused=counts.refused - self._start.refused,
            collector_failed=max(0, failed - inner.refused - inner.unwritten),
        )

    def close(self) -> None:
        """Releases the inner feed. Safe to call again."""
        if not self._closed:
            self._closed = True
            super().close()
            self._on_close()
