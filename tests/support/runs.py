"""Archived runs made by hand, for tests of what reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from k6spec.collect.client_spans import client_spans
from k6spec.declare.fingerprint import declaration, fingerprint
from k6spec.declare.load import Load
from k6spec.judge.log import VerdictLog
from k6spec.run import Run
from k6spec.store.archive import FORMAT, METRICS, REQUESTS, SPANS, RunFolder
from k6spec.store.requests import REQUESTS as REQUEST_SCHEMA
from k6spec.store.requests import SAMPLES
from k6spec.store.spans import SCHEMA

MS = 1_000_000
BEGIN = 1_790_000_000_000_000_000
_CLIENT = 65_535  # as a span's index: k6's client span


@dataclass(kw_only=True)
class Span:
    """A span of the system under test. ``parent`` is an index into the request's spans; None: the client span."""

    name: str = "SELECT shop"
    service: str = "orders"
    ms: float = 5.0
    parent: int | None = 0
    kind: str = "client"
    statement: str | None = None
    category: str | None = None
    status: str = "unset"
    attributes: dict[str, str] = field(default_factory=dict)
    lost_parent: bool = False
    after_ms: float = 0.0


def entry(name: str = "POST /checkout", service: str = "orders", ms: float = 20.0, **more: Any) -> Span:
    """The span with which the system's part of a trace begins."""
    return Span(name=name, service=service, ms=ms, parent=None, kind="server", category="http_server", **more)


def db(statement: str = "SELECT 1", ms: float = 5.0, service: str = "orders", parent: int | None = 0) -> Span:
    """A database span."""
    return Span(service=service, ms=ms, statement=statement, category="db", parent=parent)


@dataclass(kw_only=True)
class Request:
    """A request with the spans behind it; no spans: its trace is missing.

    ``in_trace``: the number of the request whose trace it shares, where both are of one ``journey``. ``said``: k6
    says whether it failed, which it does not where its response callback is null.
    """

    name: str = "POST /checkout"
    ms: float = 25.0
    status: int = 200
    at_ms: float | None = None
    vus: float | None = 50
    rate: float | None = None
    active: int = 50
    stage: str = "constant-vus"
    warmup: bool = False
    scenario: str | None = "buy"
    group: str = ""
    sampled: bool = True
    control: bool = False
    journey: str | None = None
    in_trace: int | None = None
    traced: bool = True
    said: bool = True
    protocol: str = "http"
    spans: Sequence[Span] = ()
    tags: dict[str, str] = field(default_factory=dict)


def trace_id(number: int) -> bytes:
    """The trace id of the request with this number."""
    return bytes([0xAB]) + number.to_bytes(15, "big")


def make_run(
    path: Path,
    requests: Sequence[Request],
    *,
    load: Load | None = None,
    session: str = "session-1",
    dropped_iterations: int = 0,
    fixtures: Sequence[str] = (),
    tier: str = "stream",
    truncated: Sequence[int] = (),
    thresholds: Sequence[dict[str, object]] = (),
    spans_dropped: int = 0,
    spans_foreign: int = 0,
    on_telemetry: Sequence[str] = (),
    samples: Sequence[dict[str, object]] = (),
    stopped: dict[str, object] | None = None,
) -> RunFolder:
    """Archives requests and spans as a run in ``path`` (whose name must end in ``-`` and eight hex digits)."""
    path.mkdir(parents=True)
    folder = RunFolder(path)
    rows = [_row(number, request) for number, request in enumerate(requests)]
    table = pa.Table.from_pylist(rows, schema=REQUEST_SCHEMA)
    pq.write_table(table, path / REQUESTS)
    pq.write_table(pa.Table.from_pylist(list(samples), schema=SAMPLES), path / METRICS)
    spans = [span for number, request in enumerate(requests) for span in _spans(number, request)]
    batches = [*client_spans(table), pa.RecordBatch.from_pylist(spans, schema=SCHEMA)]
    pq.write_table(pa.Table.from_batches(batches, schema=SCHEMA), path / SPANS)
    plain = declaration(load) if load else {"scenarios": {}}
    folder.write_info(
        {
            "format": FORMAT,
            "run_id": folder.run_id,
            "session": session,
            "status": "complete",
            "started": "2026-11-01T00:00:00+00:00",
            "spec": "specs/test_x.py:1",
            "fingerprint": fingerprint(plain),
            "profile": plain,
            "fixtures": sorted(fixtures),
            "environment": {"name": None, "base_url": "http://127.0.0.1:1"},
            "stack": {"name": "embedded"},
            "versions": {"k6spec": "0", "k6": "1.1.0"},
            "ledger": {
                "tier": tier,
                "requests_sent": len(requests),
                "requests_sampled": sum(request.sampled for request in requests),
                "traces_expected": sum(request.sampled for request in requests),
                "traces_received": sum(bool(request.spans) for request in requests),
                "traces_complete": sum(bool(request.spans) for request in requests),
                "spans_received": len(spans),
                "spans_dropped": spans_dropped,
                "spans_foreign": spans_foreign,
            },
            "k6": {"thresholds": list(thresholds)},
            "stopped": stopped,
            "sut_on_telemetry": list(on_telemetry),
            "truncated_traces": [trace_id(number).hex() for number in truncated],
            "health": {"dropped_iterations": dropped_iterations, "iterations": len(requests), "script_errors": 0},
            "verdicts": [],
        }
    )
    return folder


