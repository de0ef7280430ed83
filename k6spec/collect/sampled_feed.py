"""A feed on whose way something samples: as it is, but for how complete it is."""

from __future__ import annotations

from typing import final

from k6spec.collect.feed_around import FeedAround
from k6spec.store.ledger import Tier


@final
class SampledFeed(FeedAround):
    """What a sampler leaves out is missing, and no loss."""

    @property
    def tier(self) -> Tier:
        """``sampled``."""
        return "sampled"
