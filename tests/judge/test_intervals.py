"""Intervals hold the truth as often as they say, on samples that depend on one another too.

Few replications, so the tolerance is that of their number: at least 95 % less two points less three standard
errors. ``benchmarks/coverage.py`` has the full table.
"""

from __future__ import annotations

import time
from math import sqrt

import numpy as np
import pytest

from k6spec.judge.bounds import bounds
from k6spec.judge.effective import inflation, students_t
from k6spec.judge.intervals import TooFew, at_most, interval
from k6spec.query.reducers import Percentile, PerSecond, ShareOver
from tests.support.queues import coverage, draw, population_of

RUNS = 300
LEAST = 0.93 - 3 * sqrt(0.93 * 0.07 / RUNS)


@pytest.mark.parametrize(
    ("model", "length"),
    [("independent", 5_000), ("AR(1) 0.5", 2_000), ("AR(1) 0.9", 20_000), ("M/M/1 0.5", 5_000)],
)
def test_95_percent_intervals_hold_95_percent(model: str, length: int) -> None:
    found = coverage(model, length, RUNS, seed=1)

    conclusive = {name: counted.holds for name, counted in found.items() if counted.given > 0.99}
    assert {"p50", "p95", "mean", "share"} <= set(conclusive)
    assert {name: holds for name, holds in conclusive.items() if holds < LEAST} == {}


def test_a_run_that_is_too_short_for_its_memory_is_rarely_wrong_since_it_says_so() -> None:
    found = coverage("M/M/1 0.8", 10_000, RUNS, seed=2)

    assert found["p99"].given < 0.1
    assert max(counted.misses for counted in found.values()) < 1 - LEAST


def test_independent_samples_are_worth_themselves() -> None:
    rng = np.random.default_rng(1)
    ratios = [inflation(rng.standard_normal(3_000)) for _ in range(200)]

    assert np.mean([ratio for ratio in ratios if ratio is not None]) == pytest.approx(1, abs=0.1)


def test_memory_makes_samples_worth_less() -> None:
    rng = np.random.default_rng(1)
    ratios = [inflation(np.log(draw("AR(1) 0.8", 5_000, rng))) for _ in range(100)]

    assert np.mean([ratio for ratio in ratios if ratio is not None]) == pytest.approx(1.8 / 0.2, rel=0.15)


def test_students_t_is_the_tables() -> None:
    assert students_t(0.95) == pytest.approx(2.1098, abs=1e-3)  # 17 degrees of freedom
    assert students_t(0.99) == pytest.approx(2.8982, abs=3e-3)


def test_the_rule_of_three() -> None:
    assert at_most(4_812, 0.95) == pytest.approx(3 / 4_812, rel=0.01)


def test_the_order_of_requests_is_what_counts_not_that_of_the_rows() -> None:
    rng = np.random.default_rng(3)
    samples = draw("M/M/1 0.5", 5_000, rng)
    ordered = population_of(samples)
    shuffle = rng.permutation(len(samples))
    assert ordered.starts is not None

    other = population_of(samples[shuffle])
    mixed = type(other)(**{**_fields(other), "starts": ordered.starts[shuffle]})

    assert interval(Percentile(95), mixed, 0.95) == interval(Percentile(95), ordered, 0.95)


def test_p99_of_thirty_samples_has_no_interval() -> None:
    found = interval(Percentile(99), population_of(np.arange(30.0)), 0.95)

    assert isinstance(found, TooFew)
    assert found.needed == pytest.approx(800)


def test_a_hundred_thousand_samples_are_judged_at_once() -> None:
    population = population_of(draw("M/M/1 0.8", 100_000, np.random.default_rng(1)))
    begun = time.process_time()
    interval(Percentile(95), population, 0.95)

    assert time.process_time() - begun < 2  # seconds of CPU; it takes some 0.02


def test_a_share_of_none_still_has_an_upper_end() -> None:
    found = interval(ShareOver(50.0), population_of(draw("independent", 2_000, np.random.default_rng(1))), 0.95)

    assert not isinstance(found, TooFew)
    lowest, highest = found.ends(lambda _end: (0.0, 0.0))
    assert lowest == 0
    assert 1 / 2_000 < highest < 10 / 2_000


def test_a_steady_rate_is_sure_and_a_bursty_one_is_not() -> None:
    def width(starts: np.ndarray) -> float:
        population = population_of(np.ones(len(starts)))
        timed = type(population)(**{**_fields(population), "starts": starts * 1e9})
        found = interval(PerSecond(60.0), timed, 0.95)
        assert not isinstance(found, TooFew)
        lowest, highest = found.ends(lambda end: bounds(end, timed))
        return highest - lowest

    steady = np.linspace(0, 60, 6_000)
    bursty = np.sort(
        np.concatenate(
            [np.linspace(0, 60, 1_000), *[np.linspace(at, at + 3, 1_000) for at in (5, 20, 28, 41, 55)]]
        )
    )

    assert width(steady) < 2
    assert width(bursty) > 10 * width(steady)


def _fields(population: object) -> dict[str, object]:
    return {name: getattr(population, name) for name in population.__slots__}  # type: ignore[attr-defined]
