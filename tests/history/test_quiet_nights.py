"""A hundred claims against baselines a night: they don't cry wolf, and see what is there. Seeds are fixed.

``python -m benchmarks baselines`` has the figures over many nights.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.baselines import CLAIMS, draw, judge_night

NIGHTS = 40


def failures(limit: float, *, common: float, controlled: bool = True) -> list[int]:
    """How many of a hundred claims fail in each night of an unchanged system, twenty runs behind it."""
    source = np.random.default_rng(3)
    counts = []
    for _ in range(NIGHTS):
        drawn = draw(source, 21, common=common)
        verdicts = judge_night(drawn[:-1], drawn[-1], limit, controlled=controlled)
        counts.append([verdict.outcome for verdict in verdicts].count("failed"))
    return counts


def test_without_control_a_hundred_claims_would_cry_wolf_five_times_a_night() -> None:
    assert np.mean(failures(1.0, common=0.0, controlled=False)) == pytest.approx(5, abs=1)


@pytest.mark.parametrize("common", [0.0, 0.5])
def test_with_it_nights_with_any_failure_are_rare_even_at_the_tightest_limit(common: float) -> None:
    assert np.mean(np.array(failures(1.0, common=common)) > 0) <= 0.1


def test_at_the_limit_that_is_advised_every_night_is_green() -> None:
    source = np.random.default_rng(4)
    drawn = draw(source, 20 + NIGHTS)
    advised = judge_night(drawn[:20], drawn[20], 1.001)[0].evidence.compared
    assert advised is not None
    limit = float(advised.holdable.split()[0])

    outcomes = {
        verdict.outcome
        for night in range(20, 20 + NIGHTS)
        for verdict in judge_night(drawn[night - 20 : night], drawn[night], limit)
    }

    assert outcomes == {"passed"}


def test_what_regressed_far_beyond_its_limit_is_found_and_nothing_else() -> None:
    drawn = draw(np.random.default_rng(5), 21)
    tonight = drawn[-1] * np.where(np.arange(CLAIMS) < 10, 1.3, 1)

    outcomes = [verdict.outcome for verdict in judge_night(drawn[:-1], tonight, 1.15)]

    assert outcomes[:10].count("failed") >= 9
    assert outcomes[10:].count("failed") == 0
