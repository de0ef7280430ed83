"""Statistics of a series of values: durations, or counts a trace."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import inf
from typing import Generic, final

from k6spec.errors import UsageError
from k6spec.judge.bench import Bench
from k6spec.judge.equality import NoNumber
from k6spec.judge.limits import Q, resolve, shown
from k6spec.judge.stat import Stat
from k6spec.judge.verdict import Unit
from k6spec.query.population import Population
from k6spec.query.reducers import (
    Apdex,
    Count,
    Max,
    Mean,
    Min,
    Percentile,
    PerSecond,
    Reducer,
    ShareOver,
    ShareWithin,
    StandardDeviation,
    Sum,
)
from k6spec.units import Duration, Ratio


class Statistics(Generic[Q]):
    """Statistics of values of one kind, each to be compared with a limit."""

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

    @property
    def sum(self) -> Stat[Q]:
        """All of them together."""
        return self._stat(Sum())

    @property
    def standard_deviation(self) -> Stat[Q]:
        """Of these very values: the root of the mean squared distance to their mean."""
        return self._stat(StandardDeviation())

    def _stat(self, reducer: Reducer) -> Stat[Q]:
        raise NotImplementedError


@final
class Series(NoNumber, Statistics[Q]):
    """Values of one kind; each property is a statistic to compare with a limit."""

    __slots__ = ("_bench", "_label", "_population", "_unit")
    _numbers = ".p95, .max or .mean"

    def __init__(self, bench: Bench, population: Callable[[], Population], *, label: str, unit: Unit) -> None:
        self._bench = bench
        self._population = population
        self._label = label
        self._unit = unit

    def histogram(self, *edges: Q) -> list[Stat[Ratio]]:
        """The share of values in each bucket: up to the first edge, up to the second …, above the last.

        Each bucket holds what is above its lower edge, up to its upper edge (which it takes in).

        Raises:
            UsageError: the edges do not rise, or are of another kind than the values.
        """
        marks: list[float] = [resolve(edge, self._unit, {}) for edge in edges]
        if not marks or any(low >= high for low, high in pairwise(marks)):
            raise UsageError(f"histogram{edges!r}: give edges that rise, as in histogram(ms(100), ms(400))")
        ends: list[float] = [-inf, *marks, inf]
        return [self._bucket(low, high) for low, high in pairwise(ends)]

    def _bucket(self, low: float, high: float) -> Stat[Ratio]:
        reducer = ShareWithin(low, high)
        if low == -inf:
            said = f"up to {shown(high, self._unit)}"
        elif high == inf:
            said = f"over {shown(low, self._unit)}"
        else:
            said = f"over {shown(low, self._unit)}, up to {shown(high, self._unit)}"
        label = f"share of {self._label} {said}"
        return Stat(
            self._bench,
            self._population,
            lambda _population: reducer,
            label=label,
            unit="fraction",
            latency=self._unit == "ns",
        )

    def _stat(self, reducer: Reducer) -> Stat[Q]:
        label = f"{reducer.name} {self._label}"
        return Stat(self._bench, self._population, lambda _population: reducer, label=label, unit=self._unit)


@final
class Share(NoNumber):
    """The members of a population above a limit."""

    __slots__ = ("_bench", "_label", "_latency", "_limit", "_population")
    _numbers = ".rate"

    def __init__(
        self,
        bench: Bench,
        population: Callable[[], Population],
        *,
        limit: float,
        label: str,
        latency: bool = False,
    ) -> None:
        self._bench = bench
        self._population = population
        self._limit = limit
        self._label = label
        self._latency = latency

    @property
    def rate(self) -> Stat[Ratio]:
        """Their share of the population; compare it with ``percent(1)``."""
        reducer = ShareOver(self._limit)
        return Stat(
            self._bench,
            self._population,
            lambda _p: reducer,
            label=self._label,
            unit="fraction",
            latency=self._latency,
        )


def over(bench: Bench, population: Callable[[], Population], limit: Duration) -> Share:
    """The share of durations over ``limit``."""
    if not isinstance(limit, Duration):
        raise UsageError(f"over({limit!r}): write over(ms(200)) or over(seconds(1))")
    return Share(bench, population, limit=float(limit.ns), label=f"share over {limit}", latency=True)


def count(bench: Bench, population: Callable[[], Population]) -> Stat[float]:
    """How many there are."""
    return Stat(bench, population, lambda _population: Count(), label="count", unit="count")


def per_second(bench: Bench, population: Callable[[], Population]) -> Stat[float]:
    """How many there are in a second."""
    return Stat(bench, population, lambda found: PerSecond(found.seconds), label="rate", unit="per second")


def apdex(
    bench: Bench, population: Callable[[], Population], satisfied: Duration, tolerated: Duration | None
) -> Stat[float]:
    """The Apdex score of durations, from 0 to 1."""
    if not isinstance(satisfied, Duration) or not isinstance(tolerated, Duration | None):
        raise UsageError("apdex() takes durations: write apdex(ms(300)) or apdex(ms(300), ms(1200))")
    endured = 4 * satisfied.ns if tolerated is None else tolerated.ns
    if endured < satisfied.ns:
        raise UsageError(f"apdex({satisfied}, {tolerated}): what is tolerated is shorter than what satisfies")
    reducer = Apdex(float(satisfied.ns), float(endured))
    return Stat(
        bench, population, lambda _population: reducer, label=f"apdex({satisfied})", unit="count", latency=True
    )
