"""The functions with which specs declare profiles; each validates and names the spec's line in errors."""

from __future__ import annotations

from typing import TypedDict, Unpack

from k6spec.declare.keywords import check_keywords
from k6spec.declare.location import duration_of, reject, whole_number
from k6spec.declare.profile import (
    ConstantArrivalRate,
    ConstantVUs,
    PerVUIterations,
    RampingArrivalRate,
    RampingVUs,
    SharedIterations,
    Stage,
)
from k6spec.declare.stopping import StopWhen
from k6spec.units import Duration


class Common(TypedDict, total=False):
    """What every profile takes.

    ``start``: when it begins, after the load's start. ``graceful_stop``: how long running iterations may
    take to end (30 s). ``warmup``: the first part of it, which ``after_warmup()`` leaves out. ``stop_when``:
    limits beyond which the load stops before its time.
    """

    start: str | Duration
    graceful_stop: str | Duration
    warmup: str | Duration
    stop_when: StopWhen | None


def stage(duration: str | Duration, target: int, *, name: str | None = None) -> Stage:
    """A stage of a ramping profile: linearly to ``target`` within ``duration``."""
    return Stage(
        duration=duration_of("duration", duration), target=whole_number("target", target, least=0), name=name
    )


def shared_iterations(
    vus: int, iterations: int, *, max_duration: str | Duration = "10m", **common: Unpack[Common]
) -> SharedIterations:
    """``iterations`` in all, shared between ``vus`` VUs (closed model)."""
    if whole_number("iterations", iterations) < whole_number("vus", vus):
        reject(f"iterations={iterations} is less than vus={vus}: some VUs would never run; use vus={iterations}")
    return SharedIterations(
        vus=vus,
        iterations=iterations,
        max_duration=_second("max_duration", max_duration),
        **_common(common),
    )


def per_vu_iterations(
    vus: int, iterations: int, *, max_duration: str | Duration = "10m", **common: Unpack[Common]
) -> PerVUIterations:
    """``iterations`` by each of ``vus`` VUs (closed model)."""
    return PerVUIterations(
        vus=whole_number("vus", vus),
        iterations=whole_number("iterations", iterations),
        max_duration=_second("max_duration", max_duration),
        **_common(common),
    )


def constant_vus(vus: int, duration: str | Duration, **common: Unpack[Common]) -> ConstantVUs:
    """``vus`` VUs iterate for ``duration`` (closed model: a slow system is asked less often)."""
    length = _second("duration", duration)
    return ConstantVUs(vus=whole_number("vus", vus), duration=length, **_common(common, length))


def ramping_vus(
    *stages: Stage, start_vus: int = 0, graceful_ramp_down: str | Duration = "30s", **common: Unpack[Common]
) -> RampingVUs:
    """VUs follow ``stages`` (closed model)."""
    length = _length(stages, "ramping_vus")
    if not start_vus and not any(item.target for item in stages):
        reject("ramping_vus never reaches a VU: give a stage with a target above 0")
    return RampingVUs(
        start_vus=whole_number("start_vus", start_vus, least=0),
        stages=stages,
        graceful_ramp_down=duration_of("graceful_ramp_down", graceful_ramp_down),
        **_common(common, length),
    )


def constant_arrival_rate(
    rate: int,
    duration: str | Duration,
    *,
    time_unit: str | Duration = "1s",
    pre_allocated_vus: int | None = None,
    max_vus: int | None = None,
    **common: Unpack[Common],
) -> ConstantArrivalRate:
    """``rate`` iterations start in each ``time_unit``, however slow the system is (open model).

    ``pre_allocated_vus`` defaults to what a second of work needs, ``max_vus`` to ten times that.
    """
    length = _second("duration", duration)
    unit = _positive("time_unit", time_unit)
    vus, most = _pool(whole_number("rate", rate), unit, pre_allocated_vus, max_vus)
    return ConstantArrivalRate(
        rate=rate,
        time_unit=unit,
        duration=length,
        pre_allocated_vus=vus,
        max_vus=most,
        **_common(common, length),
    )


def ramping_arrival_rate(
    *stages: Stage,
    start_rate: int = 0,
    time_unit: str | Duration = "1s",
    pre_allocated_vus: int | None = None,
    max_vus: int | None = None,
    **common: Unpack[Common],
) -> RampingArrivalRate:
    """The rate of iteration starts follows ``stages``, in iterations per ``time_unit`` (open model)."""
    length = _length(stages, "ramping_arrival_rate")
    unit = _positive("time_unit", time_unit)
    peak = max(whole_number("start_rate", start_rate, least=0), *(item.target for item in stages))
    if not peak:
        reject("ramping_arrival_rate never starts an iteration: give a stage with a target above 0")
    vus, most = _pool(peak, unit, pre_allocated_vus, max_vus)
    return RampingArrivalRate(
        start_rate=start_rate,
        time_unit=unit,
        stages=stages,
        pre_allocated_vus=vus,
        max_vus=most,
        **_common(common, length),
    )


class _Fields(TypedDict):
    start: Duration
    graceful_stop: Duration
    warmup: Duration
    stop_when: StopWhen | None


def _common(given: Common, length: Duration | None = None) -> _Fields:
    check_keywords("a profile", given, Common.__annotations__)
    warmup = duration_of("warmup", given.get("warmup", Duration(0)))
    if length is not None and warmup.ns and warmup >= length:
        reject(f"warmup={warmup} takes all of the profile's {length}: nothing would be left to judge")
    stop = given.get("stop_when")
    if not isinstance(stop, StopWhen | None):
        reject(f"stop_when={stop!r}: write stop_when=stop_when(failed=percent(5))")
    return {
        "start": duration_of("start", given.get("start", Duration(0))),
        "graceful_stop": duration_of("graceful_stop", given.get("graceful_stop", Duration(30 * 10**9))),
        "warmup": warmup,
        "stop_when": stop,
    }


def _positive(field: str, value: str | Duration) -> Duration:
    duration = duration_of(field, value)
    if duration.ns <= 0:
        reject(f"{field}={value!r}: must be longer than zero")
    return duration


def _second(field: str, value: str | Duration) -> Duration:
    """At least a second, as k6 asks for."""
    duration = duration_of(field, value)
    if duration.ns < 10**9:
        reject(f'{field}={value!r}: k6 takes no less than a second; write {field}="1s"')
    return duration


def _length(stages: tuple[Stage, ...], function: str) -> Duration:
    if not stages:
        reject(f'{function}() needs stages, as in {function}(stage("10s", 20), stage("30s", 20))')
    for item in stages:
        if not isinstance(item, Stage):
            reject(f'{function}: {item!r} is not a stage; write stage("10s", 20)')
    length = Duration(sum(item.duration.ns for item in stages))
    if not length.ns:
        reject(f"{function}: all stages together last no time")
    return length


def _pool(peak: int, unit: Duration, pre_allocated: int | None, most: int | None) -> tuple[int, int]:
    per_second = peak * 10**9 / unit.ns
    vus = max(1, round(per_second)) if pre_allocated is None else whole_number("pre_allocated_vus", pre_allocated)
    ceiling = vus * 10 if most is None else whole_number("max_vus", most)
    if ceiling < vus:
        reject(f"max_vus={ceiling} is less than pre_allocated_vus={vus}; give max_vus={vus} or more")
    return vus, ceiling
