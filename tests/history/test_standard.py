"""The standard statistics that history keeps of every run: the numbers of the claims that find a past there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from k6spec.history.entry import Statistic
from k6spec.history.recording import record_run
from k6spec.judge.health import Tolerances
from k6spec.judge.requests import Requests
from k6spec.judge.stat import Told
from k6spec.run import Run
from k6spec.store.archive import REQUESTS
from tests.support.losses import Data, archived, loads, losses
from tests.support.runs import Request, run_of

MANY = 200_000
"""Requests: several batches of the sorted durations."""


@st.composite
def runs(draw: st.DrawFn) -> Data:
    """With losses, failures, a warm-up, and durations that no two requests need have in common."""
    data = draw(losses(draw(loads())))
    requests = [
        replace(
            request,
            ms=draw(st.integers(1, 10**9)) / 1e6,
            status=draw(st.sampled_from((200, 200, 503))),
            warmup=draw(st.booleans()),
        )
        for request in data.requests
    ]
    return replace(data, requests=(*requests, replace(requests[0], scenario=None)))


@settings(max_examples=5, deadline=None)
@given(runs())
def test_they_are_what_claims_on_them_observe(data: Data) -> None:
    with archived(data) as run:
        assert record_run(run.folder, Tolerances()).statistics == claimed(run)


def claimed(run: Run) -> dict[str, Statistic]:
    told = (one for one in observed(run) if one is not None)
    return {one.statistic: Statistic(unit=one.unit, value=one.value, members=one.members) for one in told}


def observed(run: Run) -> Iterator[Told | None]:
    warmed = any(row["warmup"] for row in run.frame("requests").to_arrow().to_pylist())
    for name in (None, "GET /a", "POST /b"):
        requests = run.http(name)
        for part in (requests, requests.after_warmup()) if warmed else (requests,):
            yield from durations(part)
        if name is not None:
            yield run.traces(root=name).calls(db=True).mean.told()
        yield requests.rate.told()


def durations(requests: Requests) -> Iterator[Told | None]:
    duration = requests.duration
    for stat in (duration.p50, duration.p95, duration.p99, duration.mean):
        yield stat.told()
    yield requests.failed.rate.told()


def test_so_they_are_of_more_requests_than_are_read_at_once(tmp_path: Path) -> None:
    run = run_of(tmp_path, [Request(name="GET /a")])
    requests = run.folder.path / REQUESTS
    row = pq.read_table(requests)
    lasted = np.random.default_rng(7).integers(1, 10**9, MANY)
    many = row.take(pa.array(np.zeros(MANY, np.int64)))
    place = many.schema.get_field_index("duration_ns")
    pq.write_table(many.set_column(place, "duration_ns", pa.array(lasted)), requests)

    assert record_run(run.folder, Tolerances()).statistics == claimed(run)
