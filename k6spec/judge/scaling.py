"""How a statistic grows with the planned load: its exponent, and how far it stays near what it is at the least.

The load's planned VUs, or its planned rate, fall into levels: each planned number if there are up to twelve, else
ten ranges of equal width. Of each level the statistic is taken, with its bounds for what is missing of that level.

``.sure(0.95)`` takes an interval at each level instead. Levels are stretches of time of their own, so their
errors are taken as independent: in the exponent they add as squares do (the method of variance estimates recovery:
Zou and Donner, Statistics in Medicine 27, 2008), and the knee rests on all of them holding at once (Šidák, JASA
62, 1967).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, log, nextafter, sqrt
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np

from k6spec.errors import UsageError
from k6spec.judge.bounds import Bounds, bounds
from k6spec.judge.derived import Derivation, Derived
from k6spec.judge.doubts import why_too_few
from k6spec.judge.flattery import successful_alone
from k6spec.judge.intervals import TooFew, interval
from k6spec.judge.limits import shown
from k6spec.query.population import Floats, Population
from k6spec.query.reducers import Reducer
from k6spec.query.selectors import Condition, where

if TYPE_CHECKING:
    from k6spec.judge.stat import Stat

_EACH: Final = 12
_RANGES: Final = 10
_LEAST_LEVELS: Final = 3
_LEAST_RANGE: Final = 2.0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A level of the load (planned VUs, or planned iterations per second) and the statistic there, in its unit.

    ``between``: the ends of its interval, so sure; or why there is none. Where too many failed, ``alone``: of the
    successful requests; ``none_succeeded``: there are none.
    """

    load: float
    observed: float
    lowest: float
    highest: float
    between: Callable[[float], Bounds | str]
    alone: Level | None = None
    none_succeeded: bool = False


