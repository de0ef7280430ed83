"""How far missing data could move a statistic.

Each missing trace may hide up to ``per_trace`` members of the population, each between zero and the time its
client waited: no synchronous span lasted longer than its client request. The bounds are the statistic with
the missing members at their best and at their worst.
"""

from __future__ import annotations

from math import inf

import numpy as np

from k6spec.query.population import Floats, Population
from k6spec.query.reducers import Count, Max, Mean, Min, Percentile, PerSecond, Reducer, ShareOver

Bounds = tuple[float, float]
"""Lowest and highest possible value of a statistic."""


def bounds(reducer: Reducer, population: Population) -> Bounds:
    """The lowest and highest value that the statistic could have had with nothing missing."""
    values, missing = population.values, population.missing
    if population.noun == "trace":
        return _bounds_of_traces(reducer, values, missing.seen)
    if not missing.traces:
        observed = reducer(values)
        return observed, observed
    return _bounds_of_members(reducer, values, missing.client_ns, population.per_trace)


def _bounds_of_traces(reducer: Reducer, values: Floats, seen: Floats) -> Bounds:
    """A missing trace counts at least what was seen of it, and there is no most."""
    if not len(seen):
        observed = reducer(values)
        return observed, observed
    return _reduced(reducer, np.concatenate([values, seen])), _reduced(
        reducer, np.concatenate([values, np.full(len(seen), inf)])
    )


def _bounds_of_members(reducer: Reducer, values: Floats, longest: Floats, per_trace: int) -> Bounds:
    hidden = np.repeat(longest, per_trace)
    nothing = np.zeros(len(hidden))
    match reducer:
        case Count() | PerSecond():
            return reducer(values), reducer(np.concatenate([values, hidden]))
        case ShareOver(limit=limit):
            return reducer(np.concatenate([values, nothing])), reducer(
                np.concatenate([values, hidden[hidden > limit]])
            )
        case Min():
            return 0.0, _reduced(reducer, values)
        case Max():
            return _reduced(reducer, values), _reduced(reducer, np.concatenate([values, longest]))
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

    Without interpolation a percentile is one of the members: more below it never raise it, more above it never
    lower it. The upper neighbour of the interpolated one is such a member.
    """
    if not len(values):
        return float(np.max(hidden))
    upper = np.percentile(values, q, method="higher")
    return float(np.percentile(np.concatenate([values, hidden[hidden > upper]]), q, method="higher"))


def _reduced(reducer: Reducer, values: Floats) -> float:
    """The statistic, where infinities may stand for "no most": interpolation between two of them is infinite."""
    if not len(values):
        return 0.0
    with np.errstate(invalid="ignore"):
        result = reducer(values)
    return inf if np.isnan(result) else result
