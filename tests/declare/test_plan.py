"""Plan levels, against the steps that k6 itself makes (lib/executor/ramping_vus.go)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k6spec.declare.plan import plan
from k6spec.declare.profile import Profile, RampingVUs
from k6spec.declare.profiles import (
    constant_arrival_rate,
    constant_vus,
    per_vu_iterations,
    ramping_arrival_rate,
    ramping_vus,
    shared_iterations,
    stage,
)

SECOND = 10**9


def level(profile: Profile, *seconds: float) -> list[float]:
    moments = np.array([round(at * SECOND) for at in seconds], dtype=np.int64)
    return plan(profile).level(moments).tolist()


def stages(profile: Profile, *seconds: float) -> list[str]:
    moments = np.array([round(at * SECOND) for at in seconds], dtype=np.int64)
    return plan(profile).stages(moments).tolist()


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        (constant_vus(5, "10s"), 5),
        (shared_iterations(4, 100), 4),
        (per_vu_iterations(3, 10), 3),
        (constant_arrival_rate(90, "10s", time_unit="1m"), 1.5),
    ],
)
def test_constant_levels_hold_through_the_graceful_stop(profile: Profile, expected: float) -> None:
    assert level(profile, 0, 5, 10, 15) == [expected] * 4


def test_ramps_up_and_down() -> None:
    profile = ramping_vus(stage("10s", 10), stage("5s", 10, name="hold"), stage("10s", 0), start_vus=0)
    assert level(profile, 0, 0.99, 1, 9.99, 10, 12, 15, 15.5, 16.5, 24.5, 25, 30) == [
        *(0, 0, 1, 9, 10, 10, 10),
        *(10, 9, 1, 0, 0),
    ]
    assert stages(profile, 9.9, 10, 14.9, 15, 99) == ["stage 1", "hold", "hold", "stage 3", "stage 3"]


def test_a_stage_of_no_length_jumps() -> None:
    profile = ramping_vus(stage("10s", 10), stage("0s", 50), stage("10s", 50))
    assert level(profile, 9.9, 10, 10.1, 19) == [9, 50, 50, 50]


def test_rates_are_not_rounded() -> None:
    profile = ramping_arrival_rate(stage("10s", 60), start_rate=0, time_unit="1m")
    assert level(profile, 0, 5, 10) == [0, 0.5, 1]


def k6_steps(profile: RampingVUs) -> list[tuple[Fraction, int]]:
    """The (time in ns, VUs) steps that k6 plans: up at the moment a VU is due, down a VU's time later."""
    steps = [(Fraction(0), profile.start_vus)]
    end, current = Fraction(0), profile.start_vus
    for each in profile.stages:
        length, target = each.duration.ns, each.target
        end += length
        change = target - current
        if change and not length:
            steps.append((end, target))
        elif change > 0:
            steps += [
                (end - Fraction(length * (target - vus), change), vus) for vus in range(current + 1, target + 1)
            ]
        elif change < 0:
            steps += [
                (end - Fraction(length * (target - vus + 1), change), vus - 1)
                for vus in range(current, target, -1)
            ]
        current = target
    return steps


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 20),
    st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 20)), min_size=1, max_size=5),
    st.integers(0, 10**6),
)
def test_any_ramp_has_the_levels_that_k6_steps_to(
    start_vus: int, ramps: list[tuple[int, int]], permille: int
) -> None:
    if not any(length for length, _ in ramps) or not (start_vus or any(target for _, target in ramps)):
        return
    profile = ramping_vus(*(stage(f"{ms}ms", target) for ms, target in ramps), start_vus=start_vus)
    moment = profile.length.ns * permille // 10**6
    steps = k6_steps(profile)
    if any(abs(at - moment) < 10 for at, _ in steps[1:]):
        return  # at the very step either is right
    expected = [vus for at, vus in steps if at <= moment][-1]
    assert plan(profile).level(np.array([moment], dtype=np.int64)).tolist() == [expected]
