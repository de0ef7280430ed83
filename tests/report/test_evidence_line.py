"""The last words of a message: what is missing, and how sure the number is."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from k6spec import ms
from k6spec.report.failure import failure_message
from k6spec.report.links import Links
from tests.support.runs import Request, db, entry, run_of


def evidence(tmp_path: Path, verdict: object, run: object) -> str:
    text = str(failure_message(run, verdict, Links(root=tmp_path)))  # type: ignore[arg-type]
    return next(line for line in text.splitlines() if "evidence (" in line)


def healthy(count: int) -> list[Request]:
    durations = np.random.default_rng(1).exponential(20, count) + 25
    return [Request(ms=float(value), spans=[entry(), db(ms=5)]) for value in durations]


def test_nothing_missing(tmp_path: Path) -> None:
    run = run_of(tmp_path, healthy(50))
    assert evidence(tmp_path, run.spans.db().duration.max < ms(1), run).endswith("nothing of it is missing")


def test_dropped_spans_that_cannot_change_it(tmp_path: Path) -> None:
    run = run_of(tmp_path, healthy(50), spans_dropped=3)
    assert "3 dropped spans missing cannot change this" in evidence(
        tmp_path, run.spans.db().duration.max < ms(1), run
    )


def test_the_ends_of_an_interval(tmp_path: Path) -> None:
    run = run_of(tmp_path, healthy(2000))
    line = evidence(tmp_path, run.http().duration.median.sure(0.95) < ms(1), run)
    assert "95 % sure, of samples worth" in line
    assert "nothing of it is missing (between" in line
