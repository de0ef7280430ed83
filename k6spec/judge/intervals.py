"""Confidence intervals of statistics, over missing data: what ``.sure(0.95)`` judges.

An interval is told as ends of a statistic's bounds, so that what is missing widens it: its lower end is taken
where everything missing is at its best, its upper end where everything is at its worst. It speaks of this run
only. Shown by simulation (``benchmarks/coverage.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, inf, sqrt
from typing import Final, Protocol, final

import numpy as np

from k6spec.errors import UsageError
from k6spec.judge.bounds import Bounds
from k6spec.judge.effective import effective_above, inflation, students_t, worth
from k6spec.query.population import Floats, Population
from k6spec.query.reducers import Count, Max, Mean, Min, Percentile, PerSecond, Reducer, ShareOver

_BINS: Final = 256

Bounding = Callable[[Reducer], Bounds]
"""Gives the lowest and highest value that a statistic could have had with nothing missing."""


class Interval(Protocol):
    """An interval that is known but for what is missing. ``effective``: the effective sample size."""

    @property
    def effective(self) -> float:
        """How many independent samples it rests on."""

    def ends(self, bound: Bounding) -> Bounds:
        """Its lower and upper end, in the statistic's unit."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Enough:
    """Effective samples without which no interval is given: in all, and beyond a percentile.

    By default that makes 160 in all for p95, 800 for p99, 8,000 for p99.9.
    """

    samples: int = 100
    beyond: int = 8


ENOUGH: Final = Enough()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TooFew:
    """Why no interval can be given: ``effective`` samples are there, ``needed`` would do."""

    effective: float
    needed: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OfPercentile:
    """From one percentile to another: ``half`` is the share to each side (Woodruff, JASA 47, 1952).

    Where that reaches beyond all that was seen, there is no end on that side.
    """

    effective: float
    q: float
    half: float

    def ends(self, bound: Bounding) -> Bounds:
        """Both ends are members of the population, interpolated."""
        low, high = self.q - self.half * 100, self.q + self.half * 100
        return (
            bound(Percentile(low))[0] if low > 0 else -inf,
            bound(Percentile(high))[1] if high < 100 else inf,
        )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OfMean:
    """Around a mean. ``relative``: by a factor, as for positive and skewed values, else by a difference."""

    effective: float
    half: float
    relative: bool

    def ends(self, bound: Bounding) -> Bounds:
        """The mean divided and multiplied, or less and more."""
        low, high = bound(Mean())
        if self.relative:
            return low * exp(-self.half), high * exp(self.half)
        return low - self.half, high + self.half


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OfShare:
    """Around a share (Wilson, JASA 22, 1927); ``t``: standard errors to each side."""

    effective: float
    limit: float
    t: float

    def ends(self, bound: Bounding) -> Bounds:
        """Never below 0 or above 1."""
        low, high = bound(ShareOver(self.limit))
        return self._end(low, -1), self._end(high, 1)

    def _end(self, share: float, side: int) -> float:
        weight = self.t**2 / self.effective
        reach = self.t * sqrt(max(share * (1 - share), 0) / self.effective + (weight / self.effective) / 4)
        return min(1.0, max(0.0, (share + weight / 2 + side * reach) / (1 + weight)))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OfRate:
    """Around a rate per second, from how the counts of short times vary."""

    effective: float
    seconds: float
    half: float

    def ends(self, bound: Bounding) -> Bounds:
        """Never below 0."""
        low, high = bound(PerSecond(self.seconds))
        return max(0.0, low - self.half), high + self.half


def refuse_without_interval(reducer: Reducer) -> None:
    """Says so where a statistic has no interval.

    Raises:
        UsageError: it has none, with the reason and what to write.
    """
    match reducer:
        case Percentile() | Mean() | ShareOver() | PerSecond():
            return
        case Max() | Min():
            raise UsageError(
                f"{reducer.name} has no interval: one more may always be {_EXTREMES[reducer.name]}, and no "
                "sample says by how much; leave .sure() out (the observed value is judged), or claim "
                ".p99.sure(0.95) or .over(ms(400)).rate.sure(0.95)"
            )
        case Count():
            raise UsageError(
                "count has no interval: it is what it was in this run; leave .sure() out, or claim "
                "a rate or a share"
            )
    raise UsageError(f"{reducer.name} has no interval; leave .sure() out (the observed value is judged)")


def interval(reducer: Reducer, population: Population, level: float, enough: Enough = ENOUGH) -> Interval | TooFew:
    """The interval of one of the statistics that have one, at ``level`` (0.95) from both sides.

    Where the population does not say when its members began, they are in the order of time.

    Raises:
        UsageError: the statistic has none.
    """
    values, starts = population.values, population.starts
    if starts is not None:
        order = np.argsort(starts, kind="stable")
        values, starts = values[order], starts[order]
    t = students_t(level)
    match reducer:
        case PerSecond(seconds=seconds) if starts is not None:
            return _of_rate(starts, seconds, t, enough.samples)
        case Percentile() | Mean() | ShareOver():
            return _of_values(reducer, values, t, enough)
    refuse_without_interval(reducer)
    raise UsageError(f"{reducer.name} of {population.noun}s has no interval; leave .sure() out")


def at_most(zero_of: float, level: float) -> float:
    """The highest share that may well show none in so many independent samples; at 95 % about 3 / samples."""
    return float(1 - (1 - level) ** (1 / zero_of)) if zero_of else 1.0


_EXTREMES: Final = {"max": "larger", "min": "smaller"}


def _of_values(
    reducer: Percentile | Mean | ShareOver, values: Floats, t: float, enough: Enough
) -> Interval | TooFew:
    independent, needed = worth(values), _needed(reducer, enough)
    if independent < needed:
        return TooFew(effective=independent, needed=needed)
    if isinstance(reducer, Mean):
        return _of_mean(values, t)
    limit = reducer.limit if isinstance(reducer, ShareOver) else reducer(values)
    effective = effective_above(values, limit, least=enough.beyond / independent)
    if isinstance(reducer, ShareOver):
        return OfShare(effective=effective, limit=limit, t=t)
    share = reducer.q / 100
    return OfPercentile(effective=effective, q=reducer.q, half=t * sqrt(share * (1 - share) / effective))


def _needed(reducer: Reducer, enough: Enough) -> float:
    """Of how many independent samples the values must be worth."""
    if not isinstance(reducer, Percentile):
        return enough.samples
    beyond = min(reducer.q, 100 - reducer.q) / 100
    return max(enough.samples, enough.beyond / beyond) if beyond else inf


def _of_mean(values: Floats, t: float) -> OfMean:
    effective = len(values) / (inflation(values) or 1.0)
    mean, half = float(np.mean(values)), t * float(np.std(values)) / sqrt(effective)
    relative = mean > 0 and bool(np.min(values) >= 0)
    return OfMean(effective=effective, half=half / mean if relative else half, relative=relative)


def _of_rate(starts: Floats, seconds: float, t: float, least: int) -> Interval | TooFew:
    if len(starts) < least or seconds <= 0 or starts[0] == starts[-1]:
        return TooFew(effective=float(len(starts)), needed=float(least))
    counts = np.histogram(starts - starts[0], bins=_BINS)[0].astype(np.float64)
    ratio = inflation(counts) or 0.0
    half = t * float(np.std(counts)) * sqrt(ratio / _BINS) * _BINS / seconds
    return OfRate(effective=float(len(starts)), seconds=seconds, half=half)
