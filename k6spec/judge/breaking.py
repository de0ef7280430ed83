"""Where a system breaks under a rising rate: the planned rate up to which its limits held, window by window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from k6spec.errors import Inconclusive, UsageError
from k6spec.judge.bench import Bench
from k6spec.judge.custom import plain_population
from k6spec.judge.limits import NamedLimit, resolve, shown
from k6spec.judge.rehearsal import Rehearsal
from k6spec.judge.verdict import Evidence, Operator, Outcome, Verdict
from k6spec.query.population import Sighting
from k6spec.query.requests import read_failures, read_requests, why_unsaid
from k6spec.query.rising import Window, first_drop, rising, scenarios_of
from k6spec.query.selector import Selector
from k6spec.units import Duration, Ratio, format_ns, format_ratio, parse_duration

_PERCENTILES: Final = {"p95": 95, "p99": 99}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Break:
    """It held up to ``low`` and was broken at ``high``, planned iterations per second; infinite: never."""

    low: float
    high: float
    reached: float
    said: str
    failed: bool = False
    elapsed_ns: int = 0


@final
class BreakingRate:
    """Compare it with a rate that must be borne: ``run.http().breaking_rate() >= 400``."""

    def __init__(
        self, bench: Bench, selector: Selector, failed: Ratio | None, p95: Duration | None, p99: Duration | None
    ) -> None:
        self._bench = bench
        self._selector = selector
        self.verdict: Verdict | None = None
        """The verdict of the latest comparison."""
        self._given = {
            name: resolve(limit, "fraction" if name == "failed" else "ns", {})
            for name, limit in (("failed", failed), ("p95", p95), ("p99", p99))
            if limit is not None
        }

    @property
    def value(self) -> float:
        """The planned rate up to which the limits held, in iterations per second; infinite if they never broke.

        Raises:
            Inconclusive: nothing matched, or no rate was planned.
        """
        found = self._find()
        if isinstance(found, str):
            raise Inconclusive(found)
        return found.low

    def __ge__(self, rate: float | NamedLimit[float]) -> Verdict:
        return self._judge(">=", rate, lambda seen, asked: seen >= asked)

    def __gt__(self, rate: float | NamedLimit[float]) -> Verdict:
        return self._judge(">", rate, lambda seen, asked: seen > asked)

    def _judge(
        self, sign: Operator, rate: float | NamedLimit[float], holds: Callable[[float, float], bool]
    ) -> Verdict:
        asked = resolve(rate, "per second", self._bench.limits)
        text = self._selector.named("requests")
        claim = f"{text}: breaking rate {sign} {shown(asked, 'per second')}"
        if self._bench.rehearsal is not None:
            return self._rehearsed(self._bench.rehearsal, claim)
        found = self._find()
        outcome: Outcome = "inconclusive"
        reason = ""
        if isinstance(found, str):
            said, reason = "cannot be judged", found
        elif found.low == inf:
            said = f"not reached up to {shown(found.reached, 'per second')}"
            if holds(found.reached, asked):
                outcome = "passed"
            else:
                reason = f"{found.said}; whether it bears {shown(asked, 'per second')} was not asked"
        else:
            said = f"between {shown(found.low, 'per second')} and {shown(found.high, 'per second')}"
            ends = holds(found.low, asked), holds(found.high, asked)
            outcome = "passed" if all(ends) else "inconclusive" if any(ends) else "failed"
            if outcome == "inconclusive":
                reason = f"{found.said}; where in between it broke is not known: let the rate rise more slowly"
        if outcome == "passed" and (symptoms := self._symptoms()):
            outcome, reason = "inconclusive", symptoms
        broke = None if isinstance(found, str) else found
        self.verdict = self._bench.log.add(
            Verdict(
                claim=claim,
                headline=f"{text}: breaking rate {said}, limit {_WORDS[sign]}{shown(asked, 'per second')}",
                outcome=outcome,
                observed=broke and min(broke.low, broke.reached),
                operator=sign,
                limit=asked,
                unit="per second",
                evidence=Evidence(
                    population=plain_population(self._bench, text, self._worst(found), why=reason),
                    lowest=broke.low if broke else -inf,
                    highest=broke.high if broke else inf,
                    reason=reason,
                    notes=(broke.said,) if broke and outcome == "failed" else (),
                ),
            )
        )
        return self.verdict

    def __repr__(self) -> str:
        return f"<breaking rate of {self._selector.named('requests')}>"

    def _rehearsed(self, rehearsal: Rehearsal, claim: str) -> Verdict:
        population = read_requests(self._bench.database, self._selector)
        if not len(population.values):
            rehearsal.miss(claim, population)
        return rehearsal.held(claim, population)

    @property
    def _scenarios(self) -> list[str]:
        return scenarios_of(self._bench.database, self._selector)

    def _find(self) -> _Break | str:
        """Where it broke, or why that cannot be said."""
        scenarios = self._scenarios
        if not scenarios:
            return read_requests(self._bench.database, self._selector).why_empty()
        if len(scenarios) > 1:
            raise UsageError(
                f"breaking_rate() is of one scenario, and these requests are of {', '.join(scenarios)}: say "
                f"which, as in run.http(scenario={scenarios[0]!r})"
            )
        profile = self._bench.profiles.get(scenarios[0], {})
        limits = self._limits(profile)
        if not limits:
            raise UsageError(
                "breaking_rate() needs a limit, as in breaking_rate(failed=percent(5)): the load has no stop_when"
            )
        windows = rising(self._bench.database, self._selector)
        if not windows:
            return "no rate was planned: breaking_rate() needs an arrival rate, as presets.breakpoint() has it"
        if "failed" in limits and (unsaid := sum(window.unsaid for window in windows)):
            return why_unsaid(unsaid)
        dropped = first_drop(self._bench.database, scenarios[0], windows)
        for number, window in enumerate(windows):
            if said := _broken(window, limits, self._bench.tolerated.failed):
                low = windows[number - 1].to_rate if number else 0.0
                return _Break(
                    low=low if dropped is None else min(low, dropped),  # beyond it less was asked than planned
                    high=window.to_rate,
                    reached=window.to_rate,
                    said=f"{said}, from {format_ns(window.elapsed_ns)} on",
                    failed=said.startswith((_FAILED, _NONE)),
                    elapsed_ns=window.elapsed_ns,
                )
        reached = windows[-1].to_rate if self._bench.stopped else max(windows[-1].to_rate, _top(profile))
        if dropped is not None:
            said = "k6 dropped iterations from there on: it had no VU left (max_vus)"
            return _Break(low=inf, high=inf, reached=dropped, said=said)
        return _Break(low=inf, high=inf, reached=reached, said="the load rose no further")

    def _limits(self, profile: Mapping[str, Any]) -> Mapping[str, float]:
        return self._given or _declared(profile)

    def _symptoms(self) -> str:
        """The measurement's own. Dropped iterations have their place in the load, and are looked at there."""
        health = self._bench.health.without_dropped()
        limits = self._limits(self._bench.profiles.get(self._scenarios[0], {}))
        if not limits.keys() & _PERCENTILES.keys():
            health = replace(health, k6_cpu=None, clock_step_ns=0)  # they spoil times, and failures are counted
        return "; ".join(health.symptoms(self._bench.tolerated))

    def _worst(self, found: _Break | str) -> list[Sighting]:
        """The worst requests of the time when it broke."""
        if isinstance(found, str) or found.low == inf:
            return []
        after = self._selector.window.between(Duration(found.elapsed_ns), Duration(2**62))
        selector = Selector(conditions=self._selector.conditions, root=self._selector.root, window=after)
        read = read_failures if found.failed else read_requests
        return read(self._bench.database, selector).worst(3, True)


