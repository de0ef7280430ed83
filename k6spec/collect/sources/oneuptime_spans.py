"""Spans as OneUptime's API lists them, as OTLP."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, TracesData

SELECTED: Final = (
    "traceId",
    "spanId",
    "parentSpanId",
    "traceState",
    "name",
    "kind",
    "startTimeUnixNano",
    "durationUnixNano",
    "statusCode",
    "statusMessage",
    "attributes",
    "events",
    "links",
)
"""The columns that are asked for."""

_KINDS: Final[Mapping[Any, Any]] = dict(Span.SpanKind.items())
_RESOURCE: Final = "resource."
_OWN: Final = "oneuptime."
_SCOPE: Final = ("scope.name", "scope.version")


def otlp_of(spans: Iterable[Mapping[str, Any]]) -> bytes:
    """TracesData with these spans. What is not as it should be makes a span that cannot be decoded."""
    data = TracesData()
    resources: dict[tuple[tuple[str, str], ...], ResourceSpans] = {}
    scopes: dict[tuple[int, str, str], ScopeSpans] = {}
    for span in spans:
        attributes = _texts(span.get("attributes"))
        resource = {key.removeprefix(_RESOURCE): text for key, text in attributes.items() if _is_resource(key)}
        resource_spans = resources.get(key := tuple(sorted(resource.items())))
        if resource_spans is None:
            resource_spans = resources[key] = data.resource_spans.add()
            resource_spans.resource.attributes.extend(_attributes(resource))
        name, version = (attributes.get(key, "") for key in _SCOPE)
        scope_spans = scopes.get(place := (id(resource_spans), name, version))
        if scope_spans is None:
            scope_spans = scopes[place] = resource_spans.scope_spans.add()
            scope_spans.scope.name, scope_spans.scope.version = name, version
        own = {key: text for key, text in attributes.items() if not _is_others(key)}
        scope_spans.spans.append(_span(span, own))
    return data.SerializeToString()


def _span(span: Mapping[str, Any], attributes: Mapping[str, str]) -> Span:
    made = Span()
    try:
        start = int(span["startTimeUnixNano"])
        made = Span(
            parent_span_id=bytes.fromhex(span.get("parentSpanId") or ""),
            trace_state=span.get("traceState") or "",
            name=span.get("name") or "",
            kind=_KINDS.get(span.get("kind"), Span.SPAN_KIND_UNSPECIFIED),
            start_time_unix_nano=start,
            end_time_unix_nano=start + int(span["durationUnixNano"]),
            attributes=_attributes(attributes),
            events=[_event(event) for event in _list(span.get("events"))],
            links=[_link(link) for link in _list(span.get("links"))],
        )
        made.status.code = int(span.get("statusCode") or 0)  # type: ignore[assignment]
        made.status.message = span.get("statusMessage") or ""
        made.trace_id, made.span_id = bytes.fromhex(span["traceId"]), bytes.fromhex(span["spanId"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return Span()
    return made


def _event(event: Mapping[str, Any]) -> Span.Event:
    return Span.Event(
        name=event.get("name") or "",
        time_unix_nano=int(event["timeUnixNano"]),
        attributes=_attributes(_texts(event.get("attributes"))),
    )


def _link(link: Mapping[str, Any]) -> Span.Link:
    return Span.Link(
        trace_id=bytes.fromhex(link["traceId"]),
        span_id=bytes.fromhex(link["spanId"]),
        attributes=_attributes(_texts(link.get("attributes"))),
    )


def _list(value: Any) -> list[Mapping[str, Any]]:
    """A list, or the JSON of one: which it is depends on the version."""
    found = json.loads(value) if isinstance(value, str) and value else value
    return found if isinstance(found, list) else []


def _texts(attributes: Any) -> dict[str, str]:
    return {} if not isinstance(attributes, Mapping) else {str(key): _text(it) for key, it in attributes.items()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _attributes(texts: Mapping[str, str]) -> list[KeyValue]:
    made = []
    for key, text in texts.items():
        attribute = KeyValue(key=key)
        attribute.value.string_value = text
        made.append(attribute)
    return made


def _is_resource(key: str) -> bool:
    return key.startswith(_RESOURCE)


def _is_others(key: str) -> bool:
    """Whether an attribute is not the span's own: the resource's, the scope's or OneUptime's."""
    return _is_resource(key) or key.startswith(_OWN) or key in _SCOPE
