"""Load profiles: one small class for each of k6's executors, and the functions that make them.

Names and meanings are k6's own. Durations are k6's text (``"30s"``, ``"1m30s"``) or :class:`Duration`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import ClassVar, Final, final

from k6spec.declare.location import duration_of, reject, whole_number
from k6spec.declare.stopping import StopWhen
from k6spec.units import Duration

_NOT_OVERRIDDEN: Final = frozenset({"stages", "stop_when"})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A part of a ramping profile that moves linearly to ``target`` (VUs, or iterations per time unit)."""

    duration: Duration
    target: int
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What every executor has. ``warmup`` is the first part of the profile's own time."""

    executor: ClassVar[str]
    start: Duration = Duration(0)
    graceful_stop: Duration = Duration(30 * 10**9)
    warmup: Duration = Duration(0)
    stop_when: StopWhen | None = None

    def options(self) -> dict[str, object]:
        """The scenario's options as k6 takes them, but for ``exec``, ``env`` and ``tags``."""
        common: dict[str, object] = {
            "executor": self.executor,
            "gracefulStop": k6_duration(self.graceful_stop),
        }
        if self.start.ns:
            common["startTime"] = k6_duration(self.start)
        return common | self._own_options()

    def describe(self) -> dict[str, object]:
        """The declaration in plain values, for the fingerprint and ``run.json``."""
        plain = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}
        if self.stop_when is None:  # as it was before there was such a thing: the same load
            del plain["stop_when"]
        return {"executor": self.executor} | plain

    def override(self, changes: Mapping[str, object]) -> Profile:
        """This profile with some fields replaced, as an environment asks for.

        Raises:
            DeclarationError: the profile has no such field, or the value does not fit.
        """
        known = {field.name: field for field in fields(self)}
        values: dict[str, object] = {}
        for name, value in changes.items():
            if name not in known or name in _NOT_OVERRIDDEN:
                possible = ", ".join(sorted(set(known) - _NOT_OVERRIDDEN))
                reject(f"{self.executor} has no {name!r} to override; it has {possible}")
            if isinstance(getattr(self, name), Duration):
                values[name] = duration_of(name, value)  # type: ignore[arg-type]
            else:
                values[name] = whole_number(name, value, least=0)  # type: ignore[arg-type]
        return replace(self, **values)  # type: ignore[arg-type]

    @property
    def length(self) -> Duration:
        """The longest it can run, without the graceful stop."""
        raise NotImplementedError

    def _own_options(self) -> dict[str, object]:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Iterations(Profile):
    """What the executors that end after a number of iterations have."""

    vus: int
    iterations: int
    max_duration: Duration

    @property
    def length(self) -> Duration:
        """``max_duration``."""
        return self.max_duration

    def _own_options(self) -> dict[str, object]:
        return {"vus": self.vus, "iterations": self.iterations, "maxDuration": k6_duration(self.max_duration)}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SharedIterations(Iterations):
    """k6's ``shared-iterations``: a fixed number of iterations shared between VUs."""

    executor: ClassVar[str] = "shared-iterations"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PerVUIterations(Iterations):
    """k6's ``per-vu-iterations``: a fixed number of iterations for each VU."""

    executor: ClassVar[str] = "per-vu-iterations"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantVUs(Profile):
    """k6's ``constant-vus``: a fixed number of VUs iterate for a time (closed model)."""

    executor: ClassVar[str] = "constant-vus"
    vus: int
    duration: Duration

    @property
    def length(self) -> Duration:
        return self.duration

    def _own_options(self) -> dict[str, object]:
        return {"vus": self.vus, "duration": k6_duration(self.duration)}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RampingVUs(Profile):
    """k6's ``ramping-vus``: the number of VUs follows stages (closed model)."""

    executor: ClassVar[str] = "ramping-vus"
    start_vus: int
    stages: tuple[Stage, ...]
    graceful_ramp_down: Duration = Duration(30 * 10**9)

    @property
    def length(self) -> Duration:
        return _total(self.stages)

    def _own_options(self) -> dict[str, object]:
        return {
            "startVUs": self.start_vus,
            "stages": _k6_stages(self.stages),
            "gracefulRampDown": k6_duration(self.graceful_ramp_down),
        }


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantArrivalRate(Profile):
    """k6's ``constant-arrival-rate``: iterations start at a fixed rate (open model)."""

    executor: ClassVar[str] = "constant-arrival-rate"
    rate: int
    time_unit: Duration
    duration: Duration
    pre_allocated_vus: int
    max_vus: int

    @property
    def length(self) -> Duration:
        return self.duration

    def _own_options(self) -> dict[str, object]:
        return {
            "rate": self.rate,
            "timeUnit": k6_duration(self.time_unit),
            "duration": k6_duration(self.duration),
            "preAllocatedVUs": self.pre_allocated_vus,
            "maxVUs": self.max_vus,
        }


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RampingArrivalRate(Profile):
    """k6's ``ramping-arrival-rate``: the rate of iteration starts follows stages (open model)."""

    executor: ClassVar[str] = "ramping-arrival-rate"
    start_rate: int
    time_unit: Duration
    stages: tuple[Stage, ...]
    pre_allocated_vus: int
    max_vus: int

    @property
    def length(self) -> Duration:
        return _total(self.stages)

    def _own_options(self) -> dict[str, object]:
        return {
            "startRate": self.start_rate,
            "timeUnit": k6_duration(self.time_unit),
            "stages": _k6_stages(self.stages),
            "preAllocatedVUs": self.pre_allocated_vus,
            "maxVUs": self.max_vus,
        }


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptsOwn(Profile):
    """What a script's own ``options`` say; k6 tells it before the load. ``changes`` are an environment's."""

    executor: ClassVar[str] = "script"
    changes: tuple[tuple[str, object], ...] = ()

    def override(self, changes: Mapping[str, object]) -> Profile:
        """Remembers the changes for the profiles that k6 will tell."""
        return replace(self, changes=(*self.changes, *changes.items()))

    @property
    def length(self) -> Duration:
        return Duration(0)


def k6_duration(duration: Duration) -> str:
    """A duration in k6's own text, exact to the microsecond."""
    if duration.ns % 10**9 == 0:
        return f"{duration.ns // 10**9}s"
    return f"{duration.ns // 10**6}ms" if duration.ns % 10**6 == 0 else f"{duration.ns // 10**3}us"


def _k6_stages(stages: tuple[Stage, ...]) -> list[dict[str, object]]:
    return [{"duration": k6_duration(stage.duration), "target": stage.target} for stage in stages]


def _total(stages: tuple[Stage, ...]) -> Duration:
    return Duration(sum(stage.duration.ns for stage in stages))


def _plain(value: object) -> object:
    if isinstance(value, Duration):
        return k6_duration(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, StopWhen):
        return value.describe()
    if isinstance(value, Stage):
        return {"duration": k6_duration(value.duration), "target": value.target, "name": value.name}
    return value