_WORDS: Final[Mapping[Operator, str]] = {">=": "at least ", ">": "over "}
_FAILED: Final = "failed share"
_NONE: Final = "none succeeded"


def _broken(window: Window, limits: Mapping[str, float], tolerated: float) -> str:
    """Which limit the window broke, and how far; empty if none.

    ``tolerated``: the share of failed requests above which a percentile must hold for the successful ones too.
    """
    count = f"of {len(window.failed):,} requests"
    share = float(window.failed.mean())
    if "failed" in limits and share > limits["failed"]:
        return f"{_FAILED} {format_ratio(share)}, limit {format_ratio(limits['failed'])}, {count}"
    if said := _beyond(window.durations, limits):
        return f"{said}, {count}"
    if share <= tolerated or not limits.keys() & _PERCENTILES.keys():
        return ""
    successful = window.durations[window.failed == 0]
    if not len(successful):
        return f"{_NONE} {count}"
    said = _beyond(successful, limits, whose=f" of the {len(successful):,} successful ones")
    return f"{said}, {count}" if said else ""


def _beyond(durations: NDArray[np.float64], limits: Mapping[str, float], whose: str = "") -> str:
    """The first percentile that is beyond its limit, in words; empty if none is."""
    for name, q in _PERCENTILES.items():
        if name in limits and (seen := float(np.percentile(durations, q))) > limits[name]:
            return f"{name} {format_ns(seen)}{whose}, limit {format_ns(limits[name])}"
    return ""


def _declared(profile: Mapping[str, Any]) -> dict[str, float]:
    declared = profile.get("stop_when") or {}
    return {name: float(limit) for name, limit in declared.items() if name != "after"}


def _top(profile: Mapping[str, Any]) -> float:
    """The highest planned rate, in iterations per second."""
    targets = [stage["target"] for stage in profile.get("stages", ())]
    highest = max([profile.get("rate", 0), profile.get("start_rate", 0), *targets])
    return float(highest) / parse_duration(profile.get("time_unit", "1s")).seconds
