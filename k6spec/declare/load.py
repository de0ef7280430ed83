"""A declared load: scenarios with their profiles, and how they are run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, final

from k6spec.declare.location import caller_location, duration_of, reject
from k6spec.declare.profile import Profile, ScriptsOwn
from k6spec.declare.propagation import (
    Propagator,
    TracePer,
    baggage_of,
    control_of,
    propagators_of,
    trace_per_of,
)
from k6spec.declare.scenario import AnyScenario, FlowScenario, ScriptScenario
from k6spec.errors import ConfigError, DeclarationError
from k6spec.units import Duration, Ratio

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One scenario with its profile; ``name`` is k6's scenario name."""

    name: str
    scenario: AnyScenario
    profile: Profile


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A load as a spec declares it.

    ``propagators``: none declared means W3C Trace Context, or what a script asks for itself. ``baggage``: values
    are percent-encoded. ``control``: the share that is sent without sampling, to measure what tracing costs.
    ``preflight`` makes no difference to what the load is: two that differ in nothing else are the same.
    """

    parts: tuple[Part, ...]
    cooldown: Duration = Duration(0)
    shared_over: frozenset[str] = frozenset()
    propagate_to: tuple[str, ...] = ()
    sampling: Ratio = Ratio(1.0)
    control: Ratio = Ratio(0.0)
    propagators: tuple[Propagator, ...] = ()
    baggage: Mapping[str, str] = field(default_factory=dict)
    trace_per: TracePer = "request"
    preflight: bool = True
    location: str | None = None

    @property
    def length(self) -> Duration:
        """The longest it can run, without graceful stops."""
        return Duration(max(part.profile.start.ns + part.profile.length.ns for part in self.parts))

    def override(self, changes: Mapping[str, object]) -> Load:
        """This load with fields of every profile replaced, as an environment asks for.

        Raises:
            ConfigError: a profile has no such field, or the value does not fit.
        """
        try:
            parts = tuple(replace(part, profile=part.profile.override(changes)) for part in self.parts)
        except DeclarationError as error:
            words = str(error).removeprefix(f"{error.location}: ")
            raise ConfigError(f"profile in [tool.k6spec] or its environment: {words}") from error
        return replace(self, parts=parts)

    def describe(self) -> dict[str, object]:
        """The declaration in plain values: what makes two loads the same."""
        return {
            "scenarios": {
                part.name: {"profile": part.profile.describe(), **part.scenario.describe()} for part in self.parts
            },
            "propagate_to": list(self.propagate_to),
            "sampling": self.sampling.fraction,
            **self._propagation(),
        }

    def _propagation(self) -> dict[str, object]:
        """Only what is declared: runs that were archived before these fields were there stay the same load."""
        declared: dict[str, object] = {}
        if self.control.fraction:
            declared["control"] = self.control.fraction
        if self.propagators:
            declared["propagators"] = list(self.propagators)
        if self.baggage:
            declared["baggage"] = dict(self.baggage)
        if self.trace_per != "request":
            declared["trace_per"] = self.trace_per
        return declared


Parts = Mapping[str, tuple[AnyScenario, Profile]]
"""Several scenarios in one load: k6's scenario name -> (scenario, profile)."""


def declare_load(
    scenario: AnyScenario | Parts,
    profile: Profile | None,
    *,
    cooldown: str | Duration = "0s",
    shared_over: Sequence[str] = (),
    propagate_to: Sequence[str] = (),
    sampling: Ratio = Ratio(1.0),
    control: Ratio = Ratio(0.0),
    propagator: str | Sequence[str] | None = None,
    baggage: Mapping[str, str] | None = None,
    trace_per: str = "request",
    preflight: bool = True,
) -> Load:
    """Validates and makes a :class:`Load`; see ``k6spec.load`` for the arguments."""
    if isinstance(scenario, (ScriptScenario, FlowScenario)):
        if isinstance(scenario, ScriptScenario) and scenario.own_load:
            if profile is not None:
                reject('options="script" runs the script\'s own load: leave out the profile, or options')
            profile = ScriptsOwn()
        if profile is None:
            reject('a scenario needs a profile, as in k6spec.load(scenario, constant_vus(10, "30s"))')
        scenario = {scenario.name: (scenario, profile)}
    elif not isinstance(scenario, Mapping) or profile is not None:
        reject("write k6spec.load(scenario, profile), or k6spec.load({name: (scenario, profile), …})")
    if not scenario:
        reject('k6spec.load({}) declares no scenario; write k6spec.load({"buy": (buy, constant_vus(10, "30s"))})')
    parts = []
    for name, pair in scenario.items():
        if not (
            isinstance(pair, tuple)
            and len(pair) == 2
            and isinstance(pair[0], (ScriptScenario, FlowScenario))
            and isinstance(pair[1], Profile)
        ):
            reject(
                f'scenario {name!r}: write (scenario, profile), as in (buy, constant_vus(10, "30s")); got {pair!r}'
            )
        if isinstance(pair[0], ScriptScenario) and pair[0].own_load and not isinstance(pair[1], ScriptsOwn):
            reject(
                f'scenario {name!r}: a script with options="script" is a load of its own: k6spec.load(scenario)'
            )
        if not _NAME.fullmatch(name):
            reject(f"scenario {name!r}: k6 takes only letters, digits, _ and - in a scenario's name")
        parts.append(Part(name=name, scenario=pair[0], profile=pair[1]))
    if isinstance(shared_over, str):
        reject(f"shared_over={shared_over!r}: write a list of fixture names, as in shared_over=[{shared_over!r}]")
    if isinstance(propagate_to, str):
        reject(f"propagate_to={propagate_to!r}: write a list of hosts, as in propagate_to=[{propagate_to!r}]")
    if not isinstance(sampling, Ratio):
        reject(f"sampling={sampling!r}: write percent(10)")
    if not isinstance(preflight, bool):
        reject(f"preflight={preflight!r}: write True or False")
    return Load(
        parts=tuple(parts),
        cooldown=duration_of("cooldown", cooldown),
        shared_over=frozenset(shared_over),
        propagate_to=tuple(propagate_to),
        sampling=sampling,
        control=control_of(control),
        propagators=propagators_of(propagator),
        baggage=baggage_of(baggage),
        trace_per=trace_per_of(trace_per),
        preflight=preflight,
        location=caller_location(),
    )
