"""Where claims are judged: the run's tables, its health, the named limits, and the log of verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, final

from k6spec.judge.health import Health, Tolerances
from k6spec.judge.log import VerdictLog
from k6spec.judge.past import Past
from k6spec.judge.rehearsal import Rehearsal
from k6spec.judge.unmade import why_unmade
from k6spec.query.database import Database
from k6spec.query.window import Window


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What every selection of one test shares.

    ``spans_dropped``: the ledger's, of whatever trace. ``past``: earlier runs, where there is a history.
    ``rehearsal``: claims are noted there and not judged. ``profiles``: of each scenario, in plain values.
    ``stopped``: ``run.json``'s, of a load that ended before its time; ``unmade``: why a claim's window was then
    not made as a whole. ``tolerated``: from where on a symptom counts.
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
    tolerated: Tolerances = field(default_factory=Tolerances)

    def about(self, window: Window) -> Bench:
        """The same bench for claims over a window."""
        return replace(self, unmade=why_unmade(self.database, self.stopped, window)) if self.stopped else self

    @property
    def symptoms(self) -> str:
        """Why no claim about latency passes; empty where all is well."""
        return "; ".join(self.health.symptoms(self.tolerated))

    @property
    def hung(self) -> str:
        """Why no claim passes: k6 tells nothing of what the system left unanswered. Empty where all is well."""
        return "; ".join(self.health.hung(self.tolerated))
