"""Which traces offending ones are compared with, where more offend than are looked at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from k6spec import Run, ms, percent
from k6spec.explain.explanation import explain
from k6spec.judge.verdict import Verdict
from k6spec.report.failure import failure_message
from k6spec.report.links import Links
from tests.support.runs import Request, db, entry, run_of

SLOW = Request(ms=500, status=503, spans=[entry(ms=490), *[db(ms=20)] * 12])
HEALTHY = Request(ms=30, spans=[entry(ms=28), db(ms=5)])

CLAIMS: dict[str, Callable[[Run], Verdict]] = {
    "a request's time": lambda run: run.http().duration.p95 < ms(200),
    "failures": lambda run: run.http().failed.rate <= percent(1),
    "spans, many a trace": lambda run: run.spans.db().duration.max <= ms(10),
    "calls": lambda run: run.traces().calls(db=True).max <= 2,
}


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_none_that_broke_the_limit_is_a_peer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, claim: Callable[[Run], Verdict]
) -> None:
    monkeypatch.setattr("k6spec.explain.sides.MOST", 5)
    run = run_of(tmp_path, [SLOW] * 40 + [HEALTHY] * 10)

    found = explain(run.database, claim(run))

    assert found.sides is not None
    assert len(found.sides.peers) == 5
    assert {waited(run, trace) for trace in found.sides.peers} == {30}
    assert found.twin is not None
    assert waited(run, found.twin.trace_id) == 30


def asked(name: str, ms: float) -> Request:
    return Request(name=name, ms=ms, spans=[entry(name, ms=ms - 2), db(ms=ms / 2)])


@pytest.mark.parametrize(
    ("worst", "whose"),
    [("GET /report", "a healthy twin of the worst POST /checkout, "), ("POST /checkout", "its healthy twin, ")],
)
def test_a_twin_of_another_operation_than_the_worst_is_told_to_be_so(
    tmp_path: Path, worst: str, whose: str
) -> None:
    checkouts = [asked("POST /checkout", 400)] * 20 + [asked("POST /checkout", 60)] * 20
    run = run_of(tmp_path, [asked(worst, 900), *[asked("GET /report", 50)] * 10, *checkouts])
    verdict = run.http().duration.p95 < ms(200)

    lines = failure_message(run, verdict, Links(root=tmp_path, base=None, ci=False)).lines

    (twin,) = [line.text for line in lines if line.kind == "twin"]
    assert twin.startswith(f"60 ms  {whose}")


def waited(run: Run, trace: str) -> float:
    """How long its client waited, in milliseconds."""
    return float(run.database.value("SELECT client_ns / 1e6 FROM traces WHERE trace_id = unhex(?)", [trace]))
