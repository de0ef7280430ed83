"""A run of any size, made up as a shop's would be: a trace is a checkout of ten spans in three services.

Spans arrive as SDKs send them: each service's in batches, some thousand traces apart from the other services'. It
is archived as after a real load. Runs are kept in ``~/.cache/k6spec-benchmarks`` under a hash of all
that makes them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from k6spec.collect import client_spans
from k6spec.collect.gather import without_duplicates
from k6spec.query import critical_path, database, forest, numbering, parts_on_disk, placement, self_time
from k6spec.query.database import Database
from k6spec.query.placement import place_spans
from k6spec.store import archive, by_key, requests, span_file, spans
from k6spec.store.archive import FORMAT, METRICS, REQUESTS, SPANS, RunFolder
from k6spec.store.requests import REQUESTS as REQUEST_SCHEMA
from k6spec.store.requests import SAMPLES
from k6spec.store.span_file import SpanFile
from k6spec.store.spans import SCHEMA

CACHE = Path.home() / ".cache" / "k6spec-benchmarks"
SPANS_A_TRACE = 10
_CHUNK = 100_000
_BATCH = 2_000
_BEGIN = 1_790_000_000_000_000_000
_MADE_BY = (
    archive,
    by_key,
    client_spans,
    critical_path,
    database,
    forest,
    numbering,
    parts_on_disk,
    placement,
    requests,
    self_time,
    span_file,
    spans,
)

# service, name, kind, category, statement, parent (None: k6's client span), milliseconds on average
_SHAPE = (
    ("orders", "POST /checkout", "server", "http_server", None, None, 40),
    ("orders", "SELECT shop", "client", "db", "SELECT * FROM orders WHERE id = ?", 0, 3),
    ("orders", "SELECT shop", "client", "db", "SELECT * FROM products WHERE sku = ?", 0, 5),
    ("orders", "POST", "client", "http_client", None, 0, 20),
    ("stock", "POST /reserve", "server", "http_server", None, 3, 18),
    ("stock", "SELECT shop", "client", "db", "SELECT * FROM stock WHERE sku = ?", 4, 6),
    ("stock", "UPDATE shop", "client", "db", "UPDATE stock SET free = ?", 4, 4),
    ("orders", "INSERT shop", "client", "db", "INSERT INTO orders VALUES (?)", 0, 5),
    ("mail", "send", "consumer", "messaging", None, 0, 10),
)
_CLIENT = len(_SHAPE)
_KEYS = ("server.address", "url.scheme", "network.protocol.version", "thread.id", "user.id", "sku", "rows")


def made_up(traces: int) -> tuple[RunFolder, float]:
    """The run of so many traces, and the seconds that archiving its spans took when it was made."""
    digest = hashlib.sha256(str(traces).encode())
    for source in (__file__, *(str(module.__file__) for module in _MADE_BY)):
        digest.update(Path(source).read_bytes())
    path = CACHE / f"run-{traces}-{digest.hexdigest()[:8]}"
    if not (path / "archived.json").exists():
        for older in CACHE.glob(f"run-{traces}-*"):
            shutil.rmtree(older)
        taken = make(path, traces)
        (path / "archived.json").write_text(json.dumps(taken))
    return RunFolder(path), json.loads((path / "archived.json").read_text())


def make(path: Path, traces: int) -> float:
    """Makes a run of so many traces; returns the seconds that placing its spans and writing them again took."""
    path.mkdir(parents=True)
    source = np.random.default_rng(1)
    table = _requests(traces, source)
    pq.write_table(table, path / REQUESTS, compression="zstd")
    pq.write_table(SAMPLES.empty_table(), path / METRICS)
    with SpanFile(path / SPANS) as file:
        for batch in client_spans.client_spans(table):
            file.write(batch)
        for first in range(0, traces, _CHUNK):
            for batch in _received(first, min(_CHUNK, traces - first), source).to_batches():
                file.write(batch)
    ledger = {
        "tier": "stream",
        "requests_sent": traces,
        "requests_sampled": traces,
        "traces_expected": traces,
        "traces_received": traces,
        "traces_complete": traces,
        "spans_received": traces * len(_SHAPE),
    }
    health = {"dropped_iterations": 0, "iterations": traces, "script_errors": 0}
    info = {
        "format": FORMAT,
        "status": "complete",
        "profile": {"scenarios": {}},
        "ledger": ledger,
        "health": health,
        "verdicts": [],
    }
    RunFolder(path).write_info(info)
    begun = time.monotonic()
    without_duplicates(path / SPANS)
    place_spans(path)
    Database(path).write_traces()
    return time.monotonic() - begun


def _ids(numbers: Any, width: int) -> pa.Array[Any]:
    """Ids that look random, as they do in life: the numbers, multiplied and laid behind one another."""
    mixed = (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    raw = np.zeros((len(numbers), width), np.uint8)
    raw[:, -8:] = mixed.astype(">u8").view(np.uint8).reshape(-1, 8)
    raw[:, : width - 8] = 0xAB
    return pa.Array.from_buffers(pa.binary(width), len(numbers), [None, pa.py_buffer(raw.tobytes())])


def _table(schema: pa.Schema, rows: int, columns: dict[str, Any]) -> pa.Table:
    arrays = [
        pa.array(columns[field.name]).cast(field.type) if field.name in columns else pa.nulls(rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _requests(traces: int, source: np.random.Generator) -> pa.Table:
    numbers = np.arange(traces)
    names = np.array(["POST /checkout", "GET /products", "GET /orders"])[numbers % 3]
    durations = source.exponential(50e6, traces).astype(np.int64)
    columns = {
        "request_id": numbers,
        "scenario": np.full(traces, "buy"),
        "group": np.full(traces, ""),
        "name": names,
        "operation": names,
        "method": np.array(["POST", "GET", "GET"])[numbers % 3],
        "url": names,
        "status": np.full(traces, 200),
        "error": np.full(traces, ""),
        "failed": np.zeros(traces, bool),
        "start_ns": _BEGIN + numbers * 100_000,
        "end_ns": _BEGIN + numbers * 100_000 + durations,
        "duration_ns": durations,
        "total_ns": durations + 1000,
        "blocked_ns": np.full(traces, 1000),
        "connecting_ns": np.zeros(traces, int),
        "tls_ns": np.zeros(traces, int),
        "sending_ns": np.full(traces, 20_000),
        "waiting_ns": durations - np.minimum(durations, 50_000),
        "receiving_ns": np.full(traces, 30_000),
        "vu": numbers % 50 + 1,
        "iteration": numbers // 50,
        "trace_id": _ids(numbers, 16),
        "span_id": _ids(numbers * 16 + _CLIENT, 8),
        "sampled": np.ones(traces, bool),
        "hop": np.zeros(traces, int),
        "protocol": np.full(traces, "http"),
        "elapsed_ns": numbers * 100_000,
        "planned_vus": np.full(traces, 50.0),
        "stage": np.full(traces, "constant-vus"),
        "active_vus": np.full(traces, 50),
        "warmup": np.zeros(traces, bool),
    }
    return _table(REQUEST_SCHEMA, traces, columns)


def _received(first: int, traces: int, source: np.random.Generator) -> pa.Table:
    services = np.array([("orders", "stock", "mail").index(shape[0]) for shape in _SHAPE])
    trace = np.repeat(np.arange(first, first + traces), len(_SHAPE))
    place = np.tile(np.arange(len(_SHAPE)), traces)
    arrival = np.lexsort((trace, services[place], trace // _BATCH))
    trace, place = trace[arrival], place[arrival]
    rows = len(trace)
    parents = np.array([_CLIENT if shape[5] is None else shape[5] for shape in _SHAPE])[place]
    average = np.array([shape[6] for shape in _SHAPE])[place]
    columns = {
        name: pa.array([shape[index] for shape in _SHAPE], pa.string()).take(pa.array(place))
        for index, name in enumerate(("service", "name", "kind", "category", "db_statement"))
    }
    columns |= {
        "trace_id": _ids(trace, 16),
        "span_id": _ids(trace * 16 + place, 8),
        "parent_span_id": _ids(trace * 16 + parents, 8),
        "start_ns": pa.array(_BEGIN + trace * 100_000 + place * 2_000_000),
        "duration_ns": pa.array(source.exponential(average * 1e6).astype(np.int64)),
        "status": pa.array(["unset"]).take(pa.array(np.zeros(rows, int))),
        "attributes": _attributes(rows, source),
        "resource": _resource(columns["service"]),
    }
    return _table(SCHEMA, rows, columns)


def _attributes(rows: int, source: np.random.Generator) -> pa.Array[Any]:
    texts = pa.array(["shop", "http", "1.1"] + [str(n) for n in range(1000)] + [f"u-{n}" for n in range(5000)])
    codes = np.empty((rows, len(_KEYS)), np.int32)
    codes[:, :3] = (0, 1, 2)
    codes[:, 3] = 3 + source.integers(0, 40, rows)
    codes[:, 4:6] = 1003 + source.integers(0, 5000, (rows, 2))
    codes[:, 6] = 3 + source.integers(0, 1000, rows)
    keys = pa.array(np.tile(np.arange(len(_KEYS), dtype=np.int32), rows))
    offsets = pa.array(np.arange(rows + 1, dtype=np.int32) * len(_KEYS))
    return pa.MapArray.from_arrays(offsets, pa.array(_KEYS).take(keys), texts.take(pa.array(codes.ravel())))


def _resource(services: pa.Array[Any]) -> pa.Array[Any]:
    offsets = pa.array(np.arange(len(services) + 1, dtype=np.int32))
    keys = pa.array(["service.name"]).take(pa.array(np.zeros(len(services), np.int32)))
    return pa.MapArray.from_arrays(offsets, keys, services)
