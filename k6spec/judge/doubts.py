"""How sure a verdict is, in words: what is missing, what too few samples leave open, what "none" means."""

from __future__ import annotations

from math import isinf
from typing import Final

from k6spec.judge.bounds import Bounds
from k6spec.judge.effective import worth
from k6spec.judge.intervals import Interval, TooFew, at_most
from k6spec.judge.limits import shown, shown_apart
from k6spec.judge.verdict import Unit
from k6spec.query.population import Population
from k6spec.query.reducers import Percentile, Reducer

_TAIL: Final = 0.1
_SURE: Final = 0.95
_HOW_LOST: Final = "was an SDK's queue full, a sampler in the way, or the wait too short (settle, deadline)?"


def why_missing_matters(population: Population, dropped: int, lowest: float, highest: float, unit: Unit) -> str:
    """The claim holds with what is missing at its best, and fails with it at its worst."""
    them = "it" if population.missing.traces + dropped == 1 else "them"
    value = reach(lowest, highest, unit)
    return (
        f"{what_is_missing(population, dropped)}: with {them} the value may be {value}, on either side of the "
        f"limit; {_HOW_LOST}"
    )


def why_new_may_hide(population: Population, dropped: int) -> str:
    """So many traces or spans were not seen that they could hold what a claim says is not there."""
    return f"{what_is_missing(population, dropped)}: a new operation may hide in what was not seen; {_HOW_LOST}"


def reach(lowest: float, highest: float, unit: Unit) -> str:
    """From the lowest possible value to the highest; either may be infinite."""
    if isinf(lowest):
        return "anything"
    return f"{shown(lowest, unit)} or more" if isinf(highest) else " to ".join(shown_apart(lowest, highest, unit))


def what_is_missing(population: Population, dropped: int) -> str:
    """How many traces, and how many spans of whatever trace."""
    missing = population.missing.traces
    are = "is" if missing == 1 else "are"
    were = "span was" if dropped == 1 else "spans were"
    parts = [f"{missing:,} of {population.scope:,} traces {are} missing or incomplete"] if missing else []
    parts += [f"{dropped:,} {were} dropped, of unknown traces"] if dropped else []
    return ", and ".join(parts)


def why_astride(
    found: Interval, population: Population, level: float, ends: Bounds, limit: float, *, unit: Unit
) -> str:
    """The interval has the limit within it."""
    return (
        f"it lies between {_end(ends[0], unit)} and {_end(ends[1], unit)} ({shown(level, 'fraction')} sure), on "
        f"both sides of the limit {shown(limit, unit)}; {_worth(found.effective, population)} say no more: load "
        "longer"
    )


def why_too_few(found: TooFew, population: Population, reducer: Reducer) -> str:
    """No interval can be given."""
    worth = _worth(found.effective, population)
    if isinf(found.needed):
        return f"{reducer.name} is an end of what was seen and has no interval ({worth})"
    return (
        f"too few for an interval of {reducer.name}: {worth}, and it needs {found.needed:,.0f}; load some "
        f"{max(2, found.needed / max(found.effective, 1)):.0f} times as long"
    )


def few_for(reducer: Reducer, population: Population, fewest: int) -> tuple[str, ...]:
    """Says so where fewer than ``fewest`` members lie beyond a percentile, of which it is then but one."""
    if not isinstance(reducer, Percentile) or not 0 < reducer.q < 100:
        return ()
    beyond = min(reducer.q, 100 - reducer.q) / 100 * len(population.values)
    if beyond >= fewest:
        return ()
    needed = fewest / (min(reducer.q, 100 - reducer.q) / 100)
    hangs = "the outermost one" if beyond < 1.5 else f"the outermost {round(beyond)}"
    return (
        f"{_counted(population)} few for {reducer.name}, which hangs on {hangs}: from "
        f"{needed:,.0f} on it says more",
    )


def none_beyond(population: Population, observed: float) -> tuple[str, ...]:
    """What none of so many means: the rule of three (Hanley and Lippman-Hand, JAMA 249, 1983), effectively.

    How those that were not seen would cluster is taken from the largest tenth of the values; where the values
    are only yes and no, they are taken as independent. Not for ``.sure()``, which tells the interval it judges.
    """
    count = len(population.values)
    if observed or not count:
        return ()
    effective = float(count)
    if population.starts is not None:
        values = population.values[population.starts.argsort(kind="stable")]
        effective = worth(values, 1 - _TAIL)
    highest = at_most(effective, _SURE)
    return (
        f"0 of {count:,}: the share is at most {shown(highest, 'fraction')}, {shown(_SURE, 'fraction')} sure "
        f"({_worth(effective, population)})",
    )


def _counted(population: Population) -> str:
    count = len(population.values)
    return f"1 {population.noun} is" if count == 1 else f"{count:,} {population.noun}s are"


def _worth(effective: float, population: Population) -> str:
    count = len(population.values)
    words = f"{count:,} {population.noun}s"
    return words if effective >= count * 0.9 else f"{words}, worth {effective:,.0f} independent ones"


def _end(value: float, unit: Unit) -> str:
    return "anything" if isinf(value) else shown(value, unit)
