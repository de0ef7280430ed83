"""A clock that jumps under load changes no verdict: nothing is placed in time by the system's own clock."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from k6spec import ms
from k6spec.run import Run
from k6spec.store.archive import SPANS
from tests.support.runs import Request, db, entry, make_run

HOUR = 3_600 * 10**9
REQUESTS = [
    Request(at_ms=100.0 * number, vus=50 if number >= 50 else 10, spans=[entry(), db(ms=5 + number / 10)])
    for number in range(100)
]


@pytest.fixture(params=[HOUR, -HOUR], ids=["forward", "back"])
def runs(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Run, Run]:
    """The same run twice; in the second the system's clock jumps by an hour in the middle of the load."""
    steady, jumped = (make_run(tmp_path / f"run-0000000{number}", REQUESTS) for number in (1, 2))
    table = pq.read_table(jumped.path / SPANS)
    begins = table["start_ns"].to_pylist()
    middle = sorted(begins)[len(begins) // 2]
    own = table["service"].to_pylist()
    moved = [
        begin + request.param if service != "k6" and begin > middle else begin
        for begin, service in zip(begins, own, strict=True)
    ]
    index = table.column_names.index("start_ns")
    pq.write_table(table.set_column(index, "start_ns", pa.array(moved, pa.int64())), jumped.path / SPANS)
    return Run(steady), Run(jumped)


def test_spans_are_found_by_their_requests_and_last_as_long(runs: tuple[Run, Run]) -> None:
    for claim in (
        lambda run: run.spans.db().duration.max <= ms(1),
        lambda run: run.spans.db().during(vus=50).duration.max <= ms(1),
        lambda run: run.spans.db().during(vus=50).count <= 1,
        lambda run: run.spans.db().between("0s", "5s").duration.max <= ms(1),
        lambda run: run.traces(root="POST /checkout").calls(db=True).max <= 0,
    ):
        steady, jumped = (claim(run) for run in runs)
        assert steady.outcome == jumped.outcome == "failed", (steady.headline, jumped.headline)
        assert steady.observed == jumped.observed
