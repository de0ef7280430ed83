"""Two versions loaded in turns, and a statistic of both: rounds are pairs, so the machine's drift cancels out.

Base and candidate of a round ran one right after the other, and which of them came first alternates. What differs
between rounds alone (a busy neighbour, a machine that grows slower) is in both; so the differences within rounds
are judged, by the paired t-test, and their deviation is the noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal, final

import numpy as np

from k6spec.judge.bounds import Losses, bounds
from k6spec.judge.flattery import successful_alone
from k6spec.judge.past import Earlier, Known, Rounds
from k6spec.judge.regression import Noise, Scale
from k6spec.judge.unmade import why_unmade
from k6spec.query.database import Database
from k6spec.query.population import Population
from k6spec.query.reducers import Reducer
from k6spec.query.selectors import Condition
from k6spec.query.window import Window


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A statistic in one run: observed, with what is missing at its best and worst, and of how many members.

    Of a latency where too many failed, ``successful``: of the successful requests alone; ``none_succeeded``: there
    are none.
    """

    observed: float
    lowest: float
    highest: float
    members: int
    successful: float | None = None
    none_succeeded: bool = False


def see(reducer: Reducer, population: Population, losses: Losses, *, tolerated: float) -> Seen:
    """The statistic of a run; ``tolerated``: the share of failed requests that flatters no latency."""
    lowest, highest = bounds(reducer, population, losses)
    by_them = successful_alone(population, tolerated)
    successful = None if by_them is None else by_them[0]
    return Seen(
        observed=reducer(population.values),
        lowest=lowest,
        highest=highest,
        members=len(population.values),
        successful=reducer(successful) if successful is not None and len(successful) else None,
        none_succeeded=successful is not None and not len(successful),
    )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """What rounds say of a statistic.

    ``ends``: the candidate's mean; what it could be against the base with what is missing of both at its best and
    worst; where too many requests failed, what it is of successful ones alone. ``members``: the candidate's.
    ``none_succeeded``: in which rounds nothing of the candidate did, in words.
    """

    ends: tuple[float, ...]
    members: int
    noise: Noise
    earlier: Earlier
    rounds: Rounds
    none_succeeded: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Unpaired:
    """Why rounds say nothing of a statistic: only the candidate has it (``skipped``), or not all rounds do."""

    outcome: Literal["skipped", "inconclusive"]
    reason: str


def why_unheard(rounds: Rounds, database: Database, window: tuple[Condition, ...]) -> str:
    """Why no claim on the window passes: k6 tells nothing of a part of some round. Empty where all is well."""
    for run_id, stopped in rounds.stopped.items():
        if why := why_unmade(database, stopped, Window(conditions=window)):
            return f"in {run_id}, {why}"
    return rounds.hung


def pair_up(rounds: Rounds, seen: Sequence[tuple[Seen | None, Seen | None]], *, share: bool) -> Paired | Unpaired:
    """The paired differences of candidate and base.

    Args:
        seen: base and candidate of each round; None where nothing matched.
        share: the statistic is a share: differences of values, which vary by their draws at least.
    """
    whole = [(base, candidate) for base, candidate in seen if base is not None and candidate is not None]
    if not any(base for base, _ in seen):
        return Unpaired(outcome="skipped", reason=f"{rounds.base} has nothing like it to compare with: it is new")
    if len(whole) < len(seen):
        reason = f"in {len(seen) - len(whole)} of {len(seen)} rounds nothing matched in one of the two versions"
        return Unpaired(outcome="inconclusive", reason=reason)
    useless = sum(base.none_succeeded for base, _ in whole)
    if useless:
        reason = f"in {useless} of {len(seen)} rounds none of the requests of {rounds.base} succeeded"
        return Unpaired(outcome="inconclusive", reason=reason)
    return _paired(rounds, whole, share=share)


def _paired(rounds: Rounds, seen: Sequence[tuple[Seen, Seen]], *, share: bool) -> Paired:
    everything = [value for pair in seen for one in pair for value in (one.observed, one.lowest)]
    scale = Scale(ratios=not share and min(everything) > 0)

    def mean(of: Callable[[Seen], float], side: int) -> float:
        return float(np.mean([scale.up(of(pair[side])) for pair in seen]))

    def against(candidate: Callable[[Seen], float], base: Callable[[Seen], float]) -> float:
        return scale.down(centre + mean(candidate, 1) - mean(base, 0))

    centre = mean(lambda one: one.observed, 0)
    differences = [scale.up(candidate.observed) - scale.up(base.observed) for base, candidate in seen]
    deviation = float(np.std(differences, ddof=1))
    if share:
        deviation = max(deviation, _draws(seen))
    ends = [
        against(lambda one: one.observed, lambda one: one.observed),
        against(lambda one: one.lowest, lambda one: one.highest),
        against(lambda one: one.highest, lambda one: one.lowest),
    ]
    if any(one.successful is not None for pair in seen for one in pair):
        ends.append(against(_alone, _alone))
    broken = sum(candidate.none_succeeded for _, candidate in seen)
    known = tuple(
        Known(run_id=folder.name, value=base.observed, members=base.members)
        for (folder, _), (base, _candidate) in zip(rounds.pairs, seen, strict=True)
    )
    return Paired(
        ends=tuple(ends),
        members=sum(candidate.members for _, candidate in seen),
        noise=Noise(
            scale=scale,
            centre=centre,
            deviation=deviation if deviation > 1e-12 else 0.0,
            error=deviation / sqrt(len(seen)) if deviation > 1e-12 else 0.0,
            freedom=len(seen) - 1,
        ),
        earlier=Earlier(
            reference=known,
            variation=known,
            said=rounds.said,
            between="rounds",
            beside=tuple(candidate.observed for _base, candidate in seen),
        ),
        rounds=rounds,
        none_succeeded=f"in {broken} of {len(seen)} rounds none of the requests succeeded" if broken else "",
    )


def _alone(one: Seen) -> float:
    return one.observed if one.successful is None else one.successful


def _draws(seen: Sequence[tuple[Seen, Seen]]) -> float:
    """By how much two shares of a round differ for their draws alone, a member added."""
    runs = [one for pair in seen for one in pair]
    total = sum(one.members for one in runs)
    pooled = min(0.5, (1 + sum(one.observed * one.members for one in runs)) / (total + 2))
    return sqrt(pooled * (1 - pooled) * 2 * len(runs) / max(1, total))
