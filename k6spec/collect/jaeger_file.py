"""Traces as Jaeger's user interface opens them from a file. Source: Jaeger's model/json, as its API answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def jaeger_trace(trace_id: str, spans: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One trace: rows of the span table to Jaeger's JSON. Times are microseconds there."""
    services = list(dict.fromkeys(span["service"] for span in spans))
    resources = {span["service"]: span["resource"] or () for span in spans}
    return {
        "traceID": trace_id,
        "spans": [_span(trace_id, span, f"p{services.index(span['service'])}") for span in spans],
        "processes": {
            f"p{number}": {
                "serviceName": service,
                "tags": [_tag(key, value) for key, value in resources[service] if key != "service.name"],
            }
            for number, service in enumerate(services)
        },
        "warnings": None,
    }


def _span(trace_id: str, span: dict[str, Any], process: str) -> dict[str, Any]:
    parent = span["parent_span_id"]
    tags = [_tag(key, value) for key, value in span["attributes"] or ()]
    tags.append(_tag("span.kind", span["kind"]))
    if span["status"] == "error":
        tags.append({"key": "error", "type": "bool", "value": True})
    if span.get("status_message"):
        tags.append(_tag("otel.status_description", span["status_message"]))
    return {
        "traceID": trace_id,
        "spanID": span["span_id"].hex(),
        "operationName": span["name"],
        "references": [{"refType": "CHILD_OF", "traceID": trace_id, "spanID": parent.hex()}] if parent else [],
        "startTime": span["start_ns"] // 1000,
        "duration": span["duration_ns"] // 1000,
        "tags": tags,
        "logs": [
            {
                "timestamp": event["time_ns"] // 1000,
                "fields": [
                    _tag("event", event["name"]),
                    *(_tag(key, value) for key, value in event["attributes"] or ()),
                ],
            }
            for event in span["events"] or ()
        ],
        "processID": process,
        "warnings": None,
    }


def _tag(key: str, value: object) -> dict[str, object]:
    return {"key": key, "type": "string", "value": "" if value is None else str(value)}
