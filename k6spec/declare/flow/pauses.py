"""Think times and pacing."""

from __future__ import annotations

from typing import Final

from k6spec.declare.flow.steps import Distribution, Exponential, Normal, Pace, Think, Uniform
from k6spec.declare.location import duration_of, reject
from k6spec.units import Duration

_DISTRIBUTIONS: Final = (Uniform, Normal, Exponential)


def think(time: str | Duration | Distribution, most: str | Duration | None = None) -> Think:
    """Think time: ``time``, or uniformly between ``time`` and ``most``, or of a distribution.

    As in ``flow.think("1s")``, ``flow.think("1s", "3s")`` and ``flow.think(flow.exponential("1s"))``.
    """
    if isinstance(time, _DISTRIBUTIONS):
        if most is not None:
            reject(f"think(…, {most!r}): a distribution takes no longest time")
        return Think(time=time)
    low = duration_of("think", time)
    high = low if most is None else duration_of("think", most)
    if high < low:
        reject(f"think({time!r}, {most!r}): the longest time is shorter than the shortest")
    return Think(time=Uniform(least=low, most=high))


def normal(mean: str | Duration, deviation: str | Duration) -> Normal:
    """Normally distributed around ``mean``, with the standard deviation ``deviation``; never below zero."""
    return Normal(mean=duration_of("mean", mean), deviation=duration_of("deviation", deviation))


def exponential(mean: str | Duration) -> Exponential:
    """Exponentially distributed: mostly short, at times several times ``mean``."""
    return Exponential(mean=duration_of("mean", mean))


def pace(interval: str | Duration) -> Pace:
    """Waits until the iteration has lasted for ``interval``; as the last step it gives VUs a steady pace.

    An iteration that has lasted longer goes on at once. Only in closed models: an arrival rate paces by itself.
    """
    return Pace(interval=duration_of("interval", interval))
