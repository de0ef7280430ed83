"""Where nightly series changed. Series are drawn with fixed seeds, with noise as measured between real runs.

In fourteen loads of the demo shop on a two-core machine (2026-11-28) the p50 of requests differed by 3 % from one
run to another (one standard deviation of logarithms) over the first seven, and by 22 % over all, for other work
came: 3 % it is where nothing else is said. ``python -m benchmarks changes`` has the power at more and less.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from k6spec.history.changes import find_changes
from k6spec.history.series import changes_in
from k6spec.query.population import Floats
from tests.support.history import commit, nights

NOISE = 0.03
INFO = {
    "profile": {"scenarios": {"buy": {}}},
    "spec": "specs/test_shop.py:7",
    "fingerprint": "f" * 16,
    "environment": {"base_url": "http://127.0.0.1:1"},
}


def series(seed: int, count: int = 30, *, noise: float = NOISE) -> Floats:
    """So many unchanged nights, around 6.4 ms."""
    return 6.4e6 * np.exp(np.random.default_rng(seed).normal(size=count) * noise)


def test_a_regression_of_ten_per_cent_is_found_at_its_night() -> None:
    values = series(1)
    values[19:] *= 1.1

    (change,) = find_changes({"p50": values})["p50"]

    assert change.at == 19
    assert change.share == pytest.approx(0.10, abs=0.02)


def test_three_nights_on_the_far_side_are_enough() -> None:
    values = series(2, noise=0.01)
    values[27:] *= 1.1

    (change,) = find_changes({"p50": values})["p50"]

    assert change.at == pytest.approx(27, abs=1)


def test_two_changes_are_two() -> None:
    values = series(3, noise=0.02)
    values[10:] *= 1.1
    values[20:] *= 0.85

    found = find_changes({"p50": values})["p50"]

    assert [change.at for change in found] == pytest.approx([10, 20], abs=1)
    assert found[1].before == pytest.approx(found[0].after)


@pytest.mark.parametrize("seed", range(5))
def test_thirty_unchanged_nights_raise_no_alarm_in_any_night(seed: int) -> None:
    values = {f"statistic {number}": series(100 * seed + number) for number in range(20)}

    alarms = [night for night in range(8, 31) if find_changes({name: v[:night] for name, v in values.items()})]

    assert alarms == []


def test_one_busy_night_is_no_change() -> None:
    values = series(4)
    values[15] *= 2

    assert find_changes({"p50": values}) == {}


def test_what_never_changes_and_what_is_short_are_left_out() -> None:
    assert find_changes({"db calls": [8.0] * 30, "short": [1.0, 2.0] * 3}) == {}


def test_a_count_that_rises_by_one_is_found() -> None:
    assert [change.at for change in find_changes({"db calls": [8.0] * 20 + [9.0] * 10})["db calls"]] == [20]


def test_the_commits_between_which_it_came_are_named(tmp_path: Path) -> None:
    values = series(1)
    values[19:] *= 1.1
    store = nights(tmp_path, INFO, "requests: p50 duration", values.tolist())

    (found,), looked_at = changes_in(store.entries(), branch="main")

    assert (found.last.commit, found.first.commit) == (commit(19), commit(20))
    assert (looked_at, found.nights) == (1, 30)


def test_other_branches_and_changed_work_trees_are_left_out(tmp_path: Path) -> None:
    values = series(1)
    values[19:] *= 1.1
    store = nights(tmp_path, INFO, "requests: p50 duration", values.tolist(), git={"dirty": True})

    assert changes_in(store.entries(), branch="main") == ([], 0)
    assert changes_in(store.entries(), branch="feature") == ([], 0)
