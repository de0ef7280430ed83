"""The reference decoder: protobuf's Python classes and a loop over spans."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, final

import pyarrow as pa
from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

from k6spec.collect.anyvalue import render
from k6spec.collect.arrow import Array, map_of
from k6spec.collect.repair import repair
from k6spec.store.spans import EVENT, LINK, RECEIVED

KINDS: Final = ("unspecified", "internal", "server", "client", "producer", "consumer")
"""Names of SpanKind, by number; unknown numbers are unspecified."""
STATUSES: Final = ("unset", "ok", "error")
"""Names of StatusCode, by number; unknown numbers are unset."""
UNKNOWN_SERVICE: Final = "unknown_service"
"""``service`` of spans whose resource has no service.name."""
MAX_INT64: Final = 2**63 - 1

_NO_TRACE: Final = bytes(16)
_NO_SPAN: Final = bytes(8)


def decode_plain(messages: Sequence[bytes]) -> tuple[pa.RecordBatch, int]:
    """Rows of :data:`k6spec.store.spans.RECEIVED`, and how many spans could not be decoded."""
    rows = _Rows()
    for message in messages:
        data = _parse(message)
        if data is None:
            rows.undecodable += 1
            continue
        for resource_spans in data.resource_spans:
            rows.begin_resource(resource_spans.resource.attributes)
            for scope_spans in resource_spans.scope_spans:
                scope = (scope_spans.scope.name, scope_spans.scope.version)
                for span in scope_spans.spans:
                    rows.add(span, scope)
    return rows.batch(), rows.undecodable


def _parse(message: bytes) -> TracesData | None:
    try:
        return TracesData.FromString(message)
    except DecodeError:
        repaired = repair(message)
        return None if repaired is None else TracesData.FromString(repaired)


@final
class _Maps:
    """A column of attributes and the column of their types."""

    def __init__(self) -> None:
        self._offsets = [0]
        self._keys: list[str] = []
        self._texts: list[str | None] = []
        self._type_offsets = [0]
        self._typed_keys: list[str] = []
        self._types: list[str] = []

    def add(self, attributes: Iterable[KeyValue]) -> None:
        seen = set()
        for attribute in attributes:
            key = attribute.key
            if key in seen:
                continue
            seen.add(key)
            text, kind = render(attribute.value)
            self._keys.append(key)
            self._texts.append(text)
            if kind is not None:
                self._typed_keys.append(key)
                self._types.append(kind)
        self._offsets.append(len(self._keys))
        self._type_offsets.append(len(self._types))

    def arrays(self) -> tuple[Array, Array]:
        texts = pa.array(self._texts, pa.string())
        types = pa.array(self._types, pa.string())
        return (
            map_of(self._offsets, pa.array(self._keys, pa.string()), texts),
            map_of(self._type_offsets, pa.array(self._typed_keys, pa.string()), types),
        )


@final
class _Rows:
    def __init__(self) -> None:
        self.undecodable = 0
        self._columns: dict[str, list[Any]] = {
            field.name: [] for field in RECEIVED if field.name not in _NESTED_COLUMNS
        }
        self._attributes = _Maps()
        self._resources = _Maps()
        self._resource_of: list[int] = []
        self._resource_count = 0
        self._service = UNKNOWN_SERVICE
        self._event_offsets = [0]
        self._events: list[tuple[int, str]] = []
        self._event_attributes = _Maps()
        self._link_offsets = [0]
        self._links: list[tuple[bytes, bytes, str]] = []
        self._link_attributes = _Maps()

    def begin_resource(self, attributes: Sequence[KeyValue]) -> None:
        self._resources.add(attributes)
        self._resource_count += 1
        named = next((a.value for a in attributes if a.key == "service.name"), None)
        self._service = (None if named is None else render(named)[0]) or UNKNOWN_SERVICE

    def add(self, span: Span, scope: tuple[str, str]) -> None:
        parent: bytes | None = span.parent_span_id
        if not parent or parent == _NO_SPAN:
            parent = None
        elif len(parent) != 8:
            self.undecodable += 1
            return
        if not _valid_ids(span):
            self.undecodable += 1
            return
        start, end = (min(time, MAX_INT64) for time in (span.start_time_unix_nano, span.end_time_unix_nano))
        links = [link for link in span.links if _valid_ids(link)]
        row: dict[str, Any] = {
            "trace_id": span.trace_id,
            "span_id": span.span_id,
            "parent_span_id": parent,
            "trace_state": span.trace_state,
            "flags": span.flags,
            "service": self._service,
            "scope_name": scope[0],
            "scope_version": scope[1],
            "name": span.name,
            "kind": KINDS[span.kind] if 0 <= span.kind < len(KINDS) else KINDS[0],
            "start_ns": start,
            "duration_ns": max(end - start, 0),
            "status": STATUSES[span.status.code] if 0 <= span.status.code < len(STATUSES) else STATUSES[0],
            "status_message": span.status.message,
            "dropped_attributes": span.dropped_attributes_count,
            "dropped_events": span.dropped_events_count,
            "dropped_links": min(span.dropped_links_count + len(span.links) - len(links), 2**32 - 1),
        }
        for name, column in self._columns.items():
            column.append(row[name])
        self._attributes.add(span.attributes)
        self._resource_of.append(self._resource_count - 1)
        for event in span.events:
            self._events.append((min(event.time_unix_nano, MAX_INT64), event.name))
            self._event_attributes.add(event.attributes)
        self._event_offsets.append(len(self._events))
        for link in links:
            self._links.append((link.trace_id, link.span_id, link.trace_state))
            self._link_attributes.add(link.attributes)
        self._link_offsets.append(len(self._links))

    def batch(self) -> pa.RecordBatch:
        arrays = {
            field.name: pa.array(self._columns[field.name], field.type)
            for field in RECEIVED
            if field.name in self._columns
        }
        arrays["attributes"], arrays["attribute_types"] = self._attributes.arrays()
        resource_of = pa.array(self._resource_of, pa.int64())
        arrays["resource"], arrays["resource_types"] = (m.take(resource_of) for m in self._resources.arrays())
        times, names = _columns(self._events, 2)
        arrays["events"] = pa.ListArray.from_arrays(
            pa.array(self._event_offsets, pa.int32()),
            pa.StructArray.from_arrays(
                [
                    pa.array(times, pa.int64()),
                    pa.array(names, pa.string()),
                    *self._event_attributes.arrays(),
                ],
                fields=list(EVENT),
            ),
        )
        trace_ids, span_ids, states = _columns(self._links, 3)
        arrays["links"] = pa.ListArray.from_arrays(
            pa.array(self._link_offsets, pa.int32()),
            pa.StructArray.from_arrays(
                [
                    pa.array(trace_ids, pa.binary(16)),
                    pa.array(span_ids, pa.binary(8)),
                    pa.array(states, pa.string()),
                    *self._link_attributes.arrays(),
                ],
                fields=list(LINK),
            ),
        )
        return pa.RecordBatch.from_arrays([arrays[field.name] for field in RECEIVED], schema=pa.schema(RECEIVED))


_NESTED_COLUMNS: Final = {"attributes", "attribute_types", "resource", "resource_types", "events", "links"}


def _valid_ids(holder: Span | Span.Link) -> bool:
    trace_id, span_id = holder.trace_id, holder.span_id
    return len(trace_id) == 16 and len(span_id) == 8 and trace_id != _NO_TRACE and span_id != _NO_SPAN


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[tuple[Any, ...]]:
    return list(zip(*rows, strict=True)) if rows else [()] * width
