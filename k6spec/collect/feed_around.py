"""A feed around another: all of it is the inner one's, but for what a subclass says itself."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from k6spec.collect.feed import LossCounters, SpanFeed
from k6spec.collect.sources.base import WantedTraces
from k6spec.store.ledger import Tier
from k6spec.units import Duration


class FeedAround:
    """A :class:`~k6spec.collect.feed.SpanFeed`. Every member is the inner feed's."""

    def __init__(self, inner: SpanFeed) -> None:
        self._inner = inner

    @property
    def tier(self) -> Tier:
        """How complete this way of collecting is."""
        return self._inner.tier

    @property
    def lag(self) -> Duration:
        """How much later than it was exported a span may come."""
        return self._inner.lag

    def expect(self, wanted: WantedTraces, settle: Duration) -> None:
        """Hands it on."""
        self._inner.expect(wanted, settle)

    def poll(self) -> Iterator[pa.RecordBatch]:
        """Batches of :data:`k6spec.store.spans.SCHEMA` that have arrived since the last poll."""
        return self._inner.poll()

    def losses(self) -> LossCounters:
        """What was lost since the feed was opened."""
        return self._inner.losses()

    def truncated(self) -> frozenset[bytes]:
        """Ids of traces that are known to be there in part only."""
        return self._inner.truncated()

    def close(self) -> None:
        """Closes the inner feed. Safe to call again."""
        self._inner.close()
