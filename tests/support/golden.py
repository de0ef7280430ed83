"""Golden traces: a few that hold all that OTLP can, and what every source must make of them.

``GOLDEN`` are OTLP messages, as a Collector would export them; ``TRACE_IDS`` the ids in them; ``golden_table()``
what decode makes of them, which is what a source that loses nothing gives. A source whose backend cannot keep
everything names what is lost (see :data:`LOSSES`), and is compared without it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import pyarrow as pa
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status, TracesData

from k6spec.collect.decode import decode
from k6spec.collect.sources.base import TraceSource, WantedTraces
from k6spec.store.spans import SCHEMA

BEGIN = 1_790_000_000_000_000_000
TRACE_IDS = [bytes([0xAA, 0]) * 8, bytes([0xAA, 1]) * 8, bytes(9) + bytes([0xAA]) * 7]
"""The last begins with zeros, which backends that read ids as numbers leave out."""

LOSSES = {
    "nanoseconds": "times are whole microseconds",
    "doubles": "times went through a double, which has steps of 256 ns",
    "types": "attributes are texts, of no type",
    "flags": "span flags are not kept",
    "trace_state": "trace states are not kept",
    "dropped": "counts of what SDKs dropped are not kept",
    "scope": "scopes are not kept",
    "structured": "arrays, kvlists and bytes come as some text",
    "details": "events and links are not kept",
    "link_details": "links have no attributes and no trace states",
    "link_states": "links have no trace states",
    "status_message": "status messages are not kept",
    "resource": "resources are not kept but for the service's name",
    "unset_kind": "an unspecified kind comes as internal",
    "instants": "a span that took no time comes with one nanosecond",
}
"""What a backend may not be able to keep, and what that means."""


def golden_table(without: Collection[str] = ()) -> list[dict[str, Any]]:
    """The rows, as :func:`comparable` gives them."""
    batch, undecodable = decode(GOLDEN)
    assert undecodable == 0
    return comparable([batch], without)


def wanted() -> WantedTraces:
    """The golden traces, as a load would ask for them, and one that no backend has."""
    missing = bytes([0xEE]) * 16
    return WantedTraces(trace_ids=[*TRACE_IDS, missing], begin_ns=BEGIN - 10**9, end_ns=BEGIN + 10 * 10**9)


def comparable(batches: Iterable[pa.RecordBatch], without: Collection[str] = ()) -> list[dict[str, Any]]:
    """Rows in the order of their ids, less what ``without`` says is lost; maps as dicts."""
    unknown = set(without) - set(LOSSES)
    assert not unknown, unknown
    rows = [row for batch in batches for row in _checked(batch).to_pylist()]
    return [_less(row, without) for row in sorted(rows, key=lambda row: (row["trace_id"], row["span_id"]))]


def assert_gives_golden(source: TraceSource, without: Collection[str] = ()) -> None:
    """That a source which holds the golden traces gives each of their spans once, and nothing else."""
    actual, expected = comparable(source.fetch(wanted()), without), golden_table(without)
    assert [row["name"] for row in actual] == [row["name"] for row in expected]
    for got, want in zip(actual, expected, strict=True):
        assert got == want


def _checked(batch: pa.RecordBatch) -> pa.RecordBatch:
    batch.validate(full=True)
    assert batch.schema == SCHEMA
    return batch


def _less(row: dict[str, Any], without: Collection[str]) -> dict[str, Any]:
    row = {name: dict(value) if name in _MAPS else value for name, value in row.items()}
    row["events"] = [_less_detail(event, without) for event in row["events"]]
    row["links"] = [_less_detail(link, without) for link in row["links"]]
    if "link_details" in without:
        row["links"] = [{"trace_id": link["trace_id"], "span_id": link["span_id"]} for link in row["links"]]
    if "structured" in without:
        row["attributes"] = _plain_only(row["attributes"])
        row["attribute_types"] = _plain_only(row["attribute_types"])
    if "doubles" in without:
        begin, end = float(row["start_ns"]), float(row["start_ns"] + row["duration_ns"])
        row["start_ns"], row["duration_ns"] = int(begin), int(end - begin)
    if "nanoseconds" in without:
        row["start_ns"] //= 1000
        row["duration_ns"] //= 1000
    if "instants" in without and row["duration_ns"] == 0:
        row["duration_ns"] = 1
    if "details" in without:
        row["events"] = row["links"] = []
    if "unset_kind" in without and row["kind"] == "unspecified":
        row["kind"] = "internal"
    if "resource" in without:
        row["resource"] = {key: value for key, value in row["resource"].items() if key == "service.name"}
    for loss, names in _COLUMNS.items():
        if loss in without:
            for name in names:
                del row[name]
    return row


def _less_detail(detail: dict[str, Any], without: Collection[str]) -> dict[str, Any]:
    detail = {name: dict(value) if name in _MAPS else value for name, value in detail.items()}
    if "doubles" in without and "time_ns" in detail:
        detail["time_ns"] = int(float(detail["time_ns"]))
    if "nanoseconds" in without and "time_ns" in detail:
        detail["time_ns"] //= 1000
    for name in ("attribute_types",) if "types" in without else ():
        del detail[name]
    if "trace_state" in without or "link_states" in without:
        detail.pop("trace_state", None)
    return detail


def _plain_only(attributes: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in attributes.items() if not key.startswith("structured.")}


_MAPS = {"attributes", "attribute_types", "resource", "resource_types"}
_COLUMNS = {
    "types": ("attribute_types", "resource_types"),
    "flags": ("flags",),
    "trace_state": ("trace_state",),
    "dropped": ("dropped_attributes", "dropped_events", "dropped_links"),
    "scope": ("scope_name", "scope_version"),
    "status_message": ("status_message",),
}


def _attributes(values: Mapping[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_value(value)) for key, value in values.items()]


def _value(value: Any) -> AnyValue:
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case bytes():
            return AnyValue(bytes_value=value)
        case list():
            return AnyValue(array_value=ArrayValue(values=[_value(item) for item in value]))
        case dict():
            return AnyValue(kvlist_value=KeyValueList(values=_attributes(value)))
    return AnyValue(string_value=value)


def _span(trace: int, number: int, parent: int | None, name: str, kind: int, **more: Any) -> Span:
    attributes = more.pop("attributes", {})
    begin = BEGIN + trace * 10**9 + number * 1_234_567
    return Span(
        trace_id=TRACE_IDS[trace],
        span_id=bytes([trace + 1, number + 1]) * 4,
        parent_span_id=b"" if parent is None else bytes([trace + 1, parent + 1]) * 4,
        name=name,
        kind=kind,  # type: ignore[arg-type]
        start_time_unix_nano=begin,
        end_time_unix_nano=begin + more.pop("ns", 2_000_001),
        attributes=_attributes(attributes),
        **more,
    )


def _message(service: str, scope: str, *spans: Span, **resource: Any) -> bytes:
    found = ResourceSpans()
    found.resource.attributes.extend(_attributes({"service.name": service, **resource}))
    scoped = ScopeSpans(spans=spans)
    if scope:
        scoped.scope.name, scoped.scope.version = scope, "1.2"
    found.scope_spans.append(scoped)
    return TracesData(resource_spans=[found]).SerializeToString()


_SERVER, _CLIENT, _INTERNAL, _PRODUCER, _CONSUMER = 2, 3, 1, 4, 5

_ENTRY = _span(
    0, 0, None, "POST /checkout", _SERVER, ns=80_000_123, trace_state="k6spec=load", flags=0x301,
    attributes={"http.method": "POST", "http.route": "/checkout", "http.status_code": 200},
)  # fmt: skip
_ENTRY.parent_span_id = b"k6client"
_QUERY = _span(
    0, 1, 0, "SELECT shop", _CLIENT, ns=41_000_999, flags=0x101,
    attributes={"db.system": "postgresql", "db.statement": "SELECT * FROM stock WHERE sku = 'é\"\\'", "rows": 7},
)  # fmt: skip
_FAILED = _span(
    1, 1, 0, "charge", _CLIENT, status=Status(code=Status.STATUS_CODE_ERROR, message="card 'declined'\n"),
    attributes={"retry": True, "ratio": 0.25, "negative": -(2**62), "empty": "", "rpc.system": "grpc"},
)  # fmt: skip
_EVENT = _FAILED.events.add(name="exception", time_unix_nano=BEGIN + 10**9 + 5_000_321)
_EVENT.attributes.extend(_attributes({"exception.type": "Declined", "exception.line": 3}))
_FAILED.events.add(name="retried", time_unix_nano=BEGIN + 10**9 + 6_000_000)
_RICH = _span(
    2, 1, 0, "rich", _INTERNAL, ns=0, dropped_attributes_count=1, dropped_events_count=2, dropped_links_count=3,
    status=Status(code=Status.STATUS_CODE_OK),
    attributes={
        "structured.bytes": b"\x00\xff",
        "structured.array": ["a", "b"],
        "structured.kvlist": {"k": 1},
        "line": "a\tb\u2028c",
    },
)  # fmt: skip
_LINK = _RICH.links.add(trace_id=TRACE_IDS[0], span_id=_QUERY.span_id, trace_state="a=b")
_LINK.attributes.extend(_attributes({"why": "cause"}))

GOLDEN = [
    _message("orders", "flask", _ENTRY, _span(1, 0, None, "GET /orders/{id}", _SERVER, ns=9_000_000), host="h1"),
    _message("orders", "sqlalchemy", _QUERY, **{"host": "h1", "process.pid": 12}),
    _message("payment", "", _FAILED),
    _message(
        "stock", "kafka", _span(2, 0, None, "publish", _PRODUCER), _RICH, _span(2, 2, 1, "consume", _CONSUMER)
    ),
    _message("stock", "plain", _span(2, 3, 2, "unspecified kind", 0)),
]
"""OTLP messages of three traces."""
