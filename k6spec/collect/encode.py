"""Rows of the span table to OTLP trace exports: what decode took apart is put together again.

The inverse of :mod:`k6spec.collect.decode` in all that the table keeps. What decode left out (schema URLs, scopes'
attributes) is gone, and the spans of a message come grouped by resource and scope, in no other order than that. A
value whose text is not what its type says, as a backend may have rendered it, goes as a text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias, final

import pyarrow as pa
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, TracesData

from k6spec.collect.anyvalue import parse
from k6spec.collect.decode_plain import KINDS, STATUSES, UNKNOWN_SERVICE
from k6spec.store.spans import RECEIVED

MAX_SPANS: Final = 1_000
"""The most spans in one message."""
MAX_BYTES: Final = 2 << 20
"""The most bytes in one message that has more than one span: half of what gRPC servers take by default."""

_Map: TypeAlias = Sequence[tuple[str, str | None]] | None

_NAMES: Final = [field.name for field in RECEIVED]
_KIND_OF: Final = {name: number for number, name in enumerate(KINDS)}
_STATUS_OF: Final = {name: number for number, name in enumerate(STATUSES)}
_SHORT: Final = 256


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A message to send: a TracesData, which on the wire is an ExportTraceServiceRequest; and the spans in it."""

    message: bytes
    spans: int


def encode(batch: pa.RecordBatch) -> Iterator[Export]:
    """The spans of a batch that has the columns of :data:`k6spec.store.spans.RECEIVED`, in bounded messages.

    Nulls are what OTLP leaves out.
    """
    rows = [
        dict(zip(_NAMES, row, strict=True))
        for row in zip(*(batch[name].to_pylist() for name in _NAMES), strict=True)
    ]
    for first in range(0, len(rows), MAX_SPANS):
        yield from _exports(rows[first : first + MAX_SPANS])


def _exports(rows: Sequence[dict[str, Any]]) -> Iterator[Export]:
    message = _message(rows)
    if len(message) <= MAX_BYTES or len(rows) == 1:
        yield Export(message=message, spans=len(rows))
    else:
        half = len(rows) // 2
        yield from _exports(rows[:half])
        yield from _exports(rows[half:])


def _message(rows: Iterable[dict[str, Any]]) -> bytes:
    data = TracesData()
    resources: dict[object, ResourceSpans] = {}
    scopes: dict[object, ScopeSpans] = {}
    for row in rows:
        of_resource = (row["service"], tuple(row["resource"] or ()), tuple(row["resource_types"] or ()))
        of_scope = (of_resource, row["scope_name"], row["scope_version"])
        scope = scopes.get(of_scope)
        if scope is None:
            resource = resources.get(of_resource)
            if resource is None:
                resource = resources[of_resource] = data.resource_spans.add()
                resource.resource.attributes.extend(_resource(row))
            scope = scopes[of_scope] = resource.scope_spans.add()
            scope.scope.name, scope.scope.version = row["scope_name"] or "", row["scope_version"] or ""
        _add_span(scope, row)
    return data.SerializeToString()


def _resource(row: dict[str, Any]) -> Iterator[KeyValue]:
    # A backend may keep the service's name and not the resource it came from.
    service = row["service"] or UNKNOWN_SERVICE
    if service != UNKNOWN_SERVICE and not any(key == "service.name" for key, _ in row["resource"] or ()):
        yield _attribute("service.name", service, None)
    yield from _attributes(row["resource"], row["resource_types"])


def _add_span(scope: ScopeSpans, row: dict[str, Any]) -> None:
    start = max(row["start_ns"] or 0, 0)
    span = scope.spans.add(
        trace_id=row["trace_id"],
        span_id=row["span_id"],
        parent_span_id=row["parent_span_id"] or b"",
        trace_state=row["trace_state"] or "",
        flags=row["flags"] or 0,
        name=row["name"] or "",
        kind=_KIND_OF.get(row["kind"], 0),
        start_time_unix_nano=start,
        end_time_unix_nano=start + (row["duration_ns"] or 0),
        attributes=_attributes(row["attributes"], row["attribute_types"]),
        dropped_attributes_count=row["dropped_attributes"] or 0,
        dropped_events_count=row["dropped_events"] or 0,
        dropped_links_count=row["dropped_links"] or 0,
    )
    if code := _STATUS_OF.get(row["status"], 0):
        span.status.code = code  # type: ignore[assignment]
    if row["status_message"]:
        span.status.message = row["status_message"]
    for event in row["events"] or ():
        span.events.add(
            time_unix_nano=max(event["time_ns"] or 0, 0),
            name=event["name"] or "",
            attributes=_attributes(event["attributes"], event["attribute_types"]),
        )
    for link in row["links"] or ():
        span.links.add(
            trace_id=link["trace_id"],
            span_id=link["span_id"],
            trace_state=link["trace_state"] or "",
            attributes=_attributes(link["attributes"], link["attribute_types"]),
        )


def _attributes(texts: _Map, types: _Map) -> list[KeyValue]:
    if not texts:
        return []
    kind_of = dict(types or ())
    return [_attribute(key, text, kind_of.get(key)) for key, text in texts]


def _attribute(key: str, text: str | None, kind: str | None) -> KeyValue:
    return _short_attribute(key, text, kind) if len(text or "") <= _SHORT else _new_attribute(key, text, kind)


def _new_attribute(key: str, text: str | None, kind: str | None) -> KeyValue:
    return KeyValue(key=key, value=parse(text, kind))


# Most attributes of a load are the same few; a message takes a copy of what it is given.
_short_attribute = lru_cache(maxsize=16_384)(_new_attribute)
