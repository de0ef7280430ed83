"""The ledger: what was sent, what came back, and what is missing. Beside every verdict."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, final

from k6spec.units import counted, format_ns

Tier = Literal["stream", "by-id", "sampled"]
"""How spans reached us: every one came by us, read back by known trace id, or sampled in between."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Counts of one load.

    A trace is *complete* when it has its entry span (the one whose parent is the client span) and no span
    whose parent is missing. ``spans_dropped`` adds up what SDKs, Collector and receiver say they lost or
    refused, ``spans_unwritten`` of which the receiver's disk did not take; ``spans_foreign`` belong to no request
    of the load. ``spans_outside`` lie outside the calls that made them, by up to ``outside_ns``, though they are
    no longer, and are taken as lying within: the clocks of two hosts differ or, where not ``clocks_differ``, a
    server ended spans after its answer was read.
    """

    tier: Tier
    requests_sent: int
    requests_sampled: int
    traces_expected: int
    traces_received: int
    traces_complete: int
    spans_received: int
    spans_duplicate: int = 0
    spans_dropped: int = 0
    spans_unwritten: int = 0
    spans_foreign: int = 0
    spans_outside: int = 0
    outside_ns: int = 0
    clocks_differ: bool = True

    def as_dict(self) -> dict[str, object]:
        """Plain values for ``run.json``."""
        return asdict(self)

    def __str__(self) -> str:
        outside = ""
        if self.spans_outside:
            spans = counted(self.spans_outside, "span")
            why = "clocks differ" if self.clocks_differ else "they end after the answer was read"
            outside = f", {spans} up to {format_ns(self.outside_ns)} outside their calls ({why})"
        return (
            f"evidence ({self.tier}): {counted(self.requests_sent, 'request')}, "
            f"{self.requests_sampled:,} sampled, {counted(self.traces_complete, 'complete trace')}, "
            f"{counted(self.spans_dropped, 'span')} dropped{outside}"
        )
