"""A verdict: the answer to one claim, with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

from k6spec.errors import Inconclusive
from k6spec.query.population import Population

Outcome = Literal["passed", "failed", "inconclusive"]
Unit = Literal["ns", "fraction", "count", "per second"]
Operator = Literal["<", "<=", ">", ">="]


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


@final
class Verdict:
    """Passed, failed or inconclusive. Its truth value judges it; an inconclusive one raises instead.

    Attributes:
        claim: what was claimed, in words: ``orders db spans: max duration <= 200 ms``.
        observed: the statistic, None if nothing matched; in ``unit``, as is ``limit``.
    """

    __slots__ = ("claim", "evidence", "headline", "judged", "limit", "observed", "operator", "outcome", "unit")

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
    ) -> None:
        self.claim = claim
        self.headline = headline
        self.outcome: Outcome = outcome
        self.observed = observed
        self.operator: Operator = operator
        self.limit = limit
        self.unit: Unit = unit
        self.evidence = evidence
        self.judged = False

    def __bool__(self) -> bool:
        """Whether the claim holds.

        Raises:
            Inconclusive: there is not enough evidence to say.
        """
        self.judged = True
        if self.outcome == "inconclusive":
            raise Inconclusive(f"{self.headline}\n  {self.evidence.reason}")
        return self.outcome == "passed"

    def __repr__(self) -> str:
        return self.headline
