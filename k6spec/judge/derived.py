"""Numbers made of several statistics, with the ends that missing data leaves them, to be claimed as one is."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Final, final

from k6spec.errors import Inconclusive
from k6spec.judge.bench import Bench
from k6spec.judge.equality import NoEquality
from k6spec.judge.limits import NamedLimit, resolve, said_beside, shown
from k6spec.judge.verdict import Evidence, Operator, Outcome, Verdict
from k6spec.query.population import Population

COMPARE: Final[Mapping[Operator, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """``observed`` is None where nothing can be said, for a ``reason``; ``text`` names what it is of.

    ``lowest`` and ``highest``: with what is missing at its best and at its worst; ``level``: or the ends of an
    interval, so sure. ``population``: what is shown. ``alone``: the same of the successful requests alone, where
    failures flatter it, and ``none_succeeded``: at which load there are none.
    """

    text: str
    population: Population
    observed: float | None = None
    lowest: float = -inf
    highest: float = inf
    level: float | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()
    alone: Derivation | None = None
    none_succeeded: str = ""


@final
class Derived(NoEquality):
    """Compare it with a plain number."""

    __slots__ = ("_bench", "_label", "_read", "_surer", "verdict")

    def __init__(
        self, bench: Bench, read: Callable[[], Derivation], surer: Callable[[float], Derived], *, label: str
    ) -> None:
        self._bench = bench
        self._read = read
        self._surer = surer
        self._label = label
        self.verdict: Verdict | None = None
        """The verdict of the latest comparison."""

    @property
    def value(self) -> float:
        """The observed number.

        Raises:
            Inconclusive: nothing can be said.
        """
        found = self._read()
        if found.observed is None:
            raise Inconclusive(found.reason)
        return found.observed

    def sure(self, level: float = 0.95) -> Derived:
        """The same number, judged by its confidence interval: one astride the limit is inconclusive.

        Raises:
            UsageError: ``level`` is not from 0.5 to 0.999, or the statistic behind it has no interval.
        """
        return self._surer(level)

    def __lt__(self, limit: float | NamedLimit[float]) -> Verdict:
        return self._judge("<", limit)

    def __le__(self, limit: float | NamedLimit[float]) -> Verdict:
        return self._judge("<=", limit)

    def __gt__(self, limit: float | NamedLimit[float]) -> Verdict:
        return self._judge(">", limit)

    def __ge__(self, limit: float | NamedLimit[float]) -> Verdict:
        return self._judge(">=", limit)

    def __repr__(self) -> str:
        return f"<{self._label}>"

    def _judge(self, sign: Operator, limit: object) -> Verdict:
        bound = resolve(limit, "count", self._bench.limits)
        found = self._read()
        statistic = f"{found.text}: {self._label}"
        claim = f"{statistic} {sign} {shown(bound, 'count')}"
        if self._bench.rehearsal is not None:
            if not len(found.population.values):
                self._bench.rehearsal.miss(claim, found.population)
            return self._bench.rehearsal.held(claim, found.population)
        outcome, reason, notes = self._weigh(found, sign, bound)
        self.verdict = self._bench.log.add(
            Verdict(
                claim=claim,
                headline=f"{statistic} {said_beside(found.observed, sign, bound, 'count')}",
                outcome=outcome,
                observed=found.observed,
                operator=sign,
                limit=bound,
                unit="count",
                evidence=Evidence(
                    population=found.population,
                    lowest=found.lowest,
                    highest=found.highest,
                    reason=reason,
                    level=found.level,
                    notes=(*notes, *found.notes),
                ),
                statistic=statistic,
            )
        )
        return self.verdict

    def _weigh(self, found: Derivation, sign: Operator, bound: float) -> tuple[Outcome, str, tuple[str, ...]]:
        """The outcome, why it is inconclusive, and what else is to be said."""
        if found.observed is None:
            return "inconclusive", found.reason, ()
        holds = [COMPARE[sign](value, bound) for value in (found.lowest, found.observed, found.highest)]
        if not any(holds):
            return "failed", "", ()
        if not all(holds):
            return "inconclusive", found.reason, ()
        if flattered := _flattered(found, sign, bound):
            return "failed", "", (flattered,)
        if found.alone is not None and found.alone.observed is None:
            return "inconclusive", f"of the successful requests alone: {found.alone.reason}", ()
        if why := self._bench.symptoms or self._bench.unmade:
            return "inconclusive", why, ()
        return "passed", "", ()


def _flattered(found: Derivation, sign: Operator, bound: float) -> str:
    """Says so where a claim holds only because some requests failed fast."""
    if found.none_succeeded:
        return f"failed requests flatter this claim: {found.none_succeeded}"
    alone = found.alone
    if alone is None or alone.observed is None:
        return ""
    if all(COMPARE[sign](value, bound) for value in (alone.lowest, alone.observed, alone.highest)):
        return ""
    said = shown(alone.observed, "count")
    return "; ".join((f"failed requests flatter this claim: {said} for the successful ones alone", *alone.notes))
