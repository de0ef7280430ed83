"""How many independent samples a series is worth.

Samples of a load test are autocorrelated: a slow second makes many slow requests. The variance of a mean is read
from the slowest waves of the series: its sums weighted by the first few cosines are independent of one another,
each with that variance (equal-weighted cosines: Müller, Journal of Econometrics 141, 2007; Lazarus, Lewis, Stock
and Watson, Journal of Business & Economic Statistics 36, 2018). Nothing is drawn at random, so the same archive is
always judged alike. There are six waves, whatever the length, and Student's t for what so few leave unknown:
memory that is short against a sixth of the run is seen whole.
"""

from __future__ import annotations

from functools import lru_cache
from math import sqrt
from typing import Final

import numpy as np

from k6spec.judge.students import t_quantile
from k6spec.query.population import Floats

WAVES: Final = 6
_STEADY: Final = 24
_BINS: Final = 256


def inflation(series: Floats, waves: int = WAVES) -> float | None:
    """The variance of the series' mean against that of independent samples; None where it never changes.

    ``series`` is in the order of time. Its length divided by this is the effective sample size.
    """
    variance = float(np.var(series))
    bins = min(_BINS, len(series))
    if variance <= 0 or bins <= 2 * waves:
        return None
    edges = np.arange(bins + 1) * len(series) // bins
    sums = np.add.reduceat(series, edges[:-1]) - np.mean(series) * np.diff(edges)
    ratio = float(np.mean((_cosines(waves, bins) @ sums) ** 2)) / variance / len(series)
    return max(ratio, 1 / len(series))


def worth(values: Floats, share: float = 0.5) -> float:
    """How many independent samples the values are worth at most, told from how they cross this quantile of theirs.

    More waves make it steadier than what an interval rests on. It says whether there are enough for one: told from
    the very tail that the interval is of, it would let through the runs in which that tail was seen too seldom.
    """
    ratio = inflation(_beyond(values, float(np.quantile(values, share))), _STEADY)
    return len(values) / max(ratio or 1.0, 1.0)


def effective_above(values: Floats, limit: float, *, least: float) -> float:
    """Of how many independent samples the share of ``values`` above ``limit`` speaks.

    How a few cluster says little: where less than the share ``least`` lies beyond the limit, on either side, it is
    told from that share. Where no value differs from another, they are taken as independent.
    """
    low, high = np.quantile(values, [min(0.5, least), max(0.5, 1 - least)])
    return len(values) / (inflation(_beyond(values, min(max(limit, low), high))) or 1.0)


def _beyond(values: Floats, level: float) -> Floats:
    """1 for each value above the level, or at it where none is above."""
    above = values > level
    return (above if above.any() else values >= level).astype(np.float64)


def students_t(level: float) -> float:
    """The two-sided quantile of Student's t for the six waves."""
    return t_quantile((1 - level) / 2, WAVES)


@lru_cache(maxsize=4)
def _cosines(waves: int, bins: int) -> Floats:
    at = (np.arange(bins) + 0.5) / bins
    return sqrt(2) * np.cos(np.pi * np.arange(1, waves + 1)[:, None] * at)