def run_of(tmp_path: Path, requests: Sequence[Request], **more: Any) -> Run:
    """A run to make claims on."""
    return Run(make_run(tmp_path / "2026-11-01T00-00-00-00000001", requests, **more), log=VerdictLog())


def _row(number: int, request: Request) -> dict[str, object]:
    begin = BEGIN + round((number * 10 if request.at_ms is None else request.at_ms) * MS)
    total = round(request.ms * MS)
    return {
        "request_id": number,
        "scenario": request.scenario,
        "group": request.group,
        "name": request.name,
        "operation": request.name,
        "method": request.name.split()[0],
        "url": "http://127.0.0.1:1" + request.name.split()[-1],
        "proto": "HTTP/1.1",
        "status": request.status,
        "error": "" if request.status else "connection refused",
        "error_code": 0,
        "failed": not 200 <= request.status < 400 if request.said else None,
        "start_ns": begin,
        "end_ns": begin + total,
        "duration_ns": total,
        "total_ns": total,
        **dict.fromkeys(("blocked_ns", "connecting_ns", "tls_ns", "sending_ns", "receiving_ns"), 0),
        "waiting_ns": total,
        "vu": number % 50 + 1,
        "iteration": number,
        "trace_id": _trace_of(number, request) if request.traced else None,
        "span_id": _span_id(number, _CLIENT) if request.traced else None,
        "sampled": request.sampled and not request.control,
        "control": request.control,
        "journey": request.journey,
        "hop": 0,
        "protocol": request.protocol,
        "tags": list(request.tags.items()),
        "elapsed_ns": begin - BEGIN,
        "stage": request.stage,
        "planned_vus": request.vus,
        "planned_rate": request.rate,
        "active_vus": request.active,
        "warmup": request.warmup,
    }


def _spans(number: int, request: Request) -> list[dict[str, object]]:
    return [_span(number, index, request, span) for index, span in enumerate(request.spans)]


def _span(number: int, index: int, request: Request, span: Span) -> dict[str, object]:
    begin = BEGIN + round((number * 10 if request.at_ms is None else request.at_ms) * MS)
    parent = _span_id(number, _CLIENT) if span.parent is None else _span_id(number, span.parent)
    if span.lost_parent:
        parent = b"\xee" * 8
    return {
        "trace_id": _trace_of(number, request),
        "span_id": _span_id(number, index),
        "parent_span_id": parent,
        "service": span.service,
        "name": span.name,
        "kind": span.kind,
        "start_ns": begin + MS + round(span.after_ms * MS),
        "duration_ns": round(span.ms * MS),
        "status": span.status,
        "attributes": list(span.attributes.items()),
        "attribute_types": [],
        "resource": [("service.name", span.service)],
        "resource_types": [],
        "events": [],
        "links": [],
        "category": span.category,
        "db_statement": span.statement,
        "db_operation": span.statement.split()[0].upper() if span.statement else None,
        "db_system": "sqlite" if span.category == "db" else None,
        "db_namespace": span.attributes.get("db.name"),
    }


def _trace_of(number: int, request: Request) -> bytes:
    return trace_id(number if request.in_trace is None else request.in_trace)


def _span_id(number: int, index: int) -> bytes:
    return number.to_bytes(5, "big") + index.to_bytes(2, "big") + b"\x01"
