"""Whether a run is worse than earlier ones, given how runs differ from one another.

The new run is one more draw from what the earlier ones were drawn from, so the difference to their mean has a
standard error of ``s · √(1 + 1/k)``: run-to-run variation, measured on the runs themselves, not the much smaller
sampling error within a run. Times and rates are compared as ratios (on logarithms), shares as differences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, lgamma, log, log1p, sqrt
from typing import Final, final

import numpy as np

from k6spec.judge.past import Known
from k6spec.judge.students import t_quantile, t_tail

_HUGE: Final = 700
"""Logarithms from here on are of no number."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Where values are compared: on logarithms, or as they are."""

    ratios: bool

    def up(self, value: float) -> float:
        """Onto the scale."""
        return (log(value) if value > 0 else -inf) if self.ratios else value

    def down(self, value: float) -> float:
        """Back; without end where no number is so large."""
        if not self.ratios:
            return value
        return exp(value) if value < _HUGE else inf

    def change(self, difference: float) -> float:
        """A difference on the scale as a share of what it is a difference to, or as it is."""
        return self.down(difference) - 1 if self.ratios else difference


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Earlier runs: their ``centre``, the deviation between runs and the standard error of a new one's difference,
    all on the scale.
    """

    scale: Scale
    centre: float
    deviation: float
    error: float
    freedom: int

    def over(self, value: float, limit: float) -> float:
        """How likely a run would come out so far above the limit, if it were at the limit."""
        return self._tail(self.scale.up(value) - self.scale.up(limit))

    def under(self, value: float, limit: float) -> float:
        """How likely a run would come out so far below the limit, if it were at the limit."""
        return self._tail(self.scale.up(limit) - self.scale.up(value))

    def reach(self, alpha: float) -> float:
        """Half the width, on the scale, of the interval of the difference that is ``1 - alpha`` sure on a side.

        A limit nearer to the baseline than this is refused: a run that equals the baseline could not pass it.
        """
        return t_quantile(alpha, self.freedom) * self.error

    def quiet(self, alpha: float, missed: float) -> float:
        """The room, on the scale, between baseline and a limit that an unchanged system passes quietly.

        It stays so far from it that the claim is ``1 - alpha`` sure, in all but a share ``missed`` of the runs.
        """
        return (t_quantile(alpha, self.freedom) + t_quantile(missed, self.freedom)) * self.error

    def _tail(self, distance: float) -> float:
        if self.error > 0:
            return t_tail(distance / self.error, self.freedom)
        return 0.0 if distance > 0 else 1.0


def measure_noise(
    reference: Sequence[Known], variation: Sequence[Known], *, share: tuple[float, int] | None, ratios: bool
) -> Noise:
    """How earlier runs lie and differ.

    Args:
        reference: what is compared with.
        variation: what says how runs differ: two or more.
        share: of a share the new run's value and number of members, whose draws alone make it differ (all runs
            pooled, a member added: ten runs without a failure do not prove that there never is one).
        ratios: whether values are compared as ratios; as they are if one is not above 0.
    """
    values = [known.value for known in (*reference, *variation)]
    scale = Scale(ratios=ratios and min(values) > 0)
    centre = float(np.mean([scale.up(known.value) for known in reference]))
    deviation = float(np.std([scale.up(known.value) for known in variation], ddof=1))
    if share is not None:
        value, members = share
        total = members + sum(known.members for known in variation)
        hits = 1 + value * members + sum(known.value * known.members for known in variation)
        pooled = min(0.5, hits / (total + 2))
        deviation = max(deviation, sqrt(pooled * (1 - pooled) / max(1, members)))
    return Noise(
        scale=scale,
        centre=centre,
        deviation=deviation if deviation > 1e-12 else 0.0,
        error=deviation * sqrt(1 + 1 / len(reference)) if deviation > 1e-12 else 0.0,
        freedom=len(variation) - 1,
    )


def hits_tail(hits: int, trials: int, chance: float) -> float:
    """How likely at least so many of the trials hit, each by ``chance`` (binomial, summed)."""
    if hits <= trials * chance:
        return 1.0  # at least about a half: nobody asks for more
    if chance <= 0:
        return 0.0
    term = exp(
        lgamma(trials + 1)
        - lgamma(hits + 1)
        - lgamma(trials - hits + 1)
        + hits * log(chance)
        + (trials - hits) * log1p(-chance)
    )
    total = 0.0
    while term > total * 1e-12 and hits <= trials:
        total += term
        term *= (trials - hits) / (hits + 1) * chance / (1 - chance)
        hits += 1
    return min(1.0, total)


def share_tail(value: float, members: int, limit: float, earlier: Sequence[Known]) -> float:
    """How likely a share would come out so high by its draws alone, if it were at the limit and at earlier runs'.

    Deviations say little of what happens once in thousands: counts do. One failure after ten runs without any is
    the new run's with a chance of one in eleven.
    """
    hits = round(min(1.0, max(0.0, value)) * members)  # a bound may be without end, a share is not
    before, trials = sum(round(known.value * known.members) for known in earlier), sum(k.members for k in earlier)
    as_ever = hits_tail(hits, hits + before, members / (members + trials)) if members + trials else 1.0
    return max(as_ever, hits_tail(hits, members, min(1.0, limit)))


def all_new(members: int, earlier: int, beyond: int) -> float:
    """How likely ``beyond`` members, placed at random among those of all runs, would all be the new run's."""
    return float((members / (members + earlier)) ** beyond) if members + earlier else 1.0
