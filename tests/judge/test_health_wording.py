"""The words with which a measurement that is not sound lets no latency claim pass."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from k6spec.judge.health import Health, Tolerances


@pytest.mark.parametrize(
    ("health", "words"),
    [
        (
            Health(iterations=950, dropped_iterations=50),
            snapshot(
                [
                    "k6 dropped 50 iterations (5 %): the declared load was not made; raise max_vus, or lower the rate"
                ]
            ),
        ),
        (
            Health(planned_vus=50, idle_vus=20),
            snapshot(
                [
                    "20 of 50 planned VUs made no request: the declared load was not made; load longer than an iteration takes, or plan fewer VUs"
                ]
            ),
        ),
        (
            Health(k6_cpu=0.97, cores=2),
            snapshot(
                [
                    "k6 took 97 % of its 2 cores, so its times may include its own waiting for a core; give it more cores, or plan a smaller load"
                ]
            ),
        ),
        (
            Health(late_ns=350e6),
            snapshot(
                [
                    "k6 began iterations 350 ms late, so users did not come as declared; give it more cores, or plan a smaller load"
                ]
            ),
        ),
        (
            Health(clock_step_ns=2_000_000_000),
            snapshot(
                [
                    "this machine's clock was set by 2 s during the load, so it is not known when requests were sent; let NTP adjust it slowly (slew), and load again"
                ]
            ),
        ),
        (
            Health(
                scenarios={
                    "buy": {"vus": 5, "asking": 5, "last_ns": 980_000_000, "length_ns": 3_000_000_000},
                    "pay": {"untold": 159, "due": 200, "dropped": 3, "planned": 100},
                }
            ),
            snapshot(
                [
                    "k6 interrupted 159 of 200 iterations of pay that had the time to end, and tells nothing of their last requests; the system hung, or gracefulStop is too short",
                    "k6 interrupted 5 of 5 VUs of buy in the middle of an iteration that lasted longer than gracefulStop (last sign of life at 980 ms of 3 s); the system hung, or gracefulStop is too short",
                    "k6 dropped 3 iterations of pay (3 %): the declared load was not made; raise max_vus, or lower the rate",
                ]
            ),
        ),
    ],
    ids=["dropped", "idle", "cpu", "late", "clock", "hung"],
)
def test_symptoms(health: Health, words: list[str]) -> None:
    assert list(health.symptoms(Tolerances())) == words