@final
class Scaling:
    """How a statistic grows with the planned load."""

    def __init__(self, stat: Stat[Any]) -> None:
        self._stat = stat
        self._unseen: list[float] = []

    @property
    def exponent(self) -> Derived:
        """The power of the load with which the statistic grows: 0 where it does not, 1 for linear growth.

        It is the slope of the least-squares line through the logarithms of levels and statistics, each alike.
        Three levels are needed, the highest at least twice the lowest.

        ``run.http().duration.p95.scaling.exponent <= 1``: at most linear.
        """
        return self._derived("exponent", self._exponent, lambda sure: sure.exponent)

    def knee(self, times: float = 2.0) -> Derived:
        """The highest load up to which the statistic stays within so many times what it is at the lowest load.

        Where it does at every level, the knee is at the highest one or beyond: a claim that it is at some load
        that was never planned is inconclusive.

        ``run.http().duration.p95.scaling.knee() >= 80``: up to 80 VUs it at most doubles.
        """
        if isinstance(times, bool) or not isinstance(times, (int, float)) or not 1 <= times < inf:
            raise UsageError(f"knee({times!r}): give a number of at least 1, as in knee(2)")
        return self._derived(
            f"knee ({times:g} ×)",
            lambda levels: self._knee(levels, float(times)),
            lambda sure: sure.knee(times),
        )

    @cached_property
    def levels(self) -> list[Level]:
        """The statistic at each level of the load that has any of it, from the lowest on."""
        found = []
        for low, high, load, seconds in self._loads:
            part = self._part(low, high, seconds)
            if not len(part.values):
                if part.missing.traces:
                    self._unseen.append(load)
                continue
            found.append(self._level(load, part))
        return found

    def _level(self, load: float, part: Population) -> Level:
        losses = self._stat._losses(part)
        level = self._told(load, part, lambda statistic: bounds(statistic, part, losses), part.values)
        tolerated = self._stat._bench.tolerated.failed
        by_them = successful_alone(part, tolerated) if self._stat._latency else None
        if by_them is None:
            return level
        successful, _many = by_them
        if not len(successful):
            return replace(level, none_succeeded=True)
        alone = self._told(
            load, part, lambda statistic: (statistic(successful), statistic(successful)), successful
        )
        return replace(level, alone=alone)

    def _told(self, load: float, part: Population, ends: Callable[[Reducer], Bounds], values: Floats) -> Level:
        """``ends``: what a statistic of the ``values`` is at least, and at most."""
        reducer = self._stat._reducer(part)
        lowest, highest = ends(reducer)

        def between(sure: float) -> Bounds | str:
            found = interval(reducer, part, sure, self._stat._bench.tolerated.enough)
            if isinstance(found, TooFew):
                return f"at {self._load} {load:.4g} there are {why_too_few(found, part, reducer)}"
            return found.ends(ends)

        return Level(load=load, observed=reducer(values), lowest=lowest, highest=highest, between=between)

    def _derived(
        self, label: str, derive: Callable[[list[Level]], Derivation], again: Callable[[Scaling], Derived]
    ) -> Derived:
        stat = self._stat
        label = f"{label} of {stat._label} over {self._load}"
        return Derived(
            stat._bench,
            lambda: self._seen(derive),
            lambda level: again(Scaling(stat.sure(level))),
            label=label,
        )

    def _seen(self, derive: Callable[[list[Level]], Derivation]) -> Derivation:
        levels = self.levels
        if self._unseen and levels:
            those = ", ".join(f"{load:.4g}" for load in self._unseen)
            reason = f"at {self._load} {those} nothing of it was seen, and traces are missing there"
            return Derivation(text=self._population.text, population=self._population, reason=reason)
        if not len(self._population.values):
            return derive([])
        found = derive(levels)
        failing = [f"{level.load:.4g}" for level in levels if level.none_succeeded]
        if failing:
            return replace(found, none_succeeded=f"at {self._load} {', '.join(failing)} none succeeded")
        if not any(level.alone for level in levels):
            return found
        return replace(found, alone=derive([level.alone or level for level in levels]))

    def _exponent(self, levels: list[Level]) -> Derivation:
        nothing = Derivation(text=self._population.text, population=self._population)
        if not levels:
            return replace(nothing, reason=self._population.why_empty())
        if len(levels) < _LEAST_LEVELS or levels[-1].load < _LEAST_RANGE * levels[0].load:
            those = ", ".join(f"{level.load:.4g}" for level in levels)
            return replace(
                nothing,
                reason=f"it was seen at {self._load} {those}: to tell growth takes {_LEAST_LEVELS} levels, the "
                f"highest {_LEAST_RANGE:g} times the lowest or more; declare more stages",
            )
        if min(level.observed for level in levels) <= 0:
            return replace(nothing, reason="it is 0 at some level, and nothing grows from 0 by a power")
        loads = np.log([level.load for level in levels])
        weights = (loads - loads.mean()) / np.sum((loads - loads.mean()) ** 2)
        seen, low, high = (
            [_log(getattr(level, name)) for level in levels] for name in ("observed", "lowest", "highest")
        )
        lowest = sum(w * (a if w > 0 else b) for w, a, b in zip(weights, low, high, strict=True) if w)
        highest = sum(w * (b if w > 0 else a) for w, a, b in zip(weights, low, high, strict=True) if w)
        reason = f"what is missing could make the exponent anything from {lowest:.2g} to {highest:.2g}"
        if self._sure is not None:
            ends = _every([level.between(self._sure) for level in levels])
            if isinstance(ends, str):
                return replace(nothing, reason=ends)
            below = [_apart(_log(end), least) for (end, _), least in zip(ends, low, strict=True)]
            above = [_apart(_log(end), most) for (_, end), most in zip(ends, high, strict=True)]
            lowest -= _root(w * (a if w > 0 else b) for w, a, b in zip(weights, below, above, strict=True) if w)
            highest += _root(w * (b if w > 0 else a) for w, a, b in zip(weights, below, above, strict=True) if w)
            reason = f"it lies between {lowest:.2g} and {highest:.2g} ({self._how_sure})"
        return replace(
            nothing,
            observed=float(np.dot(weights, seen)),
            lowest=float(lowest),
            highest=float(highest),
            level=self._sure,
            reason=reason,
            notes=(self._said(levels),),
        )

    def _knee(self, levels: list[Level], times: float) -> Derivation:
        nothing = Derivation(text=self._population.text, population=self._population)
        if not levels:
            return replace(nothing, reason=self._population.why_empty())
        if len(levels) == 1:
            return replace(nothing, reason=f"it was seen at {self._load} {levels[0].load:.4g} only")
        base = levels[0]
        ends: list[Bounds] | str = [(level.lowest, level.highest) for level in levels]
        surely_words = "it surely stays"
        if self._sure is not None:
            ends = _every([level.between(self._sure ** (1 / len(levels))) for level in levels])
            surely_words = f"it stays ({self._how_sure})"
        if isinstance(ends, str):
            return replace(nothing, reason=ends)
        least, most = ends[0]
        surely = _prefix(levels, [high <= times * least for _, high in ends])
        seen = _prefix(levels, [level.observed <= times * base.observed for level in levels])
        perhaps = _prefix(levels, [low <= times * most for low, _ in ends])
        # It is below the first level where it is over for certain; beyond the last one nobody knows.
        beyond = inf if perhaps == len(levels) else nextafter(levels[perhaps].load, 0)
        lowest = levels[surely - 1].load
        if surely == len(levels):
            open_to = "that is the highest planned"
        else:
            open_to = "what is beyond is open" + ("" if beyond == inf else f" to {beyond:.4g}")
        return replace(
            nothing,
            observed=levels[seen - 1].load,
            lowest=lowest,
            highest=beyond,
            level=self._sure,
            reason=f"{surely_words} within {times:g} times its lowest level's up to {lowest:.4g}; {open_to}",
            notes=(self._said(levels),),
        )

    def _said(self, levels: list[Level]) -> str:
        unit = self._stat._unit
        shown_levels = ", ".join(f"{level.load:.4g}: {shown(level.observed, unit)}" for level in levels)
        return f"by {self._load}: {shown_levels}"

    @property
    def _sure(self) -> float | None:
        return self._stat._level

    @property
    def _how_sure(self) -> str:
        return f"{shown(self._sure or 0.0, 'fraction')} sure"

    @cached_property
    def _population(self) -> Population:
        return self._stat._population()

    @property
    def _load(self) -> str:
        return "planned VUs" if self._column == "planned_vus" else "planned rate"

    @cached_property
    def _column(self) -> str:
        sql, parameters = where(self._population.within)
        vus, rates = self._stat._bench.database.rows(
            f"SELECT count(planned_vus), count(planned_rate) FROM requests r WHERE {sql}", parameters
        )[0]
        if vus and rates:
            raise UsageError(
                f"{self._population.text}: some of this load is planned in VUs and some as a rate; take one of "
                "its scenarios, as in run.http(scenario=...)"
            )
        return "planned_rate" if rates else "planned_vus"

    @cached_property
    def _loads(self) -> list[tuple[float, float, float, float]]:
        """Of each level the lowest and highest load, their mean over its requests, and how long it was planned."""
        sql, parameters = where(self._population.within)
        rows = self._stat._bench.database.rows(
            f"""SELECT load, count(*), sum(lasted) / 1e9 FROM (
                SELECT r.{self._column} AS load,
                       lead(start_ns, 1, start_ns) OVER (ORDER BY start_ns) - start_ns AS lasted
                FROM requests r WHERE {sql}) WHERE load > 0 GROUP BY load ORDER BY load""",
            parameters,
        )
        if len(rows) <= _EACH:
            return [(load, load, load, float(seconds)) for load, _count, seconds in rows]
        loads, counts, lasted = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
        edges = np.linspace(loads[0], loads[-1], _RANGES + 1)
        place = np.clip(np.searchsorted(edges, loads, "right") - 1, 0, _RANGES - 1)
        found = []
        for number in np.unique(place):
            mine = place == number
            mean = float(np.average(loads[mine], weights=counts[mine]))
            found.append((float(loads[mine][0]), float(loads[mine][-1]), mean, float(lasted[mine].sum())))
        return found

    def _part(self, low: float, high: float, seconds: float) -> Population:
        if self._population.part is None:
            raise UsageError(f"{self._population.text}: nothing says at which load each of it began")
        condition = Condition(sql=f"{self._column} BETWEEN ? AND ?", parameters=(low, high))
        return replace(self._population.part(condition), seconds=seconds, per_trace=self._population.per_trace)


def _prefix(levels: list[Level], within: list[bool]) -> int:
    """How many levels from the lowest on are within; the lowest itself always is."""
    return next((place for place in range(1, len(levels)) if not within[place]), len(levels))


def _log(value: float) -> float:
    return log(value) if 0 < value < inf else (inf if value > 0 else -inf)


def _every(found: list[Bounds | str]) -> list[Bounds] | str:
    """The ends of all levels, or why one has none."""
    ends: list[Bounds] = []
    for each in found:
        if isinstance(each, str):
            return each
        ends.append(each)
    return ends


def _apart(one: float, other: float) -> float:
    return 0.0 if one == other else abs(one - other)


def _root(parts: Iterable[float]) -> float:
    return sqrt(sum(part**2 for part in parts))
