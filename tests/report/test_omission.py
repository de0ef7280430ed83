"""Coordinated omission: told where a closed model flattered a latency, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from random import Random

from k6spec.report.omission import omission
from k6spec.run import Run
from tests.support.runs import Request, run_of


def judged(tmp_path: Path, requests: list[Request], unit: str = "ns") -> Run:
    """A run of which something of this unit was claimed."""
    run = run_of(tmp_path, requests)
    run.folder.add_verdicts([{"nodeid": "a", "claim": "b", "outcome": "passed", "unit": unit}])
    return run


def steady(vus: float | None = 5) -> list[Request]:
    """100 requests a second of some 10 ms for 20 s, one of a hundred much slower."""
    random = Random(1)
    return [
        Request(ms=200 if number % 100 == 7 else random.uniform(5, 15), at_ms=number * 10, vus=vus)
        for number in range(2000)
    ]


def with_a_stall(vus: float | None = 5) -> list[Request]:
    """The same without the slow ones, and the whole system stands still from 8 s to 11 s: five requests wait."""
    going = [request for request in steady(vus) if request.ms < 100 and not 8000 <= (request.at_ms or 0) < 11_000]
    return going + [Request(ms=3000, at_ms=8000 + number, vus=vus) for number in range(5)]


def test_a_stall_that_a_closed_model_hid_is_told(tmp_path: Path) -> None:
    (remark,) = omission(judged(tmp_path, with_a_stall()))

    assert "while POST /checkout was slow, it was asked less often" in remark
    assert "its p99 is 3 s, over requests 14.9 ms" in remark


def test_slow_requests_that_are_spread_evenly_are_no_omission(tmp_path: Path) -> None:
    assert list(omission(judged(tmp_path, steady()))) == []


def test_an_open_model_omits_nothing(tmp_path: Path) -> None:
    assert list(omission(judged(tmp_path, with_a_stall(vus=None)))) == []


def test_a_ramp_alone_is_no_omission(tmp_path: Path) -> None:
    ramp = [
        Request(ms=5 + vus, at_ms=second * 1000 + number * 1000 / vus / 10, vus=vus)
        for second, vus in enumerate(range(1, 31))
        for number in range(vus * 10)
    ]
    assert list(omission(judged(tmp_path, ramp))) == []


def test_without_a_claim_about_time_nothing_is_said(tmp_path: Path) -> None:
    assert list(omission(judged(tmp_path, with_a_stall(), unit="count"))) == []


def test_a_run_without_requests_of_a_plan_says_nothing(tmp_path: Path) -> None:
    assert list(omission(judged(tmp_path, [Request(vus=None, scenario=None)]))) == []
