"""Waiting for a load's traces, and what is made of spans that came twice."""

from __future__ import annotations

import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from k6spec.collect import gather as gathering
from k6spec.collect.gather import Patience, gather, without_duplicates
from k6spec.collect.id_set import IdSet
from k6spec.collect.source_feed import SourceFeed
from k6spec.collect.sources.base import WantedTraces
from k6spec.store.span_file import SpanFile
from k6spec.store.spans import SCHEMA
from k6spec.units import seconds
from tests.support.memory_source import MemorySource, client_id, spans_of


class Clock:
    """Time that passes only where the test says, or somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def time_ns(self) -> int:
        return int(self.now * 1e9)

    def sleep(self, length: float) -> None:
        self.now += length


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(gathering, "time", clock)
    return clock


def test_reading_a_backlog_is_part_of_the_wait_for_stragglers(clock):
    class Backlog(SourceFeed):
        def poll(self):
            if clock.now == 0:
                yield spans_of(trace_id, ["entry"])
                clock.now += 10

    trace_id = os.urandom(16)
    result = gather(
        Backlog(MemorySource()),
        wanted=WantedTraces(trace_ids=[trace_id], begin_ns=0, end_ns=0),
        client_span_ids=IdSet.of([client_id(trace_id)], 8),
        keep=lambda _batch: None,
        patience=Patience(settle=seconds(10), deadline=seconds(60)),
    )
    assert (result.spans, result.settled) == (1, True)
    assert clock.now < 11


def test_of_spans_that_came_twice_the_first_stays(tmp_path):
    path = tmp_path / "spans.parquet"
    first, second, again = (spans_of(trace_id, ["a", "b"]) for trace_id in (b"1" * 16, b"2" * 16, b"1" * 16))
    with SpanFile(path) as file:
        for batch in (first, second, again):
            file.write(batch)

    assert without_duplicates(path) == 2

    assert pq.read_table(path, schema=SCHEMA).equals(pa.Table.from_batches([first, second]))
    assert without_duplicates(path) == 0
