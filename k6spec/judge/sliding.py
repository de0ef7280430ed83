"""Claims on every window of some length: "p95 in every 30 s".

Windows slide by steps, a tenth of their length unless said otherwise, from the first request of the claim's part
of the load to its last; a last one ends there. A window holds what began in it, and is weighed as any claim: what
is missing of it is bounded. One in which nothing began says nothing, but for counts and rates, which are 0 then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Final, Generic, final

from k6spec.errors import UsageError
from k6spec.judge.equality import NoEquality
from k6spec.judge.limits import LIMIT_WORDS, NamedLimit, Q, resolve, shown, shown_apart
from k6spec.judge.verdict import Evidence, Operator, Outcome, Verdict
from k6spec.query.population import Population
from k6spec.query.reducers import Count, PerSecond
from k6spec.query.selectors import Condition, where
from k6spec.units import Duration, parse_duration

if TYPE_CHECKING:
    from k6spec.judge.stat import Stat

_STEPS: Final = 10
_WHOLE: Final = 0.9
"""A part of the load that is as long as this share of a window is one window."""

_BEHIND: Final = 1_000
"""So many nanoseconds behind the last start the last window ends; starts are known to a quarter of that."""

_MOST: Final = 100_000
_ORDER: Final[dict[Outcome, int]] = {"failed": 0, "inconclusive": 1, "passed": 2, "skipped": 3}


@final
class Every(NoEquality, Generic[Q]):
    """A statistic in every window; compare it with a limit as the statistic itself."""

    __slots__ = ("_stat", "_step", "_width")

    def __init__(self, stat: Stat[Q], width: str | Duration, step: str | Duration | None) -> None:
        self._stat: Stat[Q] = stat
        self._width = width if isinstance(width, Duration) else parse_duration(width)
        given = Duration(self._width.ns // _STEPS) if step is None else step
        self._step = given if isinstance(given, Duration) else parse_duration(given)
        if not 0 < self._step.ns <= self._width.ns:
            raise UsageError(
                f"in_every({str(self._width)!r}, step={str(self._step)!r}): the step must be longer than 0, and "
                "no longer than the window"
            )

    def __lt__(self, limit: Q | NamedLimit[Q]) -> Verdict:
        return self._judge("<", limit)

    def __le__(self, limit: Q | NamedLimit[Q]) -> Verdict:
        return self._judge("<=", limit)

    def __gt__(self, limit: Q | NamedLimit[Q]) -> Verdict:
        return self._judge(">", limit)

    def __ge__(self, limit: Q | NamedLimit[Q]) -> Verdict:
        return self._judge(">=", limit)

    def __repr__(self) -> str:
        return f"<{self._stat!r} in every {self._width}>"

    def _judge(self, sign: Operator, limit: object) -> Verdict:
        stat = self._stat
        population = stat._population()
        whole = population.unseen and not isinstance(stat._reducer(population), PerSecond)
        if stat._bench.rehearsal is not None or whole:  # what holds for all that may be hidden does in each window
            return stat._judge(sign, limit)
        bound = resolve(limit, stat._unit, stat._bench.limits)
        label = f"{stat._label} in every {self._width}"
        first, last = self._time_of(population)
        weighed = [self._weigh(population, begin, sign, bound) for begin in self._begins(first, last)]
        judged = [window for window in weighed if window.observed is not None]
        unit = stat._unit
        nothing = not len(population.values) and not population.none_is_a_finding
        if not judged or nothing:
            headline = f"{population.text}: {label} cannot be judged, limit {shown(bound, unit)}"
            reason = population.why_empty() if nothing else self._why_short(first, last)
            evidence = Evidence(population=population, lowest=-inf, highest=inf, reason=reason)
            worst = _Window(begin=first, outcome="inconclusive", observed=None, evidence=evidence)
        else:
            worst = min(judged, key=lambda window: _standing(window, sign))
            when = f"{_clock(worst.begin - first)} to {_clock(worst.begin - first + self._width.ns)}"
            seen, at = shown_apart(worst.observed or 0.0, bound, unit)
            headline = f"{population.text}: {label} {seen} from {when}, limit {LIMIT_WORDS[sign]}{at}"
            worst = self._shown(population, worst, weighed, first)
        stat.verdict = stat._bench.log.add(
            Verdict(
                claim=f"{population.text}: {label} {sign} {shown(bound, unit)}",
                headline=headline,
                outcome=worst.outcome,
                observed=worst.observed,
                operator=sign,
                limit=bound,
                unit=unit,
                evidence=worst.evidence,
                statistic=f"{population.text}: {label}",
            )
        )
        return stat.verdict

    def _time_of(self, population: Population) -> tuple[int, int]:
        """When the first and the last request of the claim's part of the load began."""
        sql, parameters = where(population.within)
        query = f"SELECT coalesce(min(start_ns), 0), coalesce(max(start_ns), 0) FROM requests r WHERE {sql}"
        first, last = self._stat._bench.database.rows(query, parameters)[0]
        return first, last

    def _begins(self, first: int, last: int) -> list[int]:
        if last - first < self._width.ns:
            return [first] if last - first >= _WHOLE * self._width.ns else []
        begins: list[int] = list(range(first, last - self._width.ns + 1, self._step.ns))
        if len(begins) > _MOST:
            raise UsageError(f"in_every({str(self._width)!r}): {len(begins):,} windows; give a longer step=")
        return [*begins, last - self._width.ns + _BEHIND]

    def _weigh(self, population: Population, begin: int, sign: Operator, bound: float) -> _Window:
        part = self._part(population, begin)
        reducer = self._stat._reducer(part)
        if not len(part.values) and not isinstance(reducer, (Count, PerSecond)):
            evidence = Evidence(population=part, lowest=-inf, highest=inf)
            return _Window(begin=begin, outcome="inconclusive", observed=None, evidence=evidence)
        observed = reducer(part.values)
        outcome, evidence = self._stat._weigh(part, reducer, observed, sign, bound)
        return _Window(begin=begin, outcome=outcome, observed=observed, evidence=evidence)

    def _part(self, population: Population, begin: int) -> Population:
        starts = population.starts
        if starts is None:
            raise UsageError(f"{population.text}: it is not known when each began, so there are no windows of it")
        end = begin + self._width.ns
        inside = (starts >= begin) & (starts < end)
        return replace(
            population,
            values=population.values[inside],
            starts=starts[inside],
            succeeded=None if population.succeeded is None else population.succeeded[inside],
            seconds=self._width.seconds,
            missing=population.missing.between(begin, end),
        )

    def _shown(self, population: Population, worst: _Window, weighed: list[_Window], first: int) -> _Window:
        """The window with its worst members, and with what the others say."""
        evidence: Evidence = worst.evidence
        outcome: Outcome = worst.outcome
        if population.part is not None:
            times = (worst.begin, worst.begin + self._width.ns)
            shown_by = population.part(Condition(sql="start_ns >= ? AND start_ns < ?", parameters=times))
            evidence = replace(evidence, population=replace(shown_by, per_trace=population.per_trace))
        empty = [window for window in weighed if window.observed is None]
        if empty and outcome == "passed":
            outcome = "inconclusive"
            reason = (
                f"in {len(empty):,} of {len(weighed):,} windows of {self._width} nothing of it began, the first "
                f"from {_clock(empty[0].begin - first)} on: they say nothing; take longer windows, or "
                "claim a part of the load"
            )
            evidence = replace(evidence, reason=reason)
        astray = sum(window.outcome == worst.outcome for window in weighed)
        said = {"failed": "does not hold", "inconclusive": "cannot be judged", "passed": "holds"}[worst.outcome]
        note = f"it {said} in {astray:,} of {len(weighed):,} windows, by steps of {self._step}"
        return replace(worst, outcome=outcome, evidence=replace(evidence, notes=(*evidence.notes, note)))

    def _why_short(self, first: int, last: int) -> str:
        length = Duration(last - first)
        if last - first < _WHOLE * self._width.ns:
            return f"this part of the load lasts {length}, and a window {self._width}"
        return f"in no window of {self._width} anything of it began"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    begin: int
    outcome: Outcome
    observed: float | None
    evidence: Evidence


def _standing(window: _Window, sign: Operator) -> tuple[int, float]:
    assert window.observed is not None
    return _ORDER[window.outcome], -window.observed if sign in {"<", "<="} else window.observed


def _clock(ns: int) -> str:
    minutes, seconds = divmod(round(ns / 1e9), 60)
    return f"{minutes:02d}:{seconds:02d}"
