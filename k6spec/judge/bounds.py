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
        case Max() if not len(values):
            return 0.0, _reduced(reducer, longest)
        case Max() | Mean() | Percentile():
            observed = _reduced(reducer, values)
            low = observed if isinstance(reducer, Max) else _reduced(reducer, np.concatenate([values, nothing]))
            return low, _reduced(reducer, np.concatenate([values, hidden[hidden > observed]]))
    return -inf, inf


def _reduced(reducer: Reducer, values: Floats) -> float:
    """The statistic, where infinities may stand for "no most": interpolation between two of them is infinite."""
    if not len(values):
        return 0.0
    with np.errstate(invalid="ignore"):
        result = reducer(values)
    return inf if np.isnan(result) else result
