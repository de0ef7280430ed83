"""Fast failures flatter a percentile: a claim must then hold for the successful requests alone too."""

from __future__ import annotations

from collections.abc import Callable

from k6spec.judge.bounds import Bounds
from k6spec.judge.intervals import Interval, TooFew
from k6spec.judge.limits import shown
from k6spec.judge.verdict import Unit
from k6spec.query.population import Floats, Population
from k6spec.query.reducers import Reducer


def successful_alone(population: Population, tolerated: float) -> tuple[Floats, str] | None:
    """The values of the successful requests, or of their spans or traces, and how many failed in words; None where
    at most ``tolerated`` did, or where nothing can fail.
    """
    successful = population.successful
    if successful is None:
        return None
    failed = 1 - len(successful) / len(population.values)
    if failed <= tolerated:
        return None
    of_them = "requests failed" if population.noun == "request" else f"{population.noun}s are of failed requests"
    return successful, f"{shown(failed, 'fraction')} of the {of_them}"


def flattered_by_failures(
    population: Population,
    reducer: Reducer,
    holds: Callable[[float], bool],
    found: Interval | TooFew | None,
    tolerated: float,
    unit: Unit = "ns",
) -> tuple[str, ...]:
    """Says so where a latency claim holds only because some requests failed fast."""
    by_them = successful_alone(population, tolerated)
    if by_them is None:
        return ()
    successful, many = by_them
    words = f"{many}, and they flatter this claim: "
    if not len(successful):
        return (f"{words}none succeeded",)

    def alone(statistic: Reducer) -> Bounds:
        value = statistic(successful)
        return value, value

    value = reducer(successful)
    ends = (value, value) if found is None or isinstance(found, TooFew) else found.ends(alone)
    if holds(value) and all(holds(end) for end in ends):
        return ()
    ones = "the successful ones" if population.noun == "request" else "those of successful ones"
    return (f"{words}{shown(value, unit)} for {ones} alone",)
