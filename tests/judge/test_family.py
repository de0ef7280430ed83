"""False discoveries over a session, and the statistics that claims against a baseline rest on."""

from __future__ import annotations

import numpy as np
import pytest

from k6spec.judge.family import Family
from k6spec.judge.past import Known
from k6spec.judge.regression import measure_noise, share_tail
from k6spec.judge.students import t_quantile, t_tail


@pytest.mark.parametrize(
    ("tail", "freedom", "value"),  # of the tables in any textbook
    [(0.05, 4, 2.132), (0.05, 9, 1.833), (0.01, 9, 2.821), (0.025, 1, 12.706), (0.0005, 19, 3.883)],
)
def test_students_t_is_that_of_the_tables(tail: float, freedom: int, value: float) -> None:
    assert t_quantile(tail, freedom) == pytest.approx(value, abs=5e-4)
    assert t_tail(value, freedom) == pytest.approx(tail, rel=2e-3)
    assert t_tail(-value, freedom) == pytest.approx(1 - tail, rel=2e-3)


def test_one_claim_is_judged_at_its_own_level() -> None:
    assert Family().admits(0.049, 0.05)
    assert not Family().admits(0.051, 0.05)


def test_the_first_of_a_hundred_claims_is_judged_as_one_of_a_hundred() -> None:
    assert not Family(100).admits(0.001, 0.05)
    assert Family(100).admits(0.0005, 0.05)


def test_what_is_admitted_early_is_admitted_by_the_whole_procedure() -> None:
    source = np.random.default_rng(7)
    for _ in range(200):
        p = np.where(source.random(40) < 0.3, source.random(40) * 0.01, source.random(40))
        family = Family(40)
        early = {index for index, value in enumerate(p) if family.admits(float(value), 0.05)}

        ranked = np.sort(p)
        most = max((rank for rank, value in enumerate(ranked, 1) if value <= 0.05 * rank / 40), default=0)
        whole = {index for index, value in enumerate(p) if value <= 0.05 * most / 40}

        assert early <= whole
        assert family.admitted_late() == len(whole) - len(early)


def test_noise_is_that_between_runs() -> None:
    known = [
        Known(run_id=str(index), value=value, members=100) for index, value in enumerate((90.0, 100.0, 110.0))
    ]

    noise = measure_noise(known, known, share=None, ratios=False)

    assert noise.centre == 100
    assert noise.deviation == pytest.approx(10)
    assert noise.error == pytest.approx(10 * np.sqrt(1 + 1 / 3))


@pytest.mark.parametrize(("failures", "p"), [(1, 1 / 11), (2, 1 / 121)])
def test_runs_without_a_failure_do_not_prove_that_there_never_is_one(failures: int, p: float) -> None:
    clean = [Known(run_id=str(index), value=0.0, members=1_000) for index in range(10)]

    assert share_tail(failures / 1_000, 1_000, 0.0, clean) == pytest.approx(p)


def test_a_share_beyond_its_limit_is_weighed_by_its_draws() -> None:
    five = [Known(run_id=str(index), value=0.005, members=1_000) for index in range(10)]

    assert share_tail(0.012, 1_000, 0.01, five) > 0.2
    assert share_tail(0.03, 1_000, 0.01, five) < 1e-6
