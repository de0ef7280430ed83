"""Iterations that k6 interrupted and tells nothing of, and VUs that hung in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow.parquet as pq
import pytest

from k6spec import (
    Scenario,
    constant_arrival_rate,
    constant_vus,
    flow,
    per_vu_iterations,
    ramping_arrival_rate,
    ramping_vus,
    shared_iterations,
    stage,
)
from k6spec.declare.load import Part, declare_load
from k6spec.declare.profile import Profile
from k6spec.k6.hung import hung_vus, untold
from k6spec.k6.punctual import MadeIterations, read_iterations
from tests.k6.real_runs import Runner

START = 1_790_000_000_000_000_000


def part(profile: Profile) -> Part:
    return declare_load(Scenario.http(flow.get("/"), name="buy"), profile).parts[0]


def ended(count: int, longest: float = 0.05, *, dropped: int = 0) -> Mapping[str, MadeIterations]:
    """So many iterations that ended, the longest after so many seconds."""
    return {"buy": MadeIterations(begun_ns=np.full(count, START), longest_ns=longest * 1e9, dropped=dropped)}


def hung(profile: Profile, last: Sequence[float | None], longest: float = 0.05) -> int:
    """How many VUs hung, whose last signs of life came so many seconds after the start."""
    alive = {("buy", vu): None if at is None else START + round(at * 1e9) for vu, at in enumerate(last, start=1)}
    found = hung_vus(part(profile), ended(100, longest), START, alive | {("other", 1): START})
    assert found is not None
    return found.vus


@pytest.mark.parametrize(
    ("profile", "told", "lost"),
    [
        (constant_arrival_rate(40, "5s"), 41, True),
        (constant_arrival_rate(40, "5s"), 199, False),
        (ramping_arrival_rate(stage("4s", 50)), 50, True),
        (ramping_arrival_rate(stage("4s", 50)), 100, False),
        (per_vu_iterations(5, 4), 18, True),
        (per_vu_iterations(5, 4), 20, False),
        (shared_iterations(5, 40), 39, True),
        (shared_iterations(5, 40), 40, False),
        (constant_vus(5, "5s"), 3, False),  # how many it should be depends on the system
    ],
)
def test_iterations_that_were_due_and_neither_ended_nor_were_dropped(
    profile: Profile, told: int, lost: bool
) -> None:
    assert (untold(part(profile), ended(told))[0] > 0) is lost


def test_dropped_iterations_are_told() -> None:
    assert untold(part(constant_arrival_rate(40, "5s")), ended(41, dropped=159))[0] == 0


def test_what_had_no_time_to_end_was_not_left_by_the_system() -> None:
    cut = constant_arrival_rate(10, "10s", graceful_stop="0s")

    assert untold(part(cut), ended(70, longest=3.0))[0] == 0


def test_where_none_ended_only_what_had_as_long_as_the_load_counts() -> None:
    assert untold(part(constant_arrival_rate(10, "10s", graceful_stop="0s")), {})[0] == 0
    assert untold(part(constant_arrival_rate(10, "10s", graceful_stop="30s")), {})[0] > 90


def test_vus_that_were_silent_to_the_end_hung() -> None:
    assert hung(constant_vus(5, "3s"), [1.0, 1.0, 1.1, 1.1, 1.2]) == 5
    assert hung(constant_vus(5, "3s"), [1.0, 2.9, 2.9, 3.1, 3.1]) == 1


def test_a_last_iteration_that_the_end_interrupts_is_no_hang() -> None:
    assert hung(constant_vus(3, "30s", graceful_stop="0s"), [21.0, 22.0, 24.0], longest=5.0) == 0


def test_vus_that_are_ramped_down_or_came_late_did_not_hang() -> None:
    down = ramping_vus(stage("2s", 4), stage("8s", 0))  # one stops every two seconds

    assert hung(down, [3.9, 5.9, 7.9, 9.9]) == 0
    assert hung(down, [3.5, 3.5, 3.5, 3.5]) == 3  # the first was to stop at 4 s
    assert hung(ramping_vus(stage("10s", 4)), [9.9, 9.9, 9.9]) == 0


def test_a_second_wave_may_be_made_by_other_vus() -> None:
    waves = ramping_vus(
        stage("0s", 4), stage("5s", 4), stage("0s", 0), stage("5s", 0), stage("0s", 2), stage("5s", 2)
    )

    assert hung(waves, [5.0, 5.0, 14.9, 14.9]) == 0
    assert hung(waves, [5.0, 5.0, 11.0, 11.0]) == 2


def test_a_vu_that_ended_no_iteration_may_have_long_ones() -> None:
    assert hung(constant_vus(3, "10s", graceful_stop="0s"), [None, 9.9, 9.9]) == 0


def test_where_no_iteration_ended_nobody_knows_how_long_one_takes() -> None:
    assert hung_vus(part(constant_vus(1, "10s")), {}, START, {("buy", 1): START}) is None


SCRIPT = """
import http from 'k6/http';
import exec from 'k6/execution';
import { sleep } from 'k6';
export default () => {
    const number = exec.vu.iterationInScenario;
    if (number === 0) http.get('SUT/x');
    sleep(number < LAST ? 0.1 : 60);
};
"""


@pytest.mark.parametrize(("last", "hanging"), [("5", 2), ("1e9", 0)])
def test_k6_tells_which_vus_live_though_they_ask_nothing(k6: Runner, last: str, hanging: int) -> None:
    load = k6.load(SCRIPT.replace("LAST", last), constant_vus(2, "3s", graceful_stop="1s"))
    ran = k6.run(load)
    samples = read_iterations(pq.read_table(ran.result.metrics_path).to_batches())

    found = hung_vus(load.parts[0], samples, ran.result.scenario_starts["user"], ran.result.alive)

    assert found is not None
    assert (found.vus, found.asking) == (hanging, 2)
