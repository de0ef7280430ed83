"""A statistic of a selection. Comparing it with a limit gives a verdict."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from math import inf, isinf
from typing import Final, Generic, final

from k6spec.errors import Inconclusive
from k6spec.judge.bench import Bench, Health
from k6spec.judge.bounds import bounds
from k6spec.judge.limits import NamedLimit, Q, resolve, shown
from k6spec.judge.verdict import Evidence, Operator, Outcome, Unit, Verdict
from k6spec.query.population import Population
from k6spec.query.reducers import Count, PerSecond, Reducer

_COMPARE: Final[Mapping[Operator, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
FAILED_SHARE: Final = 0.01
"""Above this share of failed requests a latency claim must hold for the successful ones alone too."""

DROPPED_SHARE: Final = 0.01
"""Above this share of dropped iterations the declared load was not made: no latency claim passes."""


@final
class Stat(Generic[Q]):
    """A number that is not judged yet: ``run.http().duration.p95``.

    Compare it with a limit of its own kind: a duration with ``ms(400)``, a share with ``percent(1)``, a count
    with a plain number. ``==`` is not a claim.
    """

    __slots__ = ("_bench", "_label", "_population", "_reducer", "_unit", "verdict")

    def __init__(
        self,
        bench: Bench,
        population: Callable[[], Population],
        reducer: Callable[[Population], Reducer],
        *,
        label: str,
        unit: Unit,
    ) -> None:
        self._bench = bench
        self._population = population
        self._reducer = reducer
        self._label = label
        self._unit: Unit = unit
        self.verdict: Verdict | None = None
        """The verdict of the latest comparison."""

    @property
    def value(self) -> float:
        """The observed number: nanoseconds, a fraction, a count or a rate per second.

        Raises:
            Inconclusive: nothing matched.
        """
        population = self._population()
        reducer = self._reducer(population)
        if _says_nothing(population, reducer):
            raise Inconclusive(population.why_empty())
        return reducer(population.values)

    def __lt__(self, limit: Q | NamedLimit[Q]) -> Verdict:
        return self._judge("<", limit)

    def __le__(self, limit: Q | NamedLimit[Q]) -> Verdict:
        return self._judge("<=", limit)

    def __gt__(self, limit: Q | NamedLimit[Q]) -> Verdict:
        return self._judge(">", limit)

    def __ge__(self, limit: Q | NamedLimit[Q]) -> Verdict:
        return self._judge(">=", limit)

    def __repr__(self) -> str:
        return f"<{self._label} of {self._population().text}>"

    __hash__ = None  # type: ignore[assignment]

    def _judge(self, sign: Operator, limit: object) -> Verdict:
        bound = resolve(limit, self._unit, self._bench.limits)
        population = self._population()
        reducer = self._reducer(population)
        claim = f"{population.text}: {self._label} {sign} {shown(bound, self._unit)}"
        if _says_nothing(population, reducer):
            headline = f"{population.text}: {self._label} cannot be judged, limit {shown(bound, self._unit)}"
            evidence = Evidence(population=population, lowest=-inf, highest=inf, reason=population.why_empty())
            outcome: Outcome = "inconclusive"
            observed = None
        else:
            observed = reducer(population.values)
            outcome, evidence = self._weigh(population, reducer, observed, sign, bound)
            headline = (
                f"{population.text}: {self._label} {shown(observed, self._unit)}, "
                f"limit {_LIMIT_WORDS[sign]}{shown(bound, self._unit)}"
            )
        self.verdict = self._bench.log.add(
            Verdict(
                claim=claim,
                headline=headline,
                outcome=outcome,
                observed=observed,
                operator=sign,
                limit=bound,
                unit=self._unit,
                evidence=evidence,
            )
        )
        return self.verdict

    def _weigh(
        self, population: Population, reducer: Reducer, observed: float, sign: Operator, bound: float
    ) -> tuple[Outcome, Evidence]:
        holds = _COMPARE[sign]
        lowest, highest = bounds(reducer, population)
        ends = (holds(lowest, bound), holds(highest, bound))
        notes: tuple[str, ...] = ()
        reason = ""
        if all(ends) and holds(observed, bound):
            outcome: Outcome = "passed"
        elif not any(ends):
            outcome = "failed"
        else:
            outcome = "inconclusive"
            reason = _why_missing_matters(population, lowest, highest, self._unit)
        if self._unit == "ns" and outcome == "passed":
            notes = _flattered_by_failures(population, reducer, lambda value: holds(value, bound))
            if notes:
                outcome = "failed"
            elif self._bench.health.dropped_share > DROPPED_SHARE:
                outcome, reason = "inconclusive", _why_dropped_matters(self._bench.health)
        evidence = Evidence(population=population, lowest=lowest, highest=highest, reason=reason, notes=notes)
        return outcome, evidence


_LIMIT_WORDS: Final[Mapping[Operator, str]] = {"<": "under ", "<=": "", ">": "over ", ">=": "at least "}


def _says_nothing(population: Population, reducer: Reducer) -> bool:
    if len(population.values):
        return False
    counts = isinstance(reducer, (Count, PerSecond))
    return not (counts and population.none_is_a_finding)


def _flattered_by_failures(
    population: Population, reducer: Reducer, holds: Callable[[float], bool]
) -> tuple[str, ...]:
    """Says so where a latency claim holds only because some requests failed fast."""
    if population.successful is None:
        return ()
    failed = 1 - len(population.successful) / len(population.values)
    if failed <= FAILED_SHARE:
        return ()
    words = f"{shown(failed, 'fraction')} of the requests failed, and they flatter this claim: "
    if not len(population.successful):
        return (f"{words}none succeeded",)
    alone = reducer(population.successful)
    return () if holds(alone) else (f"{words}{shown(alone, 'ns')} for the successful ones alone",)


def _why_dropped_matters(health: Health) -> str:
    return (
        f"k6 dropped {health.dropped_iterations:,} iterations ({shown(health.dropped_share, 'fraction')}): "
        "the declared load was not made; raise max_vus, or lower the rate"
    )


def _why_missing_matters(population: Population, lowest: float, highest: float, unit: Unit) -> str:
    most = "anything" if isinf(highest) else shown(highest, unit)
    return (
        f"{population.missing.traces:,} of {population.scope:,} traces are missing or incomplete: with them the "
        f"value lies between {shown(lowest, unit)} and {most}, and the limit is in between"
    )
