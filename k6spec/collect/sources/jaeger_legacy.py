"""Jaeger's legacy API: traces as its UI reads them, turned back into OTLP.

Source: jaegertracing/jaeger ``model/json/model.go``, ``model/converter/json/from_domain.go``; how OTLP became
this: opentelemetry-collector-contrib ``pkg/translator/jaeger``, and the OpenTelemetry specification's "Jaeger
exporter".

It does not keep nanoseconds, flags, counts of what was dropped, and the attributes and trace states of links.
Arrays and kvlists are texts, in JSON. A span that follows from another of its trace and is the child of none is
taken for the child of that one, as Jaeger does.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status, TracesData

from k6spec.collect.sources.base import WantedTraces
from k6spec.collect.sources.by_id import Answer
from k6spec.collect.sources.jaeger_api import JaegerApi, says_cut

Tag: TypeAlias = Mapping[str, Any]
"""``key``, ``type`` and ``value`` of an attribute."""

_KINDS: Final = {
    "internal": Span.SPAN_KIND_INTERNAL,
    "server": Span.SPAN_KIND_SERVER,
    "client": Span.SPAN_KIND_CLIENT,
    "producer": Span.SPAN_KIND_PRODUCER,
    "consumer": Span.SPAN_KIND_CONSUMER,
}
_STATUSES: Final = {"OK": Status.STATUS_CODE_OK, "ERROR": Status.STATUS_CODE_ERROR}
_KIND: Final = "span.kind"
_STATUS: Final = "otel.status_code"
_STATUS_MESSAGE: Final = "otel.status_description"
_ERROR: Final = "error"
_TRACE_STATE: Final = "w3c.tracestate"
_SCOPE_NAMES: Final = ("otel.scope.name", "otel.library.name")
_SCOPE_VERSIONS: Final = ("otel.scope.version", "otel.library.version")
_EVENT: Final = "event"
_MESSAGE: Final = "message"  # in its place, in what came from Jaeger's own clients
_OWN: Final = ("@jaeger@", "internal.span.format")  # tags that Jaeger itself adds begin so
_SAMPLED: Final = 1  # of the flags, all that Jaeger's and W3C's have in common


def _parameters(wanted: WantedTraces) -> dict[str, str]:
    begin, end = (str(ns // 1000) for ns in wanted.widened)
    return {"start": begin, "end": end, "raw": "true"}


def _read(text: str) -> Answer:
    data = TracesData()
    cut = False
    for trace in json.loads(text)["data"] or ():
        scopes: dict[tuple[str, str, str], ScopeSpans] = {}
        resources: dict[str, ResourceSpans] = {}
        cut = cut or _says_cut(trace)
        for span in trace["spans"]:
            cut = cut or _says_cut(span)
            tags = _by_key(span.get("tags"))
            process = span["processID"]
            key = (process, _take_text(tags, _SCOPE_NAMES), _take_text(tags, _SCOPE_VERSIONS))
            if process not in resources:
                resources[process] = data.resource_spans.add()
                _fill_resource(resources[process], trace["processes"][process])
            if key not in scopes:
                scopes[key] = resources[process].scope_spans.add()
                scopes[key].scope.name, scopes[key].scope.version = key[1:]
            _fill(scopes[key].spans.add(), span, tags)
    return Answer(message=data.SerializeToString(), cut=cut)


def _says_cut(holder: Mapping[str, Any]) -> bool:
    return any(says_cut(warning) for warning in holder.get("warnings") or ())


def _fill_resource(found: ResourceSpans, process: Mapping[str, Any]) -> None:
    tags = _by_key(process.get("tags"))
    tags["service.name"] = {"key": "service.name", "type": "string", "value": process["serviceName"]}
    found.resource.attributes.extend(_attributes(tags.values()))


def _fill(found: Span, span: Mapping[str, Any], tags: dict[str, Tag]) -> None:
    found.trace_id = _id(span["traceID"], 16)
    found.span_id = _id(span["spanID"], 8)
    found.name = span["operationName"]
    found.start_time_unix_nano = span["startTime"] * 1000
    found.end_time_unix_nano = (span["startTime"] + span["duration"]) * 1000
    found.flags = span.get("flags", 0) & _SAMPLED
    found.trace_state = _take_text(tags, (_TRACE_STATE,))
    if (kind := tags.get(_KIND)) is not None and kind["value"] in _KINDS:
        found.kind = _KINDS[tags.pop(_KIND)["value"]]
    _fill_references(found, span)
    _fill_status(found, tags)
    found.attributes.extend(_attributes(tags.values()))
    for log in span.get("logs") or ():
        fields = _by_key(log.get("fields"))
        name = _take_text(fields, (_EVENT,)) or _text(fields.get(_MESSAGE))
        event = found.events.add(time_unix_nano=log["timestamp"] * 1000, name=name)
        event.attributes.extend(_attributes(fields.values()))


def _fill_references(found: Span, span: Mapping[str, Any]) -> None:
    """The parent is the first span of the trace that it is a child of, else the first that it follows from."""
    references = span.get("references") or ()
    ids = [(_id(each["traceID"], 16), _id(each["spanID"], 8), each["refType"]) for each in references]
    inside = [(kind == "CHILD_OF", span_id) for trace_id, span_id, kind in ids if trace_id == found.trace_id]
    if inside:
        found.parent_span_id = max(inside, key=lambda reference: reference[0])[1]
    for trace_id, span_id, kind in ids:
        if (trace_id, span_id, kind) != (found.trace_id, found.parent_span_id, "CHILD_OF"):
            found.links.add(trace_id=trace_id, span_id=span_id)


def _fill_status(found: Span, tags: dict[str, Tag]) -> None:
    code = _text(tags.get(_STATUS)).upper()
    failed = tags.get(_ERROR, {}).get("value") is True
    if code in _STATUSES:
        found.status.code = _STATUSES[code]
        found.status.message = _take_text(tags, (_STATUS_MESSAGE,))
        del tags[_STATUS]
        if failed and code == "ERROR":
            del tags[_ERROR]
    elif failed:  # from Jaeger's own clients: with OTLP's status comes its code
        found.status.code = Status.STATUS_CODE_ERROR


def _by_key(tags: Iterable[Tag] | None) -> dict[str, Tag]:
    """Tags by key, the first of each; those of Jaeger itself are left out."""
    found: dict[str, Tag] = {}
    for tag in tags or ():
        if not tag["key"].startswith(_OWN):
            found.setdefault(tag["key"], tag)
    return found


def _take_text(tags: dict[str, Tag], keys: Iterable[str]) -> str:
    """The first of these that there is, empty if there is none; none of them is left."""
    found = [_text(tags.pop(key)) for key in keys if _text(tags.get(key))]
    return found[0] if found else ""


def _text(tag: Tag | None) -> str:
    """The tag's value if it is a text."""
    return tag["value"] if tag is not None and isinstance(tag["value"], str) else ""


def _attributes(tags: Iterable[Tag]) -> list[KeyValue]:
    return [KeyValue(key=tag["key"], value=_value(tag.get("type"), tag["value"])) for tag in tags]


def _value(kind: str | None, value: Any) -> AnyValue:
    try:
        match kind:
            case "bool":
                return AnyValue(bool_value=value is True or value == "true")
            case "int64":  # a text where JavaScript could not keep the number
                return AnyValue(int_value=int(value))
            case "float64":
                return AnyValue(double_value=float(value))
            case "binary":
                return AnyValue(bytes_value=base64.b64decode(value, validate=True))
    except (TypeError, ValueError):
        pass  # not what it says it is: then as text
    return AnyValue(string_value=value if isinstance(value, str) else json.dumps(value))


def _id(text: str, size: int) -> bytes:
    """An id; older Jaegers leave out leading zeros."""
    return bytes.fromhex(text.zfill(2 * size))


def _is_error(answer: Any) -> bool:
    return isinstance(answer, dict) and isinstance(answer.get("errors"), list) and "data" in answer


LEGACY_API: Final = JaegerApi(path="/api/traces/", parameters=_parameters, read=_read, is_error=_is_error)
