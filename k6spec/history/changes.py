"""Where a series of nights changed, and how likely chance would cut it so clearly.

For each place that cuts a series in two, Student's t of what lies before and after, on logarithms where all
values are above 0; the largest one is the candidate, its p multiplied by the number of places. A change must
outlast its most extreme night: with the most deviating one of each part left out it must still be significant,
so one busy night is no change. Both parts are searched again, as in E-divisive (Matteson and James, J. Am. Stat.
Assoc. 109, 2014), with Student's t in place of permutations, for which thirty nights are too few. Over many series
false discoveries are controlled as in :mod:`k6spec.judge.family`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from k6spec.judge.students import t_tail
from k6spec.query.population import Floats

FEWEST: Final = 3
"""So many nights a part has at least."""

SHORTEST: Final = 8
"""So many nights a series has at least."""

RATE: Final = 0.002
"""The false discovery rate over all series: small, for every night all of them are looked at again."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """It changed from night ``at - 1`` to night ``at``, from ``before`` to ``after`` (medians of the parts).

    ``p``: how likely so clear a cut would be by chance.
    """

    at: int
    before: float
    after: float
    p: float

    @property
    def share(self) -> float:
        """By how much, as a share of what it was; infinite where that was 0."""
        return (self.after - self.before) / self.before if self.before else float("inf")


def find_changes(series: Mapping[str, Sequence[float]], *, rate: float = RATE) -> dict[str, list[Change]]:
    """The changes of each series, in the order of nights; series without any are left out."""
    candidates = {name: list(_search(np.asarray(values, np.float64), 0)) for name, values in series.items()}
    levels = sorted(change.p for found in candidates.values() for change in found)
    tests = max(1, sum(len(values) >= SHORTEST for values in series.values()))
    most = max((rank for rank, p in enumerate(levels, 1) if p <= rate * rank / tests), default=0)
    admitted = {
        name: sorted((c for c in found if most and c.p <= rate * most / tests), key=lambda c: c.at)
        for name, found in candidates.items()
    }
    return {name: _medians(series[name], found) for name, found in admitted.items() if found}


def _search(values: Floats, begin: int) -> Iterator[Change]:
    """The clearest cut, and those of the parts beside it while cuts are clear at all."""
    if len(values) < SHORTEST or np.ptp(values) <= 0:
        return
    scaled = np.log(values) if np.min(values) > 0 else values
    cuts = np.arange(FEWEST, len(values) - FEWEST + 1)
    cut = int(cuts[np.argmax(_heights(scaled, cuts))])
    before, after = scaled[:cut], scaled[cut:]
    p = max(_p(before, after), _p(_calmer(before), _calmer(after))) * len(cuts)
    if p > RATE:
        return
    yield Change(at=begin + cut, before=float(np.median(values[:cut])), after=float(np.median(values[cut:])), p=p)
    yield from _search(values[:cut], begin)
    yield from _search(values[cut:], begin + cut)


def _heights(values: Floats, cuts: NDArray[np.int64]) -> Floats:
    """For each cut how far the means lie apart, in standard deviations within the parts."""
    count = len(values)
    centred = values - values.mean()
    first = np.cumsum(centred)[cuts - 1]
    between = first**2 * count / (cuts * (count - cuts))
    within = np.maximum(np.sum(centred**2) - between, 1e-300)
    heights: Floats = between / within
    return heights


def _p(before: Floats, after: Floats) -> float:
    """Student's two-sample test, both sides."""
    freedom = len(before) + len(after) - 2
    within = float(np.var(before)) * len(before) + float(np.var(after)) * len(after)
    distance = abs(float(np.mean(before) - np.mean(after)))
    if within <= 0:
        return 0.0 if distance > 0 else 1.0
    error = sqrt(within / freedom * (1 / len(before) + 1 / len(after)))
    return 2 * t_tail(distance / error, freedom)


def _calmer(values: Floats) -> Floats:
    """Without the one that deviates most from the median."""
    calmer: Floats = np.delete(values, int(np.argmax(np.abs(values - np.median(values)))))
    return calmer


def _medians(values: Sequence[float], changes: Sequence[Change]) -> list[Change]:
    """The same, with the levels of the parts between one change and the next."""
    ends = [0, *(change.at for change in changes), len(values)]
    level = [float(np.median(values[low:high])) for low, high in pairwise(ends)]
    return [
        Change(at=change.at, before=level[place], after=level[place + 1], p=change.p)
        for place, change in enumerate(changes)
    ]
