"""Traces that have fewer spans the higher the load is."""

from __future__ import annotations

from pathlib import Path

from k6spec.report.thinning import thinning
from tests.support.runs import Request, db, entry, run_of


def requests(vus: int, queries: int, count: int = 60) -> list[Request]:
    return [Request(vus=vus, spans=[entry(), *[db()] * (queries + number % 2)]) for number in range(count)]


def test_a_fall_under_load_is_told(tmp_path: Path) -> None:
    (said,) = thinning(run_of(tmp_path, [*requests(10, 8), *requests(50, 4)]))

    assert said == (
        "traces of POST /checkout have 9.5 spans up to a planned load of 10, and 5.5 from 50 on: does a sampler, "
        "or an SDK's full queue, drop spans under load?"
    )


def test_from_where_on_it_is_told_is_a_setting(tmp_path: Path) -> None:
    run = run_of(tmp_path, [*requests(10, 8), *requests(50, 4)])

    assert not list(thinning(run, fall=0.5))
    assert not list(thinning(run, fewest=61))


def test_as_many_or_more_are_nothing(tmp_path: Path) -> None:
    assert not list(thinning(run_of(tmp_path / "a", [*requests(10, 8), *requests(50, 8)])))
    assert not list(thinning(run_of(tmp_path / "b", [*requests(10, 8), *requests(50, 20)])))


def test_a_steady_load_has_no_more_and_less(tmp_path: Path) -> None:
    assert not list(thinning(run_of(tmp_path, [*requests(50, 8), *requests(50, 4)])))


def test_few_traces_say_nothing(tmp_path: Path) -> None:
    assert not list(thinning(run_of(tmp_path, [*requests(10, 8, 20), *requests(50, 4, 20)])))
