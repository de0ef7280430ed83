"""Traces made up by Hypothesis, archived as a run, so that claims on it can be held against the model."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from k6spec.judge.log import VerdictLog
from k6spec.run import Run
from k6spec.store.archive import SPANS
from k6spec.store.spans import SCHEMA
from tests.support.model import Seen
from tests.support.runs import BEGIN, Request, make_run, trace_id

CLIENT = 1_000
"""The id of k6's client span in every trace."""


@st.composite
def request_forests(draw: st.DrawFn, whole: bool = True) -> list[Seen]:
    """Traces below k6's client spans: async spans, zero durations, skewed clocks, further roots, spans twice.

    ``whole``: no parent is missing, and each has its entry span, so that the traces are complete.
    """
    spans = []
    for trace in range(draw(st.integers(1, 3))):
        longest = draw(st.integers(1, 20))
        spans.append(_span(trace, CLIENT, None, service="k6", start=0, length=longest))
        count = draw(st.integers(1, 7))
        for number in range(count):
            others = st.integers(0, count - 1) if whole else st.integers(0, count)
            parent = CLIENT if not number else draw(st.none() | st.just(CLIENT) | others)
            spans.append(
                _span(
                    trace,
                    number,
                    parent if parent != number else CLIENT,
                    name=draw(st.sampled_from(("load", "save", "wait"))),
                    service=draw(st.sampled_from(("orders", "stock"))),
                    host=draw(st.sampled_from((None, "h1"))),
                    start=draw(st.integers(-5, 20)),
                    length=draw(st.integers(0, 12)),
                    kind=draw(st.sampled_from(("internal", "internal", "server", "consumer"))),
                    status=draw(st.sampled_from(("unset", "error"))),
                )
            )
        if draw(st.booleans()):
            spans.append(spans[-1])
    return spans


def _span(trace: int, number: int, parent: int | None, **more: Any) -> Seen:
    return Seen(
        **{"trace": trace, "id": number, "parent": parent, "name": "", "host": None, "status": "unset"} | more
    )


@contextmanager
def archived(spans: Sequence[Seen], requests: Sequence[Request] = (), **more: Any) -> Iterator[Run]:
    """A run of these spans. The client spans among them tell how long their requests took, if none are given."""
    clients = [one for one in spans if one.service == "k6"]
    made = [Request(ms=one.length / 1e6, at_ms=one.start / 1e6 + one.trace) for one in clients]
    with tempfile.TemporaryDirectory() as folder:
        kept = make_run(Path(folder) / "2026-11-01T00-00-00-00000001", requests or made, **more)
        rows = [row(one) for one in spans]
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), kept.path / SPANS)
        run = Run(kept, log=VerdictLog())
        yield run
        run.database.close()


def row(one: Seen) -> dict[str, object]:
    """A span as it is archived."""
    return {
        "trace_id": trace_id(one.trace),
        "span_id": (one.id + 1).to_bytes(8, "big"),
        "parent_span_id": None if one.parent is None else (one.parent + 1).to_bytes(8, "big"),
        "service": one.service,
        "name": one.name,
        "kind": one.kind,
        "start_ns": BEGIN + one.start,
        "duration_ns": one.length,
        "status": one.status,
        "attributes": list(one.attributes.items()),
        "resource": [("host.name", one.host)] if one.host else [],
        "events": [],
    }
