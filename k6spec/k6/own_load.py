"""The load of a script's own options, as k6 itself understands them.

Source: ``k6 inspect --execution-requirements``, which gives every way of writing a load (``vus`` and ``duration``,
``stages``, ``scenarios``) as scenarios with executors.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from k6spec.declare.load import Load, Part
from k6spec.declare.profile import (
    ConstantArrivalRate,
    ConstantVUs,
    PerVUIterations,
    Profile,
    RampingArrivalRate,
    RampingVUs,
    ScriptsOwn,
    SharedIterations,
    Stage,
)
from k6spec.declare.scenario import ScriptScenario
from k6spec.errors import K6Fault
from k6spec.k6.binary import K6Binary
from k6spec.k6.environment import k6_environment
from k6spec.script.probe import write_probe
from k6spec.units import Duration, parse_duration

_SECONDS: Final = 60
_SPEAK_OF_LOAD: Final = ("vus", "duration", "iterations", "stages", "scenarios")


def with_own_load(load: Load, binary: K6Binary, *, base_url: str, env: Mapping[str, str]) -> Load:
    """The load, the scenarios of the script's own options in place of a :class:`ScriptsOwn` profile.

    Args:
        env: the environment that k6 inherits; scripts may read it in their options.

    Raises:
        K6Fault: k6 refuses the script, or it uses an executor that k6spec cannot follow.
    """
    (first, *_) = load.parts
    if not isinstance(first.profile, ScriptsOwn) or not isinstance(first.scenario, ScriptScenario):
        return load
    scenario, changes = first.scenario, dict(first.profile.changes)
    answer = _inspect(binary, load, scenario, base_url, env, "--execution-requirements")
    if answer.returncode:
        raise K6Fault(
            f"k6 refuses {scenario.path.name}",
            log_tail=answer.stderr.strip(),
            advice="correct the script or its options",
        )
    scenarios: dict[str, dict[str, Any]] = json.loads(answer.stdout)["scenarios"]
    parts = [_part(name, options, scenario) for name, options in scenarios.items()]
    return replace(load, parts=tuple(replace(part, profile=part.profile.override(changes)) for part in parts))


def replaced_loads(load: Load, binary: K6Binary, *, base_url: str, env: Mapping[str, str]) -> dict[Path, str]:
    """What the declared profiles take the place of: the path of each script that speaks of load -> what it says.

    As in ``vus=50, duration=5m0s`` or ``scenarios browse, buy``. Nothing is said of a script that k6 refuses, or
    takes long over: the load itself will tell.
    """
    scripts = {
        part.scenario.path: part.scenario
        for part in load.parts
        if isinstance(part.scenario, ScriptScenario) and not isinstance(part.profile, ScriptsOwn)
    }
    said = {}
    for path, scenario in scripts.items():
        with suppress(K6Fault):
            answer = _inspect(binary, load, scenario, base_url, env)
            if not answer.returncode and (words := _speaks_of_load(json.loads(answer.stdout))):
                said[path] = words
    return said


def _speaks_of_load(options: Mapping[str, Any]) -> str:
    words = []
    for name in _SPEAK_OF_LOAD:
        value = options.get(name)
        if value and isinstance(value, dict):
            words.append(f"{name} {', '.join(sorted(value))}")
        elif value and isinstance(value, list):
            words.append(f"{name} to {', '.join(str(stage['target']) for stage in value)}")
        elif value:
            words.append(f"{name}={value}")
    return ", ".join(words)


def _inspect(
    binary: K6Binary, load: Load, scenario: ScriptScenario, base_url: str, env: Mapping[str, str], *flags: str
) -> subprocess.CompletedProcess[str]:
    """What ``k6 inspect`` answers of a load's script."""
    with TemporaryDirectory(prefix="k6spec-probe-") as folder:
        compiled = write_probe(load, scenario, base_url=base_url, out=Path(folder))
        try:
            return subprocess.run(
                [binary.path, "inspect", *flags, "--include-system-env-vars", compiled.entry],
                capture_output=True,
                text=True,
                env=k6_environment(env, compiled),
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise K6Fault(
                f"k6 did not tell the options of {scenario.path.name} within {_SECONDS} s",
                advice="look at what the script does in its init code",
            ) from error


def _part(name: str, options: Mapping[str, Any], script: ScriptScenario) -> Part:
    make = _PROFILES.get(options["executor"])
    if make is None:
        raise K6Fault(
            f"{script.path.name}: nobody can plan the load of scenario {name!r}: {options['executor']}",
            advice=f"use one of {', '.join(_PROFILES)}",
        )
    scenario = replace(
        script,
        exec=options.get("exec") or "default",
        env={**script.env, **(options.get("env") or {})},
        tags=options.get("tags") or {},
        name=name,
        own_load=False,
    )
    profile = make(options)
    profile = replace(
        profile,
        start=_time(options, "startTime", "0s"),
        graceful_stop=_time(options, "gracefulStop", "30s"),
    )
    return Part(name=name, scenario=scenario, profile=profile)


def _time(options: Mapping[str, Any], name: str, default: str) -> Duration:
    return parse_duration(options.get(name) or default)


def _stages(options: Mapping[str, Any]) -> tuple[Stage, ...]:
    return tuple(
        Stage(duration=parse_duration(stage["duration"]), target=stage["target"]) for stage in options["stages"]
    )


_PROFILES: Final[Mapping[str, Callable[[Mapping[str, Any]], Profile]]] = {
    "shared-iterations": lambda options: SharedIterations(
        vus=options.get("vus") or 1,
        iterations=options.get("iterations") or 1,
        max_duration=_time(options, "maxDuration", "10m"),
    ),
    "per-vu-iterations": lambda options: PerVUIterations(
        vus=options.get("vus") or 1,
        iterations=options.get("iterations") or 1,
        max_duration=_time(options, "maxDuration", "10m"),
    ),
    "constant-vus": lambda options: ConstantVUs(
        vus=options.get("vus") or 1, duration=parse_duration(options["duration"])
    ),
    "ramping-vus": lambda options: RampingVUs(
        start_vus=1 if options.get("startVUs") is None else options["startVUs"],
        stages=_stages(options),
        graceful_ramp_down=_time(options, "gracefulRampDown", "30s"),
    ),
    "constant-arrival-rate": lambda options: ConstantArrivalRate(
        rate=options["rate"],
        time_unit=_time(options, "timeUnit", "1s"),
        duration=parse_duration(options["duration"]),
        pre_allocated_vus=options["preAllocatedVUs"],
        max_vus=options.get("maxVUs") or options["preAllocatedVUs"],
    ),
    "ramping-arrival-rate": lambda options: RampingArrivalRate(
        start_rate=options.get("startRate") or 0,
        time_unit=_time(options, "timeUnit", "1s"),
        stages=_stages(options),
        pre_allocated_vus=options["preAllocatedVUs"],
        max_vus=options.get("maxVUs") or options["preAllocatedVUs"],
    ),
}
