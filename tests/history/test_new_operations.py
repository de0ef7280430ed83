"""That no operation is new can only be said of what was seen: what was not seen may hold one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from k6spec import Run, baseline, ms
from k6spec.history.past import HistoryPast
from k6spec.judge.family import Family
from k6spec.judge.log import VerdictLog
from k6spec.judge.verdict import Verdict
from tests.support.history import nights
from tests.support.runs import MS, Request, db, entry, make_run

P95: Final = "POST /checkout requests: p95 duration"
KNOWN: Final = {"": 100, "orders server POST /checkout": 100, "orders client SELECT shop": 100}
WHOLE: Final = Request(ms=100, spans=[entry(), db()])
LOST: Final = Request(ms=100)
STOPPED: Final = {
    "by": "http_req_failed",
    "after_ns": 10**9,
    "unmade": [
        {
            "scenario": "buy",
            "elapsed_ns": 5 * 10**9,
            "stage": "peak",
            "planned_vus": 50.0,
            "planned_rate": None,
            "warmup": False,
        }
    ],
}
"""As run.json tells of a load that k6 stopped a second after it began."""


def after_nights(tmp_path: Path, requests: list[Request], *, hung: bool = False, **more: Any) -> Run:
    folder = make_run(tmp_path / "2026-11-01T00-00-00-00000001", requests, **more)
    if hung:
        info = folder.info()
        scenarios = {"buy": {"untold": 50, "due": 100}}
        folder.write_info({**info, "health": {**info["health"], "scenarios": scenarios}})
    values = [float(value) * MS for value in (99, 100, 101, 100, 99.5, 100.5)]
    store = nights(tmp_path / "history", folder.info(), P95, values, operations={"POST /checkout": KNOWN})
    return Run(folder, log=VerdictLog(), past=HistoryPast(store, folder.info(), family=Family(1)))


def operations(run: Run) -> Verdict:
    return run.traces(root="POST /checkout").operations <= baseline()


def test_lost_traces_may_hold_a_new_one(tmp_path: Path) -> None:
    verdict = operations(after_nights(tmp_path, [WHOLE] * 50 + [LOST] * 50))

    assert verdict.outcome == "inconclusive"
    assert verdict.evidence.reason.startswith(
        "50 of 100 traces are missing or incomplete: a new operation may hide in what was not seen; was an SDK's"
    )


def test_dropped_spans_may_be_of_a_new_one(tmp_path: Path) -> None:
    verdict = operations(after_nights(tmp_path, [WHOLE] * 100, spans_dropped=500))

    assert verdict.outcome == "inconclusive"
    assert verdict.evidence.reason.startswith(
        "500 spans were dropped, of unknown traces: a new operation may hide"
    )


def test_a_lost_trace_that_could_make_none_new_is_no_doubt(tmp_path: Path) -> None:
    assert operations(after_nights(tmp_path, [WHOLE] * 99 + [LOST])).outcome == "passed"


def test_one_that_was_seen_is_new_whatever_is_missing(tmp_path: Path) -> None:
    more = Request(ms=100, spans=[entry(), db(), db(service="audit")])

    assert operations(after_nights(tmp_path, [more] * 50 + [LOST] * 50)).outcome == "failed"


@pytest.mark.parametrize("claim", ["operations", "p95"])
def test_of_a_load_that_was_stopped_no_claim_on_all_of_it_passes(tmp_path: Path, claim: str) -> None:
    run = after_nights(tmp_path, [WHOLE] * 100, stopped=STOPPED)

    if claim == "operations":
        verdict = operations(run)
    else:
        verdict = run.http("POST /checkout").duration.p95 <= baseline() + ms(30)

    assert verdict.outcome == "inconclusive"
    assert verdict.evidence.reason.startswith("the load was stopped after 1 s")


def test_of_a_system_that_hung_it_is_not_said_that_none_is_new(tmp_path: Path) -> None:
    verdict = operations(after_nights(tmp_path, [WHOLE] * 100, hung=True))

    assert verdict.outcome == "inconclusive"
    assert verdict.evidence.reason.startswith("k6 interrupted 50 of 100 iterations")
