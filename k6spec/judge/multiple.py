"""A statistic as the limit of another: ``checkout.p95 <= 1.5 * browse.p95``."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Generic, final

from k6spec.errors import Inconclusive, UsageError
from k6spec.judge.bounds import bounds
from k6spec.judge.flattery import successful_alone
from k6spec.judge.limits import KINDS, Q, Reach, refuse_interval
from k6spec.judge.verdict import Unit

if TYPE_CHECKING:
    from k6spec.judge.stat import Stat


@final
class Multiple(Generic[Q]):
    """So many times another statistic of the same kind, to compare with."""

    __slots__ = ("_factor", "_stat")

    def __init__(self, stat: Stat[Q], factor: float) -> None:
        if isinstance(factor, bool) or not isinstance(factor, (int, float)) or not 0 < factor < inf:
            raise UsageError(
                f"{factor!r} times a statistic: give a number above 0, as in 1.5 * browse.duration.p95"
            )
        refuse_interval(stat._label, stat._level)
        self._stat: Stat[Q] = stat
        self._factor = float(factor)

    def between(self, unit: Unit) -> Reach:
        """What it is, and could be with nothing missing, or with nothing failed where that moves it.

        Raises:
            UsageError: it is of another kind.
            Inconclusive: nothing matched, or nothing succeeded.
        """
        if self._stat._unit != unit:
            mine, other = KINDS[self._stat._unit], KINDS[unit]
            raise UsageError(
                f"{self._stat._label} is {mine}, and is compared with {other}; compare like with like"
            )
        population = self._stat._population()
        reducer = self._stat._reducer(population)
        observed = self._stat.value
        ends: tuple[float, ...] = bounds(reducer, population, self._stat._losses(population))
        what, bench = "is missing", self._stat._bench
        by_failures = successful_alone(population, bench.tolerated.failed) if self._stat._latency else None
        if by_failures is not None and bench.rehearsal is None:
            successful, many = by_failures
            if not len(successful):
                raise Inconclusive(f"{many}: there is no {self._stat._label} of {population.text} to compare with")
            ends, what = (*ends, reducer(successful)), "is missing or failed"
        return Reach(
            observed=self._factor * observed,
            ends=tuple(self._factor * end for end in ends),
            why=f"what {what} of {population.text} could move what it is compared with to the other side",
        )
