"""The client spans that k6 itself never exports, made from its samples: each trace's true root.

A redirect chain is one span with its hops as events. Phases are events named after k6's timings, with their
length in nanoseconds in the attribute ``duration_ns``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import duckdb
import pyarrow as pa

from k6spec.store.spans import CLIENT_SERVICE, SCHEMA

_BATCH: Final = 20_000
# In the order in which they follow one another within a request.
_PHASES: Final = {
    "k6.blocked": "blocked_ns",
    "k6.connecting": "connecting_ns",
    "k6.tls_handshaking": "tls_ns",
    "k6.sending": "sending_ns",
    "k6.waiting": "waiting_ns",
    "k6.receiving": "receiving_ns",
}
_TYPES: Final = {"http.response.status_code": "int", "k6.vu": "int", "k6.iteration": "int", "duration_ns": "int"}


def client_spans(requests: pa.Table) -> Iterator[pa.RecordBatch]:
    """Client spans for the sampled requests of a request table, as batches of the span schema."""
    connection = duckdb.connect(":memory:")
    connection.register("requests", requests)
    chains = connection.execute(
        """SELECT trace_id, span_id, list(r ORDER BY r.start_ns, r.request_id) AS hops
        FROM requests r WHERE r.sampled AND r.trace_id IS NOT NULL GROUP BY trace_id, span_id"""
    )
    while rows := chains.fetchmany(_BATCH):
        spans = [_span(trace_id, span_id, hops) for trace_id, span_id, hops in rows]
        yield pa.RecordBatch.from_pylist(spans, schema=SCHEMA)


def _span(trace_id: bytes, span_id: bytes, hops: list[dict[str, Any]]) -> dict[str, object]:
    first, last = hops[0], hops[-1]
    attributes = {
        "http.request.method": first["method"],
        "url.full": first["url"],
        "http.response.status_code": str(last["status"]),
        "k6.name": first["name"],
        "k6.scenario": first["scenario"],
        "k6.group": first["group"],
        "k6.vu": _text(first["vu"]),
        "k6.iteration": _text(first["iteration"]),
        "error.type": last["error"] or None,
        **{f"k6.tag.{key}": value for key, value in _pairs(first["tags"])},
    }
    kept = {key: value for key, value in attributes.items() if value not in (None, "")}
    return {
        "trace_id": trace_id,
        "span_id": span_id,
        "parent_span_id": None,
        "trace_state": "k6spec=load",
        "flags": 1,
        "service": CLIENT_SERVICE,
        "scope_name": "k6spec",
        "name": first["operation"],
        "kind": "client",
        "start_ns": first["start_ns"],
        "duration_ns": last["end_ns"] - first["start_ns"],
        "status": "error" if last["failed"] else "unset",
        "status_message": last["error"] or "",
        "attributes": kept,
        "attribute_types": {key: kind for key, kind in _TYPES.items() if key in kept},
        "resource": {"service.name": CLIENT_SERVICE},
        "resource_types": {},
        "events": [event for hop in hops for event in _events(hop, len(hops) > 1)],
        "links": [],
        "dropped_attributes": 0,
        "dropped_events": 0,
        "dropped_links": 0,
        "category": "http_client",
        "http_method": first["method"],
        "http_status": last["status"],
        "url": first["url"],
    }


def _events(hop: dict[str, Any], redirected: bool) -> Iterator[dict[str, object]]:
    if redirected:
        yield _event(
            "k6.hop", hop["start_ns"], {"url.full": hop["url"], "http.response.status_code": hop["status"]}
        )
    moment = hop["start_ns"]
    for name, column in _PHASES.items():
        length = hop[column] or 0
        if column == "blocked_ns":
            # k6's http_req_blocked takes in connecting and the TLS handshake.
            length = max(0, length - (hop["connecting_ns"] or 0) - (hop["tls_ns"] or 0))
        if length:
            yield _event(name, moment, {"duration_ns": length})
        moment += length


def _event(name: str, time_ns: int, attributes: dict[str, object]) -> dict[str, object]:
    return {
        "time_ns": time_ns,
        "name": name,
        "attributes": {key: str(value) for key, value in attributes.items()},
        "attribute_types": {key: _TYPES[key] for key in attributes if key in _TYPES},
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _pairs(tags: object) -> list[tuple[str, str]]:
    return list(tags.items()) if isinstance(tags, dict) else list(tags or [])  # type: ignore[call-overload]
