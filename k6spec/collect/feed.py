"""The seam between what collects spans and who needs them: a feed of decoded batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Protocol, final

from k6spec.store.ledger import Tier
from k6spec.units import Duration

if TYPE_CHECKING:
    import pyarrow as pa

    from k6spec.collect.sources.base import WantedTraces


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LossCounters:
    """Spans that were lost or refused on the way, each since the feed was opened."""

    refused: int = 0  # the receiver answered with an error
    unwritten: int = 0  # the same, as its disk was full
    undecodable: int = 0  # accepted, then could not be decoded (a malformed span among good ones)
    sdk_dropped: int = 0  # SDKs' own counters of full queues
    collector_refused: int = 0  # a Collector in between answered with an error
    collector_failed: int = 0  # a Collector in between accepted them and did not hand them on to us
    truncated: int = 0  # a backend says that it gave a trace in part

    @property
    def total(self) -> int:
        """All of them."""
        return sum(getattr(self, field.name) for field in fields(self))


class SpanFeed(Protocol):
    """Spans as they arrive."""

    @property
    def tier(self) -> Tier:
        """How complete this way of collecting is."""

    @property
    def lag(self) -> Duration:
        """How much later than it was exported a span may come: 0 for what is a stream."""

    def expect(self, wanted: WantedTraces, settle: Duration) -> None:
        """Says, once the load is over, which traces are waited for, and how long SDKs may keep their spans."""

    def poll(self) -> Iterator[pa.RecordBatch]:
        """Batches of :data:`k6spec.store.spans.SCHEMA` or ``CODED`` since the last poll; never blocks."""

    def losses(self) -> LossCounters:
        """What was lost on the way so far."""

    def truncated(self) -> frozenset[bytes]:
        """Ids of traces that are known to be there in part only; a stream does not know."""

    def close(self) -> None:
        """Releases what the feed holds and wipes the raw spool it read."""
