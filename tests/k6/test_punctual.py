"""Whether k6 made the declared load: VUs that made no request, iterations that began late."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pytest

from k6spec import (
    Load,
    Scenario,
    constant_arrival_rate,
    constant_vus,
    flow,
    ms,
    ramping_arrival_rate,
    ramping_vus,
    shared_iterations,
    stage,
)
from k6spec.declare.load import declare_load
from k6spec.declare.profile import Profile
from k6spec.k6.punctual import MadeIterations, idle_vus, lateness_ns, read_iterations

START = 1_790_000_000_000_000_000
MS = 1_000_000


def load(profile: Profile) -> Load:
    return declare_load(Scenario.http(flow.get("/"), name="buy"), profile)


def requests(vus: int) -> list[pa.RecordBatch]:
    """One request of each VU."""
    made = pa.table({"scenario": ["buy"] * vus, "vu": pa.array(range(1, vus + 1), pa.int32())})
    return made.to_batches(max_chunksize=7)


def iterations(begun_ms: np.ndarray, lasted_ms: float = 30.0, *, dropped: int = 0) -> Mapping[str, MadeIterations]:
    """k6's samples of iterations that began then, after the scenario's start."""
    ends = START + ((begun_ms + lasted_ms) * MS).astype(np.int64)
    samples = pa.table(
        {
            "metric": ["iteration_duration"] * len(ends) + ["dropped_iterations"] * dropped,
            "scenario": ["buy"] * (len(ends) + dropped),
            "time_ns": [*ends.tolist(), *[START] * dropped],
            "value": [lasted_ms] * len(ends) + [1.0] * dropped,
        }
    )
    return read_iterations(samples.to_batches(max_chunksize=7))


NONE = iterations(np.empty(0))


@pytest.mark.parametrize(
    ("profile", "idle"),
    [
        (constant_vus(50, "10s"), (12, 50)),
        (ramping_vus(stage("2s", 40), stage("8s", 40)), (2, 40)),
        (ramping_vus(stage("2s", 50), stage("2s", 0)), (0, 37)),  # the last VUs run for less than a second
        (shared_iterations(50, 60), (0, 0)),  # who is quick takes them all
        (constant_arrival_rate(50, "10s"), (0, 0)),  # VUs are there in case
    ],
)
def test_vus_that_made_no_request(profile: Profile, idle: tuple[int, int]) -> None:
    assert idle_vus(load(profile), requests(38), NONE)["buy"] == idle


def test_vus_whose_first_iteration_may_not_have_ended_are_not_idle() -> None:
    slow = iterations(np.array([0.0]), lasted_ms=6000)

    assert idle_vus(load(constant_vus(50, "10s")), requests(38), slow)["buy"] == (0, 0)


def test_vus_that_browse_make_no_requests_of_k6s_own() -> None:
    metrics = ["iteration_duration", "browser_http_req_duration"]
    samples = pa.table(
        {"metric": metrics, "scenario": ["buy"] * 2, "time_ns": [START + 90 * MS] * 2, "value": [80.0, 20.0]}
    )
    browsing = read_iterations(samples.to_batches())

    assert idle_vus(load(constant_vus(2, "10s")), requests(0), browsing)["buy"] == (0, 0)


def late(profile: Profile, samples: Mapping[str, MadeIterations]) -> float | None:
    return lateness_ns(load(profile), samples, {"buy": START})


def test_iterations_in_time_are_not_late() -> None:
    due = np.arange(500) * 20.0

    assert late(constant_arrival_rate(50, "10s"), iterations(due)) == pytest.approx(0, abs=ms(1).ns)


@pytest.mark.parametrize("delay", [80.0, 400.0])
def test_a_delay_of_many_is_measured(delay: float) -> None:
    due = np.arange(500) * 20.0
    due[200:300] += delay

    assert late(constant_arrival_rate(50, "10s"), iterations(due)) == pytest.approx(delay * MS, rel=0.3)


def test_a_delay_of_a_few_does_not_count() -> None:
    due = np.arange(500) * 20.0
    due[200:205] += 200

    assert late(constant_arrival_rate(50, "10s"), iterations(due)) == pytest.approx(0, abs=ms(1).ns)


def test_iterations_that_were_interrupted_make_no_others_late() -> None:
    due = np.delete(np.arange(500) * 20.0, [30, 400, 401])

    assert late(constant_arrival_rate(50, "10s"), iterations(due)) == pytest.approx(0, abs=ms(1).ns)


def test_a_ramp_is_followed() -> None:
    # From 0 to 100 a second in 10 s: the n-th begins when t² · 5 = n.
    due = np.sqrt(np.arange(500) / 5) * 1000

    assert late(ramping_arrival_rate(stage("10s", 100)), iterations(due)) == pytest.approx(0, abs=ms(20).ns)


def test_where_it_cannot_be_said_nothing_is() -> None:
    due = np.arange(500) * 20.0
    assert late(constant_arrival_rate(50, "10s"), iterations(due, dropped=1)) is None
    assert late(constant_arrival_rate(50, "10s"), iterations(due[:5])) is None
    assert late(constant_vus(50, "10s"), iterations(due)) is None
