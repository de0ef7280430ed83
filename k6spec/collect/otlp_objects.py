"""Traces in OTLP/JSON to protobuf, the quick way: what is written as it should be, and nothing else.

Four times as fast as protobuf's own JSON reader, which is written in Python and knows every spelling that there is
(``trace_id`` for ``traceId``, names of enums, fields that it does not know). Where a message holds any of these, a
value of another type, or arrays in arrays, this one gives up.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

_Fields: TypeAlias = Mapping[str, tuple[str, Callable[[Any], Any]]]
"""By a field's name in JSON: its name in protobuf, and what makes its value."""

_INTEGER: Final = re.compile(r"-?[0-9]{1,20}")


def quick_request(found: Any) -> ExportTraceServiceRequest | None:
    """The request, or None where it is for protobuf's own reader to take or to refuse."""
    try:
        request: ExportTraceServiceRequest = _request(found)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None
    return request


def _of(message: Callable[..., Any], fields: _Fields) -> Callable[[Any], Any]:
    def make(found: Any) -> Any:
        values = {}
        for key, value in found.items():
            name, convert = fields[key]
            values[name] = convert(value)
        return message(**values)

    return make


def _list_of(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def make(found: Any) -> Any:
        if type(found) is not list:
            raise TypeError
        return [convert(one) for one in found]

    return make


def _same(kind: type) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError
        return value

    return check


def _long(value: Any) -> int:
    if type(value) is str and _INTEGER.fullmatch(value):
        return int(value)
    if type(value) is not int:
        raise TypeError
    return value


def _double(value: Any) -> float:
    if type(value) not in (float, int) or not math.isfinite(value):
        raise TypeError
    return float(value)


def _bytes(value: Any) -> bytes:
    return base64.b64decode(value, validate=True)


def _one_of(fields: _Fields) -> Callable[[Any], Any]:
    make = _of(AnyValue, fields)

    def check(found: Any) -> Any:
        if len(found) > 1:
            raise ValueError
        return make(found)

    return check


_text: Final = _same(str)
_count: Final = _same(int)
_SCALARS: Final[_Fields] = {
    "stringValue": ("string_value", _text),
    "boolValue": ("bool_value", _same(bool)),
    "intValue": ("int_value", _long),
    "doubleValue": ("double_value", _double),
    "bytesValue": ("bytes_value", _bytes),
}
_scalar: Final = _one_of(_SCALARS)
_scalars: Final = _list_of(_of(KeyValue, {"key": ("key", _text), "value": ("value", _scalar)}))
_value: Final = _one_of(
    {
        **_SCALARS,
        "arrayValue": ("array_value", _of(ArrayValue, {"values": ("values", _list_of(_scalar))})),
        "kvlistValue": ("kvlist_value", _of(KeyValueList, {"values": ("values", _scalars)})),
    }
)
_key_values: Final = _list_of(_of(KeyValue, {"key": ("key", _text), "value": ("value", _value)}))
_ATTRIBUTES: Final[_Fields] = {
    "attributes": ("attributes", _key_values),
    "droppedAttributesCount": ("dropped_attributes_count", _count),
}
_CONTEXT: Final[_Fields] = {
    "traceId": ("trace_id", bytes.fromhex),
    "spanId": ("span_id", bytes.fromhex),
    "traceState": ("trace_state", _text),
    "flags": ("flags", _count),
}
_event: Final = _of(
    Span.Event, {"timeUnixNano": ("time_unix_nano", _long), "name": ("name", _text), **_ATTRIBUTES}
)
_link: Final = _of(Span.Link, {**_CONTEXT, **_ATTRIBUTES})
_span: Final = _of(
    Span,
    {
        **_CONTEXT,
        **_ATTRIBUTES,
        "parentSpanId": ("parent_span_id", bytes.fromhex),
        "name": ("name", _text),
        "kind": ("kind", _count),
        "startTimeUnixNano": ("start_time_unix_nano", _long),
        "endTimeUnixNano": ("end_time_unix_nano", _long),
        "events": ("events", _list_of(_event)),
        "droppedEventsCount": ("dropped_events_count", _count),
        "links": ("links", _list_of(_link)),
        "droppedLinksCount": ("dropped_links_count", _count),
        "status": ("status", _of(Status, {"message": ("message", _text), "code": ("code", _count)})),
    },
)
_scope: Final = _of(InstrumentationScope, {"name": ("name", _text), "version": ("version", _text), **_ATTRIBUTES})
_scope_spans: Final = _of(
    ScopeSpans,
    {"scope": ("scope", _scope), "spans": ("spans", _list_of(_span)), "schemaUrl": ("schema_url", _text)},
)
_resource_spans: Final = _of(
    ResourceSpans,
    {
        "resource": ("resource", _of(Resource, _ATTRIBUTES)),
        "scopeSpans": ("scope_spans", _list_of(_scope_spans)),
        "schemaUrl": ("schema_url", _text),
    },
)
_request: Final = _of(ExportTraceServiceRequest, {"resourceSpans": ("resource_spans", _list_of(_resource_spans))})
