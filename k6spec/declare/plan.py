"""What a profile planned at each moment: its stage, its VUs, its rate. Pure arithmetic on the declaration."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import final

import numpy as np
from numpy.typing import NDArray

from k6spec.declare.profile import (
    ConstantArrivalRate,
    ConstantVUs,
    Iterations,
    Profile,
    RampingArrivalRate,
    RampingVUs,
    Stage,
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of a profile that is linear in time. Levels are VUs, or iterations per second."""

    start_ns: int
    end_ns: int
    level_from: float
    level_to: float
    stage: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A profile over its own time. ``vus`` tells whether levels are VUs or a rate per second."""

    segments: tuple[Segment, ...]
    vus: bool

    def segment_index(self, elapsed_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """The segment of each moment; the last one for what comes after the end (graceful stop)."""
        edges = np.array([segment.end_ns for segment in self.segments[:-1]], dtype=np.int64)
        return np.searchsorted(edges, elapsed_ns, side="right")

    def level(self, elapsed_ns: NDArray[np.int64]) -> NDArray[np.float64]:
        """The planned level at each moment.

        VUs are whole: as k6 plans them, a VU counts from the moment it starts on the way up, and until the
        moment it is to stop on the way down.
        """
        index = self.segment_index(elapsed_ns)
        start, end, low, high = (
            np.array([getattr(segment, field) for segment in self.segments], dtype=np.float64)[index]
            for field in ("start_ns", "end_ns", "level_from", "level_to")
        )
        share = np.clip((elapsed_ns - start) / np.maximum(end - start, 1), 0.0, 1.0)
        level = low + (high - low) * share
        if not self.vus:
            return level
        level = np.round(level, 9)
        return np.where(high >= low, np.floor(level), np.ceil(level))

    def stages(self, elapsed_ns: NDArray[np.int64]) -> NDArray[np.object_]:
        """The stage's name at each moment."""
        names = np.array([segment.stage for segment in self.segments], dtype=object)
        return names[self.segment_index(elapsed_ns)]


def plan(profile: Profile) -> Plan:
    """The plan of a profile, in time since the profile's own start."""
    match profile:
        case ConstantVUs() | Iterations():
            return Plan(segments=(_flat(profile, profile.vus),), vus=True)
        case ConstantArrivalRate():
            per_second = profile.rate * 10**9 / profile.time_unit.ns
            return Plan(segments=(_flat(profile, per_second),), vus=False)
        case RampingVUs():
            return Plan(segments=_ramps(profile.start_vus, profile.stages, 1.0), vus=True)
        case RampingArrivalRate():
            scale = 10**9 / profile.time_unit.ns
            return Plan(segments=_ramps(profile.start_rate, profile.stages, scale), vus=False)
    raise TypeError(f"no plan for {type(profile).__name__}")


def _flat(profile: Profile, level: float) -> Segment:
    return Segment(start_ns=0, end_ns=profile.length.ns, level_from=level, level_to=level, stage=profile.executor)


def _ramps(first: int, stages: tuple[Stage, ...], scale: float) -> tuple[Segment, ...]:
    ends = [0]
    for stage in stages:
        ends.append(ends[-1] + stage.duration.ns)
    targets = [first, *(stage.target for stage in stages)]
    return tuple(
        Segment(
            start_ns=start,
            end_ns=end,
            level_from=low * scale,
            level_to=high * scale,
            stage=stage.name or f"stage {number}",
        )
        for number, (stage, (start, end), (low, high)) in enumerate(
            zip(stages, pairwise(ends), pairwise(targets), strict=True), start=1
        )
    )
