"""The feed of a source that is written while it is read: what has come since the load began, each span once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

import pyarrow as pa

from k6spec.collect.feed import LossCounters
from k6spec.collect.sources.base import GrowingSource, WantedTraces
from k6spec.store.ledger import Tier
from k6spec.units import Duration


@final
class GrowingFeed:
    """A :class:`~k6spec.collect.feed.SpanFeed` over a :class:`~k6spec.collect.sources.base.GrowingSource`.

    Args:
        source: what it holds by now is left out; it is closed with the feed.
    """

    def __init__(self, source: GrowingSource) -> None:
        self._source = source
        self._wanted: WantedTraces | None = None
        source.skip()

    @property
    def tier(self) -> Tier:
        """``stream``."""
        return "stream"

    @property
    def lag(self) -> Duration:
        """The source's."""
        return self._source.lag

    def expect(self, wanted: WantedTraces, settle: Duration) -> None:
        """Says which traces are waited for; those of others are left out."""
        self._wanted = wanted

    def poll(self) -> Iterator[pa.RecordBatch]:
        """New spans of the traces expected; none before they are known.

        Raises:
            StackFault: the source cannot be read.
        """
        if self._wanted is not None:
            yield from self._source.read_on(self._wanted)

    def losses(self) -> LossCounters:
        """What could not be decoded, whosever it was."""
        return LossCounters(undecodable=self._source.undecodable)

    def truncated(self) -> frozenset[bytes]:
        """None that it knows of."""
        return frozenset()

    def close(self) -> None:
        """Closes the source. Safe to call again."""
        self._source.close()
