"""Where claims are judged: the run's tables, its health, the named limits, and the log of verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, final

from k6spec.judge.log import VerdictLog
from k6spec.judge.past import Past
from k6spec.judge.rehearsal import Rehearsal
from k6spec.judge.unmade import why_unmade
from k6spec.query.database import Database
from k6spec.query.window import Window
from k6spec.units import format_ratio

FAILED_SHARE: Final = 0.01
"""Above this share of failed requests a latency claim must hold for the successful ones alone too."""

DROPPED_SHARE: Final = 0.01
"""Above this share of dropped iterations the declared load was not made: no latency claim passes."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How sound the measurement itself was. Source: k6's ``dropped_iterations`` and its log."""

    dropped_iterations: int = 0
    iterations: int = 0
    script_errors: int = 0

    @property
    def dropped_share(self) -> float:
        """Iterations that k6 could not start, as a share of those it should have."""
        return self.dropped_iterations / max(1, self.dropped_iterations + self.iterations)

    @property
    def starved(self) -> bool:
        """Whether the declared load was not made."""
        return self.dropped_share > DROPPED_SHARE

    @property
    def why_starved(self) -> str:
        """What is then to be said of a latency claim."""
        return (
            f"k6 dropped {self.dropped_iterations:,} iterations ({format_ratio(self.dropped_share)}): "
            "the declared load was not made; raise max_vus, or lower the rate"
        )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What every selection of one test shares.

    ``spans_dropped``: the ledger's, of whatever trace. ``past``: earlier runs, where there is a history.
    ``rehearsal``: claims are noted there and not judged. ``profiles``: of each scenario, in plain values.
    ``stopped``: ``run.json``'s, of a load that ended before its time; ``unmade``: why a claim's window was then
    not made as a whole.
    """

    database: Database
    health: Health = field(default_factory=Health)
    spans_dropped: int = 0
    limits: Mapping[str, str | int | float] = field(default_factory=dict)
    log: VerdictLog = field(default_factory=VerdictLog)
    past: Past | None = None
    rehearsal: Rehearsal | None = None
    profiles: Mapping[str, Any] = field(default_factory=dict)
    stopped: Mapping[str, Any] | None = None
    unmade: str = ""

    def about(self, window: Window) -> Bench:
        """The same bench for claims over a window."""
        return replace(self, unmade=why_unmade(self.database, self.stopped, window)) if self.stopped else self
