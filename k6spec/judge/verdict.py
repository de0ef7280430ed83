"""A verdict: the answer to one claim, with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, final

from k6spec.errors import Inconclusive

if TYPE_CHECKING:
    from k6spec.query.population import Population

Outcome = Literal["passed", "failed", "inconclusive", "skipped"]
"""``skipped``: there is no baseline yet to compare with. It stands in nobody's way, and is never called passed."""

Unit = Literal["ns", "fraction", "count", "per second"]
Operator = Literal["<", "<=", ">", ">="]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What a claim against a baseline rests on.

    ``value``: the baseline, in the statistic's unit, of the ``runs``. ``change`` and its ``ends``, each ``sure``,
    are shares of the baseline if ``ratios``, else in the unit; so is ``noise``, one standard deviation of runs.
    ``p``: how likely so much would be seen if the claim held; judged among ``family`` claims. ``holdable``: the
    tightest limit that an unchanged system would quietly pass. ``between``: what ``noise`` lies between, runs or
    the rounds of two versions. ``rounds``: what base and candidate measured in each, if it is those.
    """

    runs: tuple[str, ...]
    said: str
    value: float
    noise: float
    ratios: bool
    change: float
    ends: tuple[float, float]
    sure: float
    p: float
    family: int
    holdable: str
    between: str = "runs"
    rounds: tuple[tuple[float, float], ...] = ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a verdict rests on.

    ``lowest`` and ``highest``: the statistic with what is missing at its best and at its worst; under
    ``.sure(level)`` the ends of its interval. ``effective``: the effective sample size of that interval.
    ``dropped``: spans that were lost somewhere and may have been members. ``reason``: why it is inconclusive.
    ``population`` has the values and finds the worst members. ``offence``: a member above it breaks an upper
    limit; None where no single member does.
    """

    population: Population
    lowest: float
    highest: float
    reason: str = ""
    level: float | None = None
    effective: float | None = None
    dropped: int = 0
    notes: tuple[str, ...] = ()
    offence: float | None = None
    compared: Compared | None = None


@final
class Verdict:
    """Passed, failed, inconclusive or skipped. Its truth value judges it; an inconclusive one raises instead.

    Attributes:
        claim: what was claimed, in words: ``orders db spans: max duration <= 200 ms``.
        observed: the statistic, None if nothing matched; in ``unit``, as is ``limit``.
        statistic: what was claimed of, without the limit, by which other runs are asked for it; empty if none.
    """

    __slots__ = (
        "claim",
        "evidence",
        "headline",
        "judged",
        "limit",
        "observed",
        "operator",
        "outcome",
        "statistic",
        "unit",
    )

    def __init__(
        self,
        *,
        claim: str,
        headline: str,
        outcome: Outcome,
        observed: float | None,
        operator: Operator,
        limit: float,
        unit: Unit,
        evidence: Evidence,
        statistic: str = "",
    ) -> None:
        self.claim = claim
        self.headline = headline
        self.outcome: Outcome = outcome
        self.observed = observed
        self.operator: Operator = operator
        self.limit = limit
        self.unit: Unit = unit
        self.evidence = evidence
        self.statistic = statistic
        self.judged = False

    def __bool__(self) -> bool:
        """Whether the claim holds; a skipped one stands in nobody's way.

        Raises:
            Inconclusive: there is not enough evidence to say.
        """
        self.judged = True
        if self.outcome == "inconclusive":
            raise Inconclusive(f"{self.headline}\n  {self.evidence.reason}")
        return self.outcome in {"passed", "skipped"}

    def __repr__(self) -> str:
        return self.headline
