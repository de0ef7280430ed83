"""Statistics: pure reducers of an array of values to one number. Exact over raw samples, as numpy's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, final

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
