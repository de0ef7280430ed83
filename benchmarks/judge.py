"""Ten typical claims over a run of ten million spans: seconds, and the memory of the process that judges.

The run is made up: a million traces of ten spans each, as a shop's would be. A tenth of it is judged as well, for
the growth.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from k6spec import attr, ms, percent, seconds, span
from k6spec.run import Run
from k6spec.store.archive import FORMAT, METRICS, REQUESTS, SPANS, RunFolder
from k6spec.store.requests import REQUESTS as REQUEST_SCHEMA
from k6spec.store.requests import SAMPLES
from k6spec.store.spans import CLIENT_SERVICE, SCHEMA

_PER_TRACE = 10
_CHUNK = 100_000
_BEGIN = 1_790_000_000_000_000_000


def claims(run: Run) -> dict[str, Any]:
    """The claims, by what they are about; each is judged when it is called."""
    spans = run.spans
    return {
        "p95 of requests": lambda: run.http("POST /checkout").duration.p95 < ms(400),
        "failed requests": lambda: run.http().failed.rate < percent(1),
        "longest db span under 50 VUs": lambda: spans.db().during(vus=50).duration.max <= seconds(2),
        "share of db spans over 200 ms": lambda: spans.db().over(ms(200)).rate <= percent(1),
        "p99 by name": lambda: spans("POST /reserve", service="stock", kind="server").duration.p99 < seconds(1),
        "errors": lambda: spans(status="error").count <= 0,
        "db calls a trace": lambda: run.traces(root="POST /checkout").calls(db=True).max <= 12,
        "repeated calls": lambda: run.traces().repeated(db=True).max <= 12,
        "db below stock": lambda: (
            spans(span.db()).under(span(service="stock", kind="server")).duration.p95 < ms(400)
        ),
        "numeric attribute": lambda: spans(attr("rows") > 1000).count <= 0,
    }


def measure() -> dict[str, float]:
    """Seconds a claim, all ten, peak memory in MiB, and how both grow from a tenth of the spans."""
    with TemporaryDirectory() as folder:
        small = _judged(make(Path(folder) / "2026-11-01T00-00-00-00000001", 100_000))
        large = _judged(make(Path(folder) / "2026-11-01T00-00-00-00000002", 1_000_000))
    figures = {f"{name}, s": value for name, value in large["seconds"].items()}
    figures["all ten over 10 million spans, s"] = sum(large["seconds"].values())
    figures["all ten over 1 million spans, s"] = sum(small["seconds"].values())
    figures["peak memory, 10 million spans, MiB"] = large["mib"]
    figures["peak memory, 1 million spans, MiB"] = small["mib"]
    return figures


def _judged(path: Path) -> dict[str, Any]:
    """In a process of its own, whose memory is that of judging alone."""
    answer = subprocess.run([sys.executable, "-m", "benchmarks.judge", str(path)], capture_output=True, check=True)
    figures: dict[str, Any] = json.loads(answer.stdout)
    return figures


def make(path: Path, traces: int) -> Path:
    """Archives a run of so many traces."""
    path.mkdir()
    source = np.random.default_rng(1)
    _write_requests(path, traces, source)
    with pq.ParquetWriter(path / SPANS, SCHEMA, compression="zstd") as writer:
        for first in range(0, traces, _CHUNK):
            writer.write_table(_spans(first, min(_CHUNK, traces - first), source))
    pq.write_table(SAMPLES.empty_table(), path / METRICS)
    ledger = {
        "tier": "stream",
        "requests_sent": traces,
        "requests_sampled": traces,
        "traces_expected": traces,
        "traces_received": traces,
        "traces_complete": traces,
        "spans_received": traces * _PER_TRACE,
    }
    health = {"dropped_iterations": 0, "iterations": traces, "script_errors": 0}
    info = {"format": FORMAT, "status": "complete", "ledger": ledger, "health": health, "verdicts": []}
    RunFolder(path).write_info(info)
    return path


def _ids(numbers: Any, width: int) -> pa.Array[Any]:
    raw = np.zeros((len(numbers), width), np.uint8)
    raw[:, -8:] = numbers.astype(">u8").view(np.uint8).reshape(-1, 8)
    raw[:, 0] |= 0xAB
    buffers = [None, pa.py_buffer(raw.tobytes())]
    return pa.Array.from_buffers(pa.binary(width), len(numbers), buffers)


def _table(schema: pa.Schema, rows: int, columns: dict[str, Any]) -> pa.Table:
    arrays = [
        pa.array(columns[field.name]).cast(field.type) if field.name in columns else pa.nulls(rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _write_requests(path: Path, traces: int, source: np.random.Generator) -> None:
    numbers = np.arange(traces)
    names = np.array(["POST /checkout", "GET /products", "GET /orders"])[numbers % 3]
    durations = source.exponential(50e6, traces).astype(np.int64)
    columns = {
        "request_id": numbers,
        "scenario": np.full(traces, "buy"),
        "group": np.full(traces, ""),
        "name": names,
        "operation": names,
        "status": np.full(traces, 200),
        "failed": np.zeros(traces, bool),
        "start_ns": _BEGIN + numbers * 1000,
        "end_ns": _BEGIN + numbers * 1000 + durations,
        "duration_ns": durations,
        "total_ns": durations,
        "vu": numbers % 50 + 1,
        "trace_id": _ids(numbers, 16),
        "span_id": _ids(numbers * 16 + 15, 8),
        "sampled": np.ones(traces, bool),
        "hop": np.zeros(traces, int),
        "elapsed_ns": numbers * 1000,
        "planned_vus": np.full(traces, 50.0),
        "warmup": np.zeros(traces, bool),
    }
    pq.write_table(_table(REQUEST_SCHEMA, traces, columns), path / REQUESTS, compression="zstd")


# service, name, kind, category, statement, parent (9: the client span)
_SHAPE = (
    ("orders", "POST /checkout", "server", "http_server", None, 9),
    ("orders", "SELECT shop", "client", "db", "SELECT * FROM orders WHERE id = ?", 0),
    ("orders", "SELECT shop", "client", "db", "SELECT * FROM products WHERE sku = ?", 0),
    ("orders", "POST", "client", "http_client", None, 0),
    ("stock", "POST /reserve", "server", "http_server", None, 3),
    ("stock", "SELECT shop", "client", "db", "SELECT * FROM stock WHERE sku = ?", 4),
    ("stock", "UPDATE shop", "client", "db", "UPDATE stock SET free = ?", 4),
    ("orders", "INSERT shop", "client", "db", "INSERT INTO orders VALUES (?)", 0),
    ("orders", "connect", "client", "db", None, 0),
    (CLIENT_SERVICE, "POST /checkout", "client", "http_client", None, None),
)


def _spans(first: int, traces: int, source: np.random.Generator) -> pa.Table:
    rows = traces * _PER_TRACE
    trace = np.repeat(np.arange(first, first + traces), _PER_TRACE)
    place = np.tile(np.arange(_PER_TRACE), traces)
    client = place == _PER_TRACE - 1
    span_number = trace * 16 + np.where(client, 15, place)
    parents = np.array([15 if shape[5] == 9 else shape[5] or 0 for shape in _SHAPE])[place]
    parent = _ids(trace * 16 + parents, 8)
    shown = pa.array(np.where(client, 0, 5))
    offsets = np.concatenate([[0], np.cumsum(np.full(rows, 1))]).astype(np.int32)
    keys = pa.array(np.full(rows, "rows"))
    attributes = pa.MapArray.from_arrays(pa.array(offsets), keys, shown.cast(pa.string()))
    picked = {
        name: pa.array([shape[index] for shape in _SHAPE], pa.string()).take(pa.array(place))
        for index, name in enumerate(("service", "name", "kind", "category", "db_statement"))
    }
    columns = {
        **picked,
        "trace_id": _ids(trace, 16),
        "span_id": _ids(span_number, 8),
        "parent_span_id": pa.compute.if_else(pa.array(client), pa.scalar(None, pa.binary(8)), parent),
        "start_ns": _BEGIN + trace * 1000 + place,
        "duration_ns": source.exponential(5e6, rows).astype(np.int64),
        "status": np.full(rows, "unset"),
        "attributes": attributes,
    }
    return _table(SCHEMA, rows, columns)


def _main(path: Path) -> None:
    run = Run(RunFolder(path))
    taken = {}
    for name, claim in claims(run).items():
        begun = time.monotonic()
        verdict = claim()
        taken[name] = time.monotonic() - begun
        assert verdict.outcome in {"passed", "failed"}, (verdict.headline, verdict.evidence.reason)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": taken, "mib": peak}))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
