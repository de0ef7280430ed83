"""Statistics: pure reducers of an array of values to one number. Exact over raw samples, as numpy's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, final, runtime_checkable

import numpy as np

from k6spec.query.population import Floats


class Reducer(Protocol):
    """Reduces a non-empty array of values to one number."""

    @property
    def name(self) -> str:
        """How it is called in messages."""

    def __call__(self, values: Floats) -> float:
        """The statistic of the values."""


@final
@dataclass(frozen=True, slots=True)
class Max:
    """The largest value."""

    name: str = "max"

    def __call__(self, values: Floats) -> float:
        return float(np.max(values))


@final
@dataclass(frozen=True, slots=True)
class Min:
    """The smallest value."""

    name: str = "min"

    def __call__(self, values: Floats) -> float:
        return float(np.min(values))


@final
@dataclass(frozen=True, slots=True)
class Mean:
    """The arithmetic mean."""

    name: str = "mean"

    def __call__(self, values: Floats) -> float:
        return float(np.mean(values))


@final
@dataclass(frozen=True, slots=True)
class Percentile:
    """The ``q``-th percentile, linearly interpolated between samples (numpy's default, as k6 does)."""

    q: float

    @property
    def name(self) -> str:
        """``p95``, ``p99.9``."""
        return f"p{self.q:g}"

    def __call__(self, values: Floats) -> float:
        return float(np.percentile(values, self.q))


@final
@dataclass(frozen=True, slots=True)
class Count:
    """How many there are."""

    name: str = "count"

    def __call__(self, values: Floats) -> float:
        return float(len(values))


@final
@dataclass(frozen=True, slots=True)
class PerSecond:
    """How many there are in a second of the claim's window."""

    seconds: float
    name: str = "rate"

    def __call__(self, values: Floats) -> float:
        return len(values) / self.seconds if self.seconds > 0 else 0.0


@final
@dataclass(frozen=True, slots=True)
class ShareOver:
    """The share of values above ``limit``."""

    limit: float
    name: str = "share"

    def __call__(self, values: Floats) -> float:
        return float(np.count_nonzero(values > self.limit) / len(values)) if len(values) else 0.0


@runtime_checkable
class Bounded(Protocol):
    """A reducer that knows its own bounds; :mod:`k6spec.judge.bounds` knows those of the others."""

    def bounds(self, values: Floats, least: Floats, most: Floats, *, absent: bool) -> tuple[float, float]:
        """The lowest and highest it could be, had nothing been missing.

        Args:
            least: of each missing value the lowest it can be, never below 0.
            most: the highest, which may be infinite.
            absent: any of the missing values may not exist at all.
        """


@final
@dataclass(frozen=True, slots=True)
class Sum:
    """All of them together."""

    name: str = "sum"

    def __call__(self, values: Floats) -> float:
        return float(np.sum(values))

    def bounds(self, values: Floats, least: Floats, most: Floats, *, absent: bool) -> tuple[float, float]:
        """Missing values add what they have."""
        seen = float(np.sum(values))
        return seen if absent else seen + float(np.sum(least)), seen + float(np.sum(most))


@final
@dataclass(frozen=True, slots=True)
class StandardDeviation:
    """The standard deviation of these very values (numpy's default: divided by their number)."""

    name: str = "standard deviation"

    def __call__(self, values: Floats) -> float:
        return float(np.std(values))

    def bounds(self, values: Floats, least: Floats, most: Floats, *, absent: bool) -> tuple[float, float]:
        """At most half of the range (Popoviciu's inequality); at least 0, which is less than could be said."""
        low, high = np.concatenate([values, least]), np.concatenate([values, most])
        return 0.0, float(np.max(high) - np.min(low)) / 2 if len(low) else 0.0


@final
@dataclass(frozen=True, slots=True)
class ShareWithin:
    """The share of values above ``low`` and up to ``high``: a histogram's bucket."""

    low: float
    high: float
    name: str = "share"

    def __call__(self, values: Floats) -> float:
        return float(np.mean(self._within(values))) if len(values) else 0.0

    def bounds(self, values: Floats, least: Floats, most: Floats, *, absent: bool) -> tuple[float, float]:
        """Each missing value lies in the bucket or not, as far as it can."""
        may = ((most > self.low) & (least <= self.high)).astype(np.float64)
        must = ((least > self.low) & (most <= self.high)).astype(np.float64)
        return _means(self._within(values), must, may, absent=absent)

    def _within(self, values: Floats) -> Floats:
        return ((values > self.low) & (values <= self.high)).astype(np.float64)


@final
@dataclass(frozen=True, slots=True)
class Apdex:
    """1 for each value up to ``satisfied``, a half up to ``tolerated``, 0 beyond: their mean.

    Source: Apdex Technical Specification 1.1.
    """

    satisfied: float
    tolerated: float
    name: str = "apdex"

    def __call__(self, values: Floats) -> float:
        return float(np.mean(self._scores(values))) if len(values) else 0.0

    def bounds(self, values: Floats, least: Floats, most: Floats, *, absent: bool) -> tuple[float, float]:
        """Each missing value at its slowest and at its fastest."""
        return _means(self._scores(values), self._scores(most), self._scores(least), absent=absent)

    def _scores(self, values: Floats) -> Floats:
        return np.where(values <= self.satisfied, 1.0, np.where(values <= self.tolerated, _TOLERATED, 0.0))


_TOLERATED: Final = 0.5


@final
@dataclass(frozen=True, slots=True)
class Last:
    """The latest: values are in the order of time."""

    name: str = "last"

    def __call__(self, values: Floats) -> float:
        return float(values[-1])


@final
@dataclass(frozen=True, slots=True)
class Growth:
    """The sum in a second: of a counter, whose samples are what was added."""

    seconds: float
    name: str = "rate"

    def __call__(self, values: Floats) -> float:
        return float(np.sum(values)) / self.seconds if self.seconds > 0 else 0.0


def _means(seen: Floats, worst: Floats, best: Floats, *, absent: bool) -> tuple[float, float]:
    """The lowest and highest mean, with the missing scores at their worst and best."""
    if not absent:
        low, high = np.concatenate([seen, worst]), np.concatenate([seen, best])
        return (float(np.mean(low)), float(np.mean(high))) if len(low) else (0.0, 0.0)
    return _lowest(seen, worst), -_lowest(-seen, -best)


def _lowest(seen: Floats, hidden: Floats) -> float:
    """The lowest mean that some of the hidden scores could give."""
    added = np.cumsum(np.concatenate([[0.0], np.sort(hidden)]))
    counts = len(seen) + np.arange(len(added))
    means = (np.sum(seen) + added)[counts > 0] / counts[counts > 0]
    return float(np.min(means)) if len(means) else 0.0
