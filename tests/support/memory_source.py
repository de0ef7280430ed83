"""A trace source in memory: what its backend shows, and when, is the test's to say."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator

import pyarrow as pa
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from k6spec.collect.decode import decode
from k6spec.collect.sources.base import WantedTraces
from k6spec.units import Duration, ms


class MemorySource:
    """``shown`` are the spans that it has: names by trace id. ``asked`` are the ids of each fetch."""

    def __init__(self, *, by_id: bool = True, lag: Duration = ms(0)) -> None:
        self.shown: dict[bytes, list[str]] = {}
        self.asked: list[list[bytes]] = []
        self.cut: set[bytes] = set()
        self.by_id = by_id
        self.lag = lag
        self.closed = False

    name = "memory"
    address = "here"

    def check(self) -> None:
        """Always there."""

    def fetch(self, wanted: WantedTraces) -> Iterator[pa.RecordBatch]:
        """A batch a trace, and one of a trace that nobody asked for."""
        self.asked.append(list(wanted.trace_ids))
        for trace_id in wanted.trace_ids:
            if trace_id in self.shown:
                yield spans_of(trace_id, self.shown[trace_id])
        yield spans_of(os.urandom(16), ["foreign"])

    def truncated(self) -> Collection[bytes]:
        """Those that the test says."""
        return self.cut

    def trace_url(self, trace_id: str, span_id: str | None = None) -> str | None:
        """Nowhere."""
        return None

    def close(self) -> None:
        """Notes it."""
        self.closed = True


def client_id(trace_id: bytes) -> bytes:
    """The id of the client span of a trace of these spans."""
    return b"client" + trace_id[:2]


def spans_of(trace_id: bytes, names: list[str]) -> pa.RecordBatch:
    """Spans of one trace, the first below its client span, the others below the first."""
    data = TracesData()
    scope = data.resource_spans.add().scope_spans.add()
    for number, name in enumerate(names):
        parent = client_id(trace_id) if number == 0 else name_id(names[0])
        scope.spans.add(trace_id=trace_id, span_id=name_id(name), parent_span_id=parent, name=name)
    return decode([data.SerializeToString()])[0]


def name_id(name: str) -> bytes:
    """The id of a span of that name."""
    return name.encode().ljust(8, b".")[:8]
