"""A feed whose spans are redacted before anybody sees them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

import pyarrow as pa

from k6spec.collect.feed import LossCounters, SpanFeed
from k6spec.collect.redact import Redactor
from k6spec.collect.sources.base import WantedTraces
from k6spec.store.ledger import Tier
from k6spec.units import Duration


@final
class RedactedFeed:
    """A :class:`~k6spec.collect.feed.SpanFeed` around another."""

    def __init__(self, inner: SpanFeed, redactor: Redactor) -> None:
        self._inner = inner
        self._redactor = redactor

    @property
    def tier(self) -> Tier:
        """The inner feed's."""
        return self._inner.tier

    @property
    def lag(self) -> Duration:
        """The inner feed's."""
        return self._inner.lag

    def expect(self, wanted: WantedTraces, settle: Duration) -> None:
        """Hands it on."""
        self._inner.expect(wanted, settle)

    def poll(self) -> Iterator[pa.RecordBatch]:
        """The inner feed's spans, redacted."""
        for batch in self._inner.poll():
            yield self._redactor.spans(batch)

    def losses(self) -> LossCounters:
        """The inner feed's."""
        return self._inner.losses()

    def truncated(self) -> frozenset[bytes]:
        """The inner feed's."""
        return self._inner.truncated()

    def close(self) -> None:
        """Closes the inner feed, which wipes what it read."""
        self._inner.close()
