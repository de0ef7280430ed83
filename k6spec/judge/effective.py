"""How many independent samples a series is worth.

Samples of a load test are autocorrelated: a slow second makes many slow requests. The variance of a mean is
that of the moving-block bootstrap, which has a closed form (Künsch, The Annals of Statistics 17, 1989; the same
number is known as overlapping batch means, Meketon and Schmeiser 1984), so nothing is drawn at random: the same
archive is always judged alike. There are twelve blocks, whatever the length, and Student's t for what so few
leave unknown: a block length chosen from the samples would follow their noise, and memory that is short against a
twelfth of the run is seen whole.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Final

import numpy as np

from k6spec.query.population import Floats

BLOCKS: Final = 12
_FREEDOM: Final = 1.5 * BLOCKS - 1
_TAIL: Final = 0.02


def inflation(series: Floats) -> float | None:
    """The variance of the series' mean against that of independent samples; None where it never changes.

    ``series`` is in the order of time. Its length divided by this is the effective sample size.
    """
    variance = float(np.var(series))
    block = max(1, round(len(series) / BLOCKS))
    if variance <= 0 or block >= len(series):
        return None
    sums = np.concatenate([[0.0], np.cumsum(series - np.mean(series))])
    blocks = sums[block:] - sums[:-block]
    ratio = float(np.mean(blocks * blocks)) / block / variance * len(series) / (len(series) - block)
    return max(ratio, 1 / len(series))


def effective_above(values: Floats, limit: float, *, share: float) -> float:
    """Of how many independent samples the share of ``values`` above ``limit`` speaks.

    Few members above a limit say little of how they cluster, so a larger share of the largest values is asked
    too, and the smaller answer counts. Where no value differs from another, they are taken as independent.
    """
    wider = min(0.5, max(3 * min(share, 1 - share), _TAIL))
    around = float(np.quantile(values, wider if share > 0.5 else 1 - wider))
    found = [inflation((values > level).astype(np.float64)) for level in (limit, around)]
    return len(values) / max((ratio for ratio in found if ratio is not None), default=1.0)


def students_t(level: float) -> float:
    """The two-sided quantile of Student's t for the twelve blocks (Abramowitz and Stegun 26.7.5)."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum(term / _FREEDOM**power for power, term in enumerate(terms, 1))
