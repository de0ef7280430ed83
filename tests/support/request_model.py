"""The reference model of claims on requests and samples: plain Python over the rows of a small load."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request. Times in whole milliseconds since the load began; ``spans``: names of those behind it.

    ``vus`` and ``rate`` are what was planned; ``checks``: whether each check of its trace held.
    """

    name: str
    scenario: str
    status: int
    at: int
    lasted: int
    vus: int | None
    stage: str
    warmup: bool
    tags: dict[str, str] = field(default_factory=dict, hash=False)
    spans: tuple[str, ...] = ()
    group: str = ""
    rate: int | None = None
    checks: dict[str, bool] = field(default_factory=dict, hash=False)


When = Callable[[Asked], bool]


def failed(one: Asked) -> bool:
    return not 200 <= one.status < 400


def named(pattern: str) -> When:
    return lambda one: fnmatch.fnmatchcase(one.name, pattern)


def a_second(load: Iterable[Asked], count: int) -> float:
    """So many of a load's things a second, from its first start to its last end."""
    return count * 1000 / (max(one.at + one.lasted for one in load) - min(one.at for one in load))


def a_second_within(load: Iterable[Asked], meets: When, count: int) -> float:
    """So many of a part's things a second: the milliseconds in which a scenario's latest is in it."""
    lasted: set[int] = set()
    for scenario in {one.scenario for one in load}:
        ours = [one for one in load if one.scenario == scenario]
        outside = [one.at for one in ours if not meets(one)]
        last = [one for one in ours if meets(one) and one.at >= max(outside, default=0)]
        end = max((one.at + one.lasted for one in last), default=0)
        for one in filter(meets, ours):
            followed = [at for at in outside if at > one.at]
            lasted |= set(range(one.at, min(followed, default=end)))
    return count * 1000 / len(lasted)


def in_flight(load: Iterable[Asked], one: Asked) -> int:
    """How many began by then and had not ended, itself included."""
    return sum(other.at <= one.at < other.at + other.lasted or other is one for other in load)


def windows(load: list[Asked], width: int, step: int) -> list[tuple[int, int]]:
    """From - to of each window, in milliseconds; the last one ends just behind the last request's start."""
    first, last = min(one.at for one in load), max(one.at for one in load)
    if last - first < width:
        return [(first, first + width)] if last - first >= 0.9 * width else []
    begins = list(range(first, last - width + 1, step))
    found = [(begin, begin + width) for begin in begins]
    return [*found, (last - width + 1, last + 1)]


def worst_in_every(
    load: list[Asked], chosen: list[Asked], width: int, step: int, statistic: Callable[[list[int]], float]
) -> float | None:
    """The largest statistic of durations in any window; None where a window has none of it, or there is none."""
    values = []
    for begin, end in windows(load, width, step):
        inside = [one.lasted for one in chosen if begin <= one.at < end]
        if not inside:
            return None
        values.append(statistic(inside))
    return max(values, default=None)


def percentile(values: list[int], q: float) -> float:
    return float(np.percentile(np.array(values, dtype=np.float64), q))


def having(one: Asked, name: str, least: int, most: int | None) -> bool:
    count = one.spans.count(name)
    return count >= least and (most is None or count <= most)


def repeated(one: Asked) -> int:
    return max((one.spans.count(name) for name in one.spans), default=0)


def exponent(points: dict[int, float]) -> float:
    """The slope of the line through the logarithms."""
    loads, values = np.log(list(points)), np.log(list(points.values()))
    return float(np.polyfit(loads, values, 1)[0])


def knee(points: dict[int, float], times: float) -> int:
    """The highest load up to which it is at most so many times what it is at the lowest."""
    loads = sorted(points)
    good = loads[0]
    for load in loads:
        if points[load] > times * points[loads[0]]:
            break
        good = load
    return good
