"""A run with failing claims, as a session leaves it, for tests of its report."""

from __future__ import annotations

from pathlib import Path

from k6spec import Scenario, flow, ms, percent, ramping_vus, stage
from k6spec.declare.load import declare_load
from k6spec.judge.record import record
from k6spec.judge.when import windows
from k6spec.report.failure import failure_message
from k6spec.report.links import Links
from k6spec.run import Run
from k6spec.store.archive import RunFolder
from tests.support.runs import Request, Span, db, entry, make_run

RUN_ID = "2026-11-01T00-00-00-00000001"
SLOW = "SELECT stock FROM shelf WHERE sku = ?"


def requests(count: int = 120, *, text: str = "") -> list[Request]:
    """Two operations in a ramp and a peak; every twentieth request waits for a statement, every thirtieth fails.

    ``text`` is put into every text that the system sends.
    """
    made = []
    for number in range(count):
        slow, failed, peak = number % 20 == 7, number % 30 == 9, number >= count // 3
        name = f"{'GET /orders' if number % 3 == 0 else 'POST /checkout'}{text}"
        spans = [
            entry(name, ms=350 if slow else 20, service=f"orders{text}", attributes={f"sku{text}": text}),
            db(f"{SLOW}{text}", ms=320 if slow else 5, service=f"stock{text}"),
            Span(name=f"render{text}", service=f"orders{text}", ms=2, kind="internal",
                 status="error" if failed else "unset"),
        ]  # fmt: skip
        made.append(
            Request(
                name=name,
                ms=360 if slow else 25,
                status=500 if failed else 200,
                at_ms=50 * number,
                vus=50 if peak else 20,
                stage="peak" if peak else "ramp",
                spans=spans,
            )
        )
    return made


def judged_run(path: Path, made: list[Request] | None = None) -> RunFolder:
    """Archives the requests, judges claims of all outcomes and keeps what was said of them."""
    load = declare_load(
        Scenario.http(flow.get("/checkout"), name="buy"),
        ramping_vus(stage("2s", 50, name="ramp"), stage("4s", 50, name="peak")),
    )
    folder = make_run(path / RUN_ID, requests() if made is None else made, load=load)
    run = Run(folder)
    verdicts = [
        run.spans.db().during(vus=50).duration.max <= ms(200),
        run.http().failed.rate < percent(1),
        run.spans("nowhere").duration.p95 < ms(1),
        run.http("POST /checkout*").duration.p50 < ms(400),
        run.claim("every cart is emptied", holds=True),
    ]
    links = Links(root=path)
    records = []
    for number, verdict in enumerate(verdicts):
        lines = [] if verdict.outcome == "passed" else failure_message(run, verdict, links).plain()
        records.append(
            record(
                verdict,
                nodeid=f"specs/test_shop.py::test_{number}",
                session="s",
                lines=lines,
                windows=windows(run.database, verdict),
            )
        )
    folder.add_verdicts(records)
    run.database.close()
    return folder
