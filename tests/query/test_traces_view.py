"""Which traces are complete, and that archives of older columns can be read."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from k6spec import ms
from k6spec.store.archive import REQUESTS
from tests.support.runs import Request, db, entry, run_of


def complete(run: object) -> list[bool]:
    rows = run.database.rows("SELECT complete FROM traces ORDER BY request_id")  # type: ignore[attr-defined]
    return [value for (value,) in rows]


def journey(*steps: Request) -> list[Request]:
    for step in steps:
        step.journey = "buy"
        step.in_trace = 0
    return list(steps)


def step(name: str, *, traced: bool = True) -> Request:
    return Request(name=name, spans=[entry(name)] if traced else [])


def test_a_journey_is_complete_when_each_of_its_requests_has_its_entry(tmp_path: Path) -> None:
    run = run_of(tmp_path, journey(step("GET /a"), step("POST /b")))
    assert complete(run) == [True]


def test_a_journey_that_lacks_one_request_is_not(tmp_path: Path) -> None:
    requests = [*journey(step("GET /a"), step("POST /b", traced=False)), step("POST /b")]
    requests[2].journey = "buy"
    assert complete(run_of(tmp_path, requests)) == [False, True]


def test_an_operation_that_never_has_an_entry_is_no_gap_in_a_journey(tmp_path: Path) -> None:
    run = run_of(tmp_path, journey(step("GET /a"), step("GET /static.css", traced=False)))
    assert complete(run) == [True]


def test_an_archive_from_before_a_column_was_there_is_judged_all_the_same(tmp_path: Path) -> None:
    run = run_of(tmp_path, [Request(spans=[entry(), db(ms=5)]) for _ in range(3)])
    path = run.folder.path / REQUESTS
    older = pq.read_table(path).drop_columns(["protocol", "control", "journey", "correlation_id"])
    pq.write_table(older, path)

    assert run.spans.db().duration.max <= ms(200)
    assert run.database.rows("SELECT DISTINCT journey, control FROM requests") == [(None, None)]
