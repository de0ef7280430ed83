"""Checks that failed each time are told: k6 fails nothing for them."""

from __future__ import annotations

from pathlib import Path

from k6spec.report.checks import never_held
from tests.support.runs import Request, run_of


def held(check: str, *values: float) -> list[dict[str, object]]:
    return [{"metric": "checks", "type": "rate", "check": check, "value": value, "time_ns": 1} for value in values]


def test_a_check_that_never_held_is_told_and_one_that_held_once_is_not(tmp_path: Path) -> None:
    samples = [*held("GET /x has id", 0, 0, 0), *held("is small", 0, 1)]
    run = run_of(tmp_path, [Request()], samples=samples)

    assert list(never_held(run)) == [
        "checks that failed each time: 'GET /x has id' (3 times); a flow ends where a value to extract is missing"
    ]
