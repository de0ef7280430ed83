"""Every claim on docs/claims.md is judged, and holds, on a run of a shop that is well."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import k6spec
from k6spec.judge.log import VerdictLog
from k6spec.run import Run
from k6spec.store.archive import METRICS, SPANS
from k6spec.store.requests import SAMPLES
from tests.support.runs import BEGIN, MS, Request, Span, entry, make_run, trace_id

PAGE = (Path(k6spec.__file__).parent.parent / "docs" / "claims.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
IMPORTS, *EXAMPLES = BLOCKS
LINES = [
    pytest.param(line, id=line.split("#")[0].strip()[:80])
    for block in EXAMPLES
    for line in re.split(r"\n(?!\s)", block.strip().replace("\nrun.expect(fast", "; run.expect(fast"))
]


def checkout(number: int) -> list[Span]:
    failing = "error" if number % 200 == 40 else "unset"
    return [
        entry(ms=18, status=failing, attributes={"http.route": "/checkout", "http.status_code": "201"}),
        Span(name="SELECT", statement="SELECT free FROM stock", category="db", ms=3),
        Span(name="reserve", ms=10, status=failing),
        Span(name="POST /reserve", service="stock", kind="server", category="http_server", ms=7, parent=2),
        Span(name="UPDATE", service="stock", statement="UPDATE stock", category="db", ms=2, parent=3),
        Span(name="charge", service="payment", ms=4),
    ]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Twenty seconds: 10, 20 and 50 planned VUs, each request 25 ms."""
    requests = []
    for number in range(400):
        vus = 10 if number < 100 else 20 if number < 200 else 50
        post = number % 2 == 0
        requests.append(
            Request(
                name="POST /checkout" if post else "GET /orders",
                ms=25,
                at_ms=number * 50,
                status=201 if post else 200,
                vus=vus,
                stage="peak" if vus == 50 else "ramp",
                warmup=number < 20,
                tags={"kind": "new"},
                spans=checkout(number) if post else [entry("GET /orders", ms=20)],
            )
        )
    folder = make_run(tmp_path_factory.mktemp("claims") / "2026-11-01T00-00-00-00000001", requests)
    plain: dict[str, Any] = {"contains": "default", "scenario": "buy", "stage": "peak"}
    samples = [
        {**plain, "metric": "basket_size", "type": "trend", "time_ns": BEGIN + n * MS, "value": float(n % 12)}
        for n in range(50)
    ] + [
        {
            **plain,
            "metric": "checks",
            "type": "rate",
            "check": "status is 201",
            "time_ns": BEGIN + n * MS,
            "value": float(n % 2 == 0),
            "trace_id": trace_id(n),
        }
        for n in range(400)
    ]
    pq.write_table(pa.Table.from_pylist(samples, schema=SAMPLES), folder.path / METRICS)
    spans = pq.read_table(folder.path / SPANS)
    host = pa.array([[("host.name", "web-1")]] * spans.num_rows, spans.schema.field("resource").type)
    placed = spans.set_column(spans.column_names.index("resource"), spans.schema.field("resource"), host)
    pq.write_table(placed, folder.path / SPANS)
    return Run(folder, log=VerdictLog())


@pytest.mark.parametrize("line", LINES)
def test_the_claim_holds(line: str, run: Run) -> None:
    names: dict[str, Any] = {"run": run}
    exec(IMPORTS, names)
    made = len(run.log.verdicts)

    exec(line, names)

    assert run.log.verdicts[made:]
    assert {verdict.outcome for verdict in run.log.verdicts[made:]} == {"passed"}
