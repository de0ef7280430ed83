"""How far missing data could move a statistic.

Each missing trace may hide members of the population, each between zero and the time its client waited: no
synchronous span lasted longer than its client request. How many one hides nobody knows; twice as many as any
trace had that was seen is taken for the most. Spans that were dropped somewhere may be of any trace, so each may
have been a member, as long as the claim's longest request. The bounds are the statistic with what is missing at
its best and at its worst.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil, inf
from typing import Final, final

import numpy as np

from k6spec.query.population import Floats, Missing, Population
from k6spec.query.reducers import Bounded, Count, Max, Mean, Min, Percentile, PerSecond, Reducer, ShareOver

Bounds = tuple[float, float]
"""Lowest and highest possible value of a statistic."""

_STEPS: Final = 17
_MOST_HIDDEN: Final = 10_000_000


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """What is known of spans that did not come, beside the traces that are missing whole.

    ``spans``: those that SDKs, Collector or receiver say they dropped, of traces that nobody knows.
    ``longest_ns``: the longest client request that one of them could belong to. ``calls``: the claim counts spans,
    so each of them adds at most one; else it may have changed its trace's value in any way. ``hidden``: a missing
    trace has at most so many times the members of any that was seen.
    """

    spans: int = 0
    longest_ns: float = 0.0
    calls: bool = False
    hidden: int = 2


NO_LOSSES: Final = Losses()


def bounds(reducer: Reducer, population: Population, losses: Losses = NO_LOSSES) -> Bounds:
    """The lowest and highest value that the statistic could have had with nothing missing."""
    values, missing = population.values, population.missing
    if population.noun in {"request", "sample"} or not (missing.traces or len(missing.seen) or losses.spans):
        observed = _reduced(reducer, values)
        return observed, observed
    if population.noun == "trace" and isinstance(reducer, Bounded):
        if losses.spans:
            return -inf, inf
        return reducer.bounds(values, missing.seen, _most(missing), absent=False)
    if population.noun == "trace":
        return _bounds_of_traces(reducer, values, missing, losses)
    hidden = np.concatenate(
        [
            np.repeat(missing.client_ns, population.per_trace * losses.hidden),
            np.full(min(losses.spans, _MOST_HIDDEN), losses.longest_ns),
        ]
    )
    if population.doubtful and losses.spans:
        return _bounds_of_doubtful(reducer, values, hidden, losses.spans)
    if isinstance(reducer, Bounded):
        return reducer.bounds(values, np.zeros(len(hidden)), hidden, absent=True)
    return _bounds_of_members(reducer, values, hidden)


def _bounds_of_doubtful(reducer: Reducer, values: Floats, hidden: Floats, changed: int) -> Bounds:
    """As many members as spans were dropped may be none, or have smaller values."""
    if changed >= len(values) or isinstance(reducer, Bounded):
        return -inf, inf
    ordered = np.sort(values)
    fewer = ordered[changed:]
    smaller = np.concatenate([ordered[: len(ordered) - changed], np.zeros(changed)])
    highest = _bounds_of_members(reducer, fewer, hidden)[1]
    if isinstance(reducer, (Count, PerSecond)):
        return reducer(fewer), _bounds_of_members(reducer, values, hidden)[1]
    return _bounds_of_members(reducer, smaller, hidden)[0], highest


def _bounds_of_traces(reducer: Reducer, values: Floats, missing: Missing, losses: Losses) -> Bounds:
    """A missing trace counts at least what was seen of it, and at most what its client waited, or without end."""
    least, most = np.concatenate([values, missing.seen]), np.concatenate([values, _most(missing)])
    if not losses.spans:
        return _reduced(reducer, least), _reduced(reducer, most)
    changed = min(losses.spans, len(values))
    anything = np.partition(most, changed - 1) if changed else most
    anything[:changed] = inf if missing.most is None else np.maximum(anything[:changed], losses.longest_ns)
    highest = _reduced(reducer, anything)
    if losses.calls:
        fewer = most + (losses.spans / len(most) if isinstance(reducer, Mean) and len(most) else losses.spans)
        return _reduced(reducer, least), min(highest, _reduced(reducer, fewer))
    nothing = np.partition(least, len(least) - changed) if changed else least
    nothing[len(nothing) - changed :] = 0.0
    return _reduced(reducer, nothing), highest


def _most(missing: Missing) -> Floats:
    return np.full(len(missing.seen), inf) if missing.most is None else missing.most


def _bounds_of_members(reducer: Reducer, values: Floats, hidden: Floats) -> Bounds:
    nothing = np.zeros(len(hidden))
    if isinstance(reducer, Bounded):
        return reducer.bounds(values, nothing, hidden, absent=True)
    match reducer:
        case Count() | PerSecond():
            return reducer(values), reducer(np.concatenate([values, hidden]))
        case ShareOver(limit=limit):
            return reducer(np.concatenate([values, nothing])), reducer(
                np.concatenate([values, hidden[hidden > limit]])
            )
        case Min():
            return 0.0, _reduced(reducer, values) if len(values) else float(np.max(hidden))
        case Max():
            return _reduced(reducer, values), _reduced(reducer, np.concatenate([values, hidden]))
        case Mean():
            return _reduced(reducer, np.concatenate([values, nothing])), _highest_mean(values, hidden)
        case Percentile(q=q):
            low = _reduced(reducer, np.concatenate([values, nothing]))
            return low, _highest_percentile(values, hidden, q)
    return -inf, inf


def _highest_mean(values: Floats, hidden: Floats) -> float:
    """The highest mean that hidden members could give: with the largest of them, as far as they raise it."""
    added = np.cumsum(np.concatenate([[0.0], np.sort(hidden)[::-1]]))
    counts = len(values) + np.arange(len(added))
    return float(np.max((np.sum(values) + added)[counts > 0] / counts[counts > 0]))


def _highest_percentile(values: Floats, hidden: Floats, q: float) -> float:
    """At least the highest percentile that any of the hidden members could give.

    The upper neighbour of an interpolated percentile is the k-th largest member, and k does not fall as members
    are added. Of so many hidden ones the largest raise it most; how many there are is taken in steps, for each of
    which k is that of the fewest and the members are those of the most.
    """
    if not len(values):
        return float(np.max(hidden))
    highest = float(np.percentile(values, q, method="higher"))
    largest_first = np.sort(hidden)[::-1]
    for fewest, most in pairwise(np.unique(np.linspace(0, len(hidden), _STEPS).astype(int)).tolist()):
        members = np.concatenate([values, largest_first[:most]])
        least = len(values) + fewest
        place = len(members) - (least - ceil(q / 100 * (least - 1)))
        highest = max(highest, float(np.partition(members, place)[place]))
    return highest


def _reduced(reducer: Reducer, values: Floats) -> float:
    """The statistic, where infinities may stand for "no most": interpolation between two of them is infinite."""
    if not len(values):
        return 0.0
    with np.errstate(invalid="ignore"):
        result = reducer(values)
    return inf if np.isnan(result) else result
