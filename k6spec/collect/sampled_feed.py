"""A feed on whose way something samples: as it is, but for how complete it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

import pyarrow as pa

from k6spec.collect.feed import LossCounters, SpanFeed
from k6spec.collect.sources.base import WantedTraces
from k6spec.store.ledger import Tier
from k6spec.units import Duration


@final
class SampledFeed:
    """A :class:`~k6spec.collect.feed.SpanFeed` around another."""

    def __init__(self, inner: SpanFeed) -> None:
        self._inner = inner

    @property
    def tier(self) -> Tier:
        """``sampled``."""
        return "sampled"

    @property
    def lag(self) -> Duration:
        """The inner feed's."""
        return self._inner.lag

    def expect(self, wanted: WantedTraces, settle: Duration) -> None:
        """Hands it on."""
        self._inner.expect(wanted, settle)

    def poll(self) -> Iterator[pa.RecordBatch]:
        """The inner feed's spans."""
        return self._inner.poll()

    def losses(self) -> LossCounters:
        """The inner feed's: what a sampler leaves out is missing, and no loss."""
        return self._inner.losses()

    def truncated(self) -> frozenset[bytes]:
        """The inner feed's."""
        return self._inner.truncated()

    def close(self) -> None:
        """Closes the inner feed. Safe to call again."""
        self._inner.close()
