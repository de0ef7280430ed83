"""Requests that failed are told, whatever was claimed."""

from __future__ import annotations

from pathlib import Path

from k6spec.report.failing import failing
from tests.support.runs import Request, run_of


def test_what_fails_is_told_by_operation(tmp_path: Path) -> None:
    logins = [Request(name="POST /login", status=401)] * 2 + [Request(name="POST /login")]
    run = run_of(tmp_path, [*logins, *[Request(name="GET /orders")] * 5])

    assert list(failing(run, above=0.01)) == [
        "25 % of the requests failed: 2 of 3 POST /login; "
        "what an iteration does after a failure may have been left out"
    ]


def test_few_failures_are_not_told(tmp_path: Path) -> None:
    run = run_of(tmp_path, [Request(status=500), *[Request()] * 99])

    assert list(failing(run, above=0.01)) == []
