"""Statistics of a series of values: durations, or counts a trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, final

from k6spec.errors import UsageError
from k6spec.judge.bench import Bench
from k6spec.judge.limits import Q
from k6spec.judge.stat import Stat
from k6spec.judge.verdict import Unit
from k6spec.query.population import Population
from k6spec.query.reducers import Count, Max, Mean, Min, Percentile, PerSecond, Reducer, ShareOver
from k6spec.units import Duration, Ratio


@final
class Series(Generic[Q]):
    """Values of one kind; each property is a statistic to compare with a limit."""

    __slots__ = ("_bench", "_label", "_population", "_unit")

    def __init__(self, bench: Bench, population: Callable[[], Population], *, label: str, unit: Unit) -> None:
        self._bench = bench
        self._population = population
        self._label = label
        self._unit = unit

    @property
    def max(self) -> Stat[Q]:
        """The largest."""
        return self._stat(Max())

    @property
    def min(self) -> Stat[Q]:
        """The smallest."""
        return self._stat(Min())

    @property
    def mean(self) -> Stat[Q]:
        """The arithmetic mean."""
        return self._stat(Mean())

    @property
    def median(self) -> Stat[Q]:
        """The 50th percentile."""
        return self.percentile(50)

    @property
    def p50(self) -> Stat[Q]:
        """The 50th percentile."""
        return self.percentile(50)

    @property
    def p75(self) -> Stat[Q]:
        """The 75th percentile."""
        return self.percentile(75)

    @property
    def p90(self) -> Stat[Q]:
        """The 90th percentile."""
        return self.percentile(90)

    @property
    def p95(self) -> Stat[Q]:
        """The 95th percentile."""
        return self.percentile(95)

    @property
    def p99(self) -> Stat[Q]:
        """The 99th percentile."""
        return self.percentile(99)

    @property
    def p999(self) -> Stat[Q]:
        """The 99.9th percentile."""
        return self.percentile(99.9)

    def percentile(self, q: float) -> Stat[Q]:
        """The ``q``-th percentile, 0 to 100, linearly interpolated as by k6 and numpy."""
        if isinstance(q, bool) or not isinstance(q, (int, float)) or not 0 <= q <= 100:
            raise UsageError(f"percentile({q!r}): give a number from 0 to 100, as in percentile(99.5)")
        return self._stat(Percentile(q))

    def _stat(self, reducer: Reducer) -> Stat[Q]:
        label = f"{reducer.name} {self._label}"
        return Stat(self._bench, self._population, lambda _population: reducer, label=label, unit=self._unit)


@final
class Share:
    """The members of a population above a limit."""

    __slots__ = ("_bench", "_label", "_limit", "_population")

    def __init__(self, bench: Bench, population: Callable[[], Population], *, limit: float, label: str) -> None:
        self._bench = bench
        self._population = population
        self._limit = limit
        self._label = label

    @property
    def rate(self) -> Stat[Ratio]:
        """Their share of the population; compare it with ``percent(1)``."""
        reducer = ShareOver(self._limit)
        return Stat(self._bench, self._population, lambda _p: reducer, label=self._label, unit="fraction")


def over(bench: Bench, population: Callable[[], Population], limit: Duration) -> Share:
    """The share of durations over ``limit``."""
    if not isinstance(limit, Duration):
        raise UsageError(f"over({limit!r}): write over(ms(200)) or over(seconds(1))")
    return Share(bench, population, limit=float(limit.ns), label=f"share over {limit}")


def count(bench: Bench, population: Callable[[], Population]) -> Stat[float]:
    """How many there are."""
    return Stat(bench, population, lambda _population: Count(), label="count", unit="count")


def per_second(bench: Bench, population: Callable[[], Population]) -> Stat[float]:
    """How many there are in a second."""
    return Stat(bench, population, lambda found: PerSecond(found.seconds), label="rate", unit="per second")
