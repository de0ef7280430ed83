"""Reading the requests of a long load in parts: none is lost, and those of a trace stay together."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from k6spec.collect import sent as module
from k6spec.collect.gather import without_duplicates
from k6spec.collect.sent import read_sent, whole_traces
from k6spec.store.requests import REQUESTS
from k6spec.store.spans import SCHEMA


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ROWS", 7)
    monkeypatch.setattr(module, "_SHARING", 3)


def archived(folder: Path, traces: list[int | None], *, unsampled: frozenset[int] = frozenset()) -> Path:
    """A request table: the trace of each request, None where it was sent without context."""
    rows: list[dict[str, Any]] = [
        {
            "request_id": number,
            "trace_id": None if trace is None else trace.to_bytes(16, "big"),
            "span_id": None if trace is None else (number + 1).to_bytes(8, "big"),
            "sampled": None if trace is None else number not in unsampled,
            "start_ns": 1_000 + number,
            "end_ns": 2_000 + number,
        }
        for number, trace in enumerate(traces)
    ]
    path = folder / "requests.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=REQUESTS), path)
    return path


def test_ids_are_those_of_sampled_requests_and_the_time_is_that_of_all(tmp_path: Path) -> None:
    sent = read_sent(archived(tmp_path, [5, None, 6, 7], unsampled=frozenset({3})))
    assert sorted(sent.trace_ids) == [number.to_bytes(16, "big") for number in (5, 6)]
    assert sorted(sent.span_ids) == [number.to_bytes(8, "big") for number in (1, 3)]
    assert (sent.wanted.begin_ns, sent.wanted.end_ns) == (1_000, 2_003)


def test_every_sampled_request_comes_once_and_with_all_others_of_its_trace(tmp_path: Path) -> None:
    chance = random.Random(3)
    traces: list[int | None] = [*range(30), *(chance.randrange(100, 110) for _ in range(40)), None]
    chance.shuffle(traces)
    path = archived(tmp_path, traces, unsampled=frozenset({4}))
    parts = [table.to_pylist() for table in whole_traces(path, read_sent(path).trace_ids)]
    there = [row["request_id"] for part in parts for row in part]
    assert sorted(there) == [number for number, trace in enumerate(traces) if trace is not None and number != 4]
    owners = [{row["trace_id"] for row in part} for part in parts]
    assert sum(map(len, owners)) == len(set().union(*owners))
    assert len(parts) > 4


def test_requests_without_any_sampled_one_give_nothing(tmp_path: Path) -> None:
    path = archived(tmp_path, [1, None], unsampled=frozenset({0}))
    assert sum(table.num_rows for table in whole_traces(path, read_sent(path).trace_ids)) == 0


def test_of_spans_that_came_again_the_first_stays(tmp_path: Path) -> None:
    names = [(1, "a"), (2, "b"), (1, "again"), (3, "c"), (2, "again"), (1, "again")]
    rows = [{"trace_id": b"\1" * 16, "span_id": bytes([span]) * 8, "name": name} for span, name in names]
    path = tmp_path / "received.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)
    assert without_duplicates(path) == 3
    assert pq.read_table(path)["name"].to_pylist() == ["a", "b", "c"]
    assert [file.name for file in tmp_path.iterdir()] == ["received.parquet"]
    assert without_duplicates(path) == 0
