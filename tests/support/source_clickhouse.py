"""ClickHouse for tests: the real engine, filled as the Collector's exporter fills it (0.157, and as it once did).

What is imitated is the exporter (its tables' columns and its way to write values, after its source) and HTTP (see
tests/support/chdb_server.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status, TracesData

from k6spec.child import Child
from k6spec.collect.sources.clickhouse import ClickHouseSource
from k6spec.collect.sources.registry import make_source
from tests.support.golden import GOLDEN
from tests.support.stacks import missing

USER, PASSWORD = "reader", "s3cret-password"
HEADERS = {"X-ClickHouse-User": USER, "X-ClickHouse-Key": PASSWORD}
WITHOUT = ("types", "structured", "flags", "dropped")
"""What the exporter does not write."""

_SERVER = Path(__file__).with_name("chdb_server.py")
_SPAN_KINDS = ("Unspecified", "Internal", "Server", "Client", "Producer", "Consumer")
_STATUS_CODES = ("Unset", "Ok", "Error")


class ClickHouse:
    """A running engine. ``url`` is that of its HTTP interface."""

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, sql: str) -> str:
        """What it answers to a statement."""
        response = httpx.post(self.url, content=sql, headers=HEADERS, trust_env=False, timeout=60)
        assert response.status_code == 200, response.text
        return response.text

    def create(self, table: str = "otel_traces", *, old: bool = False, attributes: str | None = None) -> None:
        """A table as the exporter makes it; ``old``: as it did before scopes were kept and Duration unsigned."""
        attributes = attributes or "Map(LowCardinality(String), String)"
        scope = "" if old else "ScopeName String, ScopeVersion String,"
        self.run(
            f"""CREATE TABLE {table} (
                Timestamp DateTime64(9), TraceId String, SpanId String, ParentSpanId String, TraceState String,
                SpanName LowCardinality(String), SpanKind LowCardinality(String),
                ServiceName LowCardinality(String), ResourceAttributes {attributes}, {scope}
                SpanAttributes {attributes}, Duration {"Int64" if old else "UInt64"},
                StatusCode LowCardinality(String), StatusMessage String,
                Events Nested(Timestamp DateTime64(9), Name LowCardinality(String), Attributes {attributes}),
                Links Nested(TraceId String, SpanId String, TraceState String, Attributes {attributes}),
                INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1
            ) ENGINE = MergeTree PARTITION BY toDate(Timestamp)
            ORDER BY (ServiceName, SpanName, toDateTime(Timestamp))"""
        )

    def insert(self, messages: Collection[bytes], table: str = "otel_traces", *, old: bool = False) -> None:
        """Writes spans as the exporter does."""
        rows = [json.dumps(row) for message in messages for row in _rows(message, old)]
        self.run(f"INSERT INTO {table} FORMAT JSONEachRow\n" + "\n".join(rows))

    def source(self, **settings: Any) -> ClickHouseSource:
        """A source that reads it."""
        table = {"kind": "clickhouse", "url": self.url, "headers": HEADERS, "timeout": "60s", **settings}
        source = make_source(table, root=Path(), environ={})
        assert isinstance(source, ClickHouseSource)
        return source


@contextmanager
def clickhouse(folder: Path) -> Iterator[ClickHouse]:
    """The engine while the block runs; its data is below ``folder``."""
    try:
        import chdb  # noqa: F401
    except ImportError:
        missing("there is no chdb: pip install chdb")
    argv = [sys.executable, str(_SERVER), str(folder / "clickhouse")]
    with Child(argv, stdout=subprocess.PIPE, grace=0.5) as child:
        assert child.stdout is not None
        port = child.stdout.readline().decode().strip()
        assert port, "the engine did not start"
        yield ClickHouse(f"http://127.0.0.1:{port}")


@contextmanager
def loaded_clickhouse(folder: Path) -> Iterator[tuple[ClickHouseSource, Collection[str]]]:
    """A table of today, in which half of the inserts came twice."""
    with clickhouse(folder) as engine:
        engine.create()
        engine.insert(GOLDEN)
        engine.insert(GOLDEN[::2])
        yield engine.source(), WITHOUT


@contextmanager
def loaded_old_clickhouse(folder: Path) -> Iterator[tuple[ClickHouseSource, Collection[str]]]:
    """A table of an old exporter, with its spellings."""
    with clickhouse(folder) as engine:
        engine.run("CREATE DATABASE otel")
        engine.create("otel.traces", old=True)
        engine.insert(GOLDEN, "otel.traces", old=True)
        yield engine.source(database="otel", table="traces"), (*WITHOUT, "scope")


LOADED = {"clickhouse": loaded_clickhouse, "clickhouse old schema": loaded_old_clickhouse}
"""For tests/support/sources.py."""


def _rows(message: bytes, old: bool) -> Iterator[dict[str, Any]]:
    for resource_spans in TracesData.FromString(message).resource_spans:
        resource = _attributes(resource_spans.resource)
        for scope_spans in resource_spans.scope_spans:
            scope = {"ScopeName": scope_spans.scope.name, "ScopeVersion": scope_spans.scope.version}
            for span in scope_spans.spans:
                yield {
                    **_row(span, old),
                    **({} if old else scope),
                    "ServiceName": resource.get("service.name", ""),
                    "ResourceAttributes": resource,
                }


def _row(span: Span, old: bool) -> dict[str, Any]:
    kind, status = _SPAN_KINDS[span.kind], _STATUS_CODES[span.status.code]
    if old:
        kind, status = Span.SpanKind.Name(span.kind), Status.StatusCode.Name(span.status.code)
    return {
        "Timestamp": _time(span.start_time_unix_nano),
        "TraceId": span.trace_id.hex(),
        "SpanId": span.span_id.hex(),
        "ParentSpanId": span.parent_span_id.hex(),
        "TraceState": span.trace_state,
        "SpanName": span.name,
        "SpanKind": kind,
        "SpanAttributes": _attributes(span),
        "Duration": span.end_time_unix_nano - span.start_time_unix_nano,
        "StatusCode": status,
        "StatusMessage": span.status.message,
        "Events.Timestamp": [_time(event.time_unix_nano) for event in span.events],
        "Events.Name": [event.name for event in span.events],
        "Events.Attributes": [_attributes(event) for event in span.events],
        "Links.TraceId": [link.trace_id.hex() for link in span.links],
        "Links.SpanId": [link.span_id.hex() for link in span.links],
        "Links.TraceState": [link.trace_state for link in span.links],
        "Links.Attributes": [_attributes(link) for link in span.links],
    }


def _time(unix_ns: int) -> str:
    return f"{unix_ns // 10**9}.{unix_ns % 10**9:09}"


def _attributes(holder: Any) -> dict[str, str]:
    return {attribute.key: _text(attribute.value) for attribute in holder.attributes}


def _text(value: AnyValue) -> str:
    """A value as Go's pdata writes it as a string (roughly, for what is structured)."""
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "bool_value":
            return "true" if value.bool_value else "false"
        case "int_value":
            return str(value.int_value)
        case "double_value":
            return f"{value.double_value:g}"
    return str(value)
