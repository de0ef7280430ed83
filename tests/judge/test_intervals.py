"""Intervals hold the truth as often as they say, on samples that depend on one another too.

Few replications, so the tolerance is that of their number: of one statistic at least 95 % less two points less
three standard errors, and of all of them together 95 % within two points on either side.
``benchmarks/coverage.py`` has the full table.
"""

from __future__ import annotations

import time
from math import inf, sqrt

import numpy as np
import pytest

from k6spec.judge.bounds import bounds
from k6spec.judge.effective import effective_above, inflation, students_t, worth
from k6spec.judge.intervals import OfPercentile, TooFew, at_most, interval
from k6spec.query.reducers import Percentile, PerSecond, ShareOver
from tests.support.queues import Coverage, coverage, draw, population_of

RUNS = 300
LEAST = 0.93 - 3 * sqrt(0.93 * 0.07 / RUNS)
MODELS = [("independent", 1_000), ("AR(1) 0.5", 2_000), ("AR(1) 0.9", 5_000), ("M/M/1 0.5", 5_000)]


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, Coverage]]:
    return {f"{model} {length}": coverage(model, length, RUNS, seed=1) for model, length in MODELS}


@pytest.mark.parametrize("model", [f"{model} {length}" for model, length in MODELS])
def test_95_percent_intervals_hold_95_percent(model: str, found: dict[str, dict[str, Coverage]]) -> None:
    conclusive = {name: counted.holds for name, counted in found[model].items() if counted.given > 0.99}

    assert {"p50", "p95", "mean", "share"} <= set(conclusive)
    assert {name: holds for name, holds in conclusive.items() if holds < LEAST} == {}


def test_no_less_and_no_more_taken_together(found: dict[str, dict[str, Coverage]]) -> None:
    each = [model[name].holds for model in found.values() for name in ("p50", "p95", "mean", "share")]

    assert np.mean(each) == pytest.approx(0.95, abs=0.02)


def test_a_run_that_is_too_short_for_its_memory_is_rarely_wrong_since_it_says_so() -> None:
    found = coverage("M/M/1 0.8", 10_000, RUNS, seed=2)

    assert found["p99"].given < 0.1
    assert max(counted.misses for counted in found.values()) < 1 - LEAST


def test_whether_there_is_an_interval_hardly_hangs_on_how_wide_it_would_be() -> None:
    rng = np.random.default_rng(4)
    runs = [draw("M/M/1 0.8", 30_000, rng) for _ in range(200)]
    enough = [worth(samples) for samples in runs]
    tail = [effective_above(samples, float(np.quantile(samples, 0.99)), least=0.01) for samples in runs]

    assert np.std(np.log(enough)) < np.std(np.log(tail)) / 2
    assert np.corrcoef(np.log(enough), np.log(tail))[0, 1] < 0.4


@pytest.mark.parametrize("share", [0.5, 0.05])
def test_independent_samples_are_worth_themselves(share: float) -> None:
    rng = np.random.default_rng(1)
    runs = [rng.standard_normal(3_000) for _ in range(300)]
    limits = [float(np.quantile(samples, 1 - share)) for samples in runs]
    worths = [effective_above(samples, limit, least=0.01) for samples, limit in zip(runs, limits, strict=True)]

    assert np.mean([3_000 / worth for worth in worths]) == pytest.approx(1, abs=0.1)


def test_a_share_of_very_few_clusters_as_the_nearest_that_is_seen_often_enough() -> None:
    samples = np.repeat(np.random.default_rng(1).exponential(1, 500), 10)
    top = float(np.sort(samples)[-2])

    assert effective_above(samples, top, least=0.02) == effective_above(
        samples, float(np.quantile(samples, 0.98)), least=0.02
    )


@pytest.mark.parametrize("share", [0.01, 0.99])
def test_bursts_of_yes_and_no_are_worth_few(share: float) -> None:
    bursts = (np.random.default_rng(1).random(500) < share).repeat(100).astype(np.float64)

    assert effective_above(bursts, 0.5, least=0.02) < 50_000 / 20


def test_memory_makes_samples_worth_less() -> None:
    rng = np.random.default_rng(1)
    ratios = [inflation(np.log(draw("AR(1) 0.8", 5_000, rng))) for _ in range(100)]

    assert np.mean([ratio for ratio in ratios if ratio is not None]) == pytest.approx(1.8 / 0.2, rel=0.15)


def test_students_t_is_the_tables() -> None:
    assert students_t(0.95) == pytest.approx(2.4469, abs=1e-4)  # 6 degrees of freedom
    assert students_t(0.99) == pytest.approx(3.7074, abs=1e-4)


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


def test_an_interval_that_reaches_beyond_what_was_seen_is_open_there() -> None:
    samples = np.arange(101.0)

    def ends(q: float) -> tuple[float, float]:
        return OfPercentile(effective=100.0, q=q, half=0.02).ends(lambda end: (end(samples), end(samples)))

    assert ends(99) == (97, inf)
    assert ends(1) == (-inf, 3)


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
