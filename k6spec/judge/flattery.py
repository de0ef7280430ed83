"""Fast failures flatter a percentile: a claim must then hold for the successful requests alone too."""

from __future__ import annotations

from collections.abc import Callable

from k6spec.judge.bounds import Bounds
from k6spec.judge.intervals import Interval, TooFew
from k6spec.judge.limits import shown
from k6spec.query.population import Population
from k6spec.query.reducers import Reducer


def flattered_by_failures(
    population: Population,
    reducer: Reducer,
    holds: Callable[[float], bool],
    found: Interval | TooFew | None,
    tolerated: float,
) -> tuple[str, ...]:
    """Says so where a latency claim holds only because some requests failed fast."""
    successful = population.successful
    if successful is None:
        return ()
    failed = 1 - len(successful) / len(population.values)
    if failed <= tolerated:
        return ()
    words = f"{shown(failed, 'fraction')} of the requests failed, and they flatter this claim: "
    if not len(successful):
        return (f"{words}none succeeded",)

    def alone(statistic: Reducer) -> Bounds:
        value = statistic(successful)
        return value, value

    value = reducer(successful)
    ends = (value, value) if found is None or isinstance(found, TooFew) else found.ends(alone)
    if holds(value) and all(holds(end) for end in ends):
        return ()
    return (f"{words}{shown(value, 'ns')} for the successful ones alone",)
