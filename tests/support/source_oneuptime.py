"""OneUptime for tests. NOT the real one, which cannot be had here: answers made after its source, replayed.

After OneUptime/oneuptime: what ``OtelTracesIngestService.ts`` and ``Telemetry.ts`` write of a span (times through
a double, one map for the attributes of span, resource and scope), what ClickHouse makes of values in a map of
texts, and how ``BaseAnalyticsAPI.ts``, ``StatementGenerator.ts``, ``ProjectAuthorization.ts`` answer.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

from k6spec.collect.sources.oneuptime import OneUptimeSource
from k6spec.collect.sources.registry import make_source
from tests.support.answering import Answer, Asked, answering
from tests.support.golden import GOLDEN

KEY = "0d1e2f3a-4b5c-6d7e-8f90-a1b2c3d4e5f6"
PROJECT = "11111111-2222-3333-4444-555555555555"
WITHOUT = ("types", "structured", "flags", "dropped", "doubles", "unset_kind", "link_states")
"""What it does not keep."""

_COLUMNS = {
    "traceId", "spanId", "parentSpanId", "traceState", "name", "kind", "startTimeUnixNano", "endTimeUnixNano",
    "durationUnixNano", "statusCode", "statusMessage", "attributes", "events", "links",
}  # fmt: skip
_MOST = 10_000


class OneUptime:
    """What it has. ``asked`` are the requests so far.

    Args:
        has_more: whether its lists say ``hasMore`` (12.0); before, their ``count`` is exact.
        cut: spans that a list leaves out at its end without saying so, as a query does that took too long.
    """

    def __init__(self, *, has_more: bool = True) -> None:
        self._has_more = has_more
        self._rows: list[dict[str, Any]] = []
        self.cut = 0
        self.asked: list[Asked] = []
        self.url = ""

    def take(self, *messages: bytes) -> None:
        """Takes in an export."""
        for message in messages:
            self._rows += _rows(message)

    def answer(self, asked: Asked) -> Answer:
        """What it answers."""
        self.asked.append(asked)
        if asked.path != "/api/span/get-list":
            return _error(404, f"Page not found - {asked.path}")
        key = asked.headers["apikey"]
        if key is None:
            return _error(401, "A user should be logged in to read record of Span.")
        if key != KEY:
            return _error(400, "Invalid API Key")
        skip, limit = int(asked.query.get("skip", 0)), int(asked.query.get("limit", 10))
        if limit > _MOST:
            return _error(400, f"Limit should be less than {_MOST}")
        body = json.loads(asked.body)
        for name in [*body["select"], *body["sort"], *body["query"]]:
            if name not in _COLUMNS:
                return _error(400, f"Unknown column: {name}")
        if len(body["sort"]) > 1:
            return _error(500, "Server Error")
        return self._listed(body, skip, limit)

    def source(self, **settings: Any) -> OneUptimeSource:
        """A source that reads it."""
        table = {"kind": "oneuptime", "url": self.url, "headers": {"apikey": KEY}, "project": PROJECT, **settings}
        source = make_source(table, root=Path(), environ={})
        assert isinstance(source, OneUptimeSource)
        return source

    def _listed(self, body: dict[str, Any], skip: int, limit: int) -> Answer:
        wanted = body["query"]["traceId"]
        assert wanted["_type"] == "Includes", "the only operator that it knows for several values"
        (column,) = body["sort"]
        matching = sorted(
            (row for row in self._rows if row["traceId"] in wanted["value"]), key=lambda row: row[column]
        )
        there = matching[: len(matching) - self.cut]
        page = there[skip : skip + limit]
        more = skip + limit < len(there)
        reply: dict[str, Any] = {
            "data": [{name: row[name] for name in body["select"]} for row in page],
            "count": len(matching),
            "skip": skip,
            "limit": limit,
        }
        if self._has_more:
            reply["count"] = max(skip + len(page) + more, len(matching) if self.cut else 0)
            reply["hasMore"] = more
        return Answer(json.dumps(reply).encode(), kind="application/json; charset=utf-8")


@contextmanager
def oneuptime(**how: Any) -> Iterator[OneUptime]:
    """It while the block runs."""
    backend = OneUptime(**how)
    with answering(backend.answer) as url:
        backend.url = url
        yield backend


@contextmanager
def loaded_oneuptime(_folder: Path) -> Iterator[tuple[OneUptimeSource, Collection[str]]]:
    """One that holds the golden traces."""
    with oneuptime() as backend:
        backend.take(*GOLDEN)
        yield backend.source(), WITHOUT


LOADED = {"oneuptime": loaded_oneuptime}
"""For tests/support/sources.py."""


def _error(status: int, words: str) -> Answer:
    return Answer(json.dumps({"error": words}).encode(), status, "application/json; charset=utf-8")


def _rows(message: bytes) -> Iterator[dict[str, Any]]:
    for resource_spans in TracesData.FromString(message).resource_spans:
        shared = _flat(resource_spans.resource, "resource.")
        shared["oneuptime.service.id"] = "99999999-8888-7777-6666-555555555555"
        shared["oneuptime.service.name"] = shared.get("resource.service.name", "Unknown Service")
        for scope_spans in resource_spans.scope_spans:
            scope = MessageToDict(scope_spans.scope)
            scoped = {f"scope.{key}": value for key, value in scope.items() if key != "attributes"}
            for span in scope_spans.spans:
                yield _row(span, {**shared, **_flat(span), **scoped})


def _row(span: Span, attributes: dict[str, Any]) -> dict[str, Any]:
    start, end = float(span.start_time_unix_nano), float(span.end_time_unix_nano)
    return {
        "traceId": span.trace_id.hex(),
        "spanId": span.span_id.hex(),
        "parentSpanId": span.parent_span_id.hex() or None,
        "traceState": span.trace_state,
        "name": span.name,
        "kind": Span.SpanKind.Name(span.kind or Span.SPAN_KIND_INTERNAL),
        "startTimeUnixNano": str(int(start)),
        "endTimeUnixNano": str(int(end)),
        "durationUnixNano": int(max(0.0, end - start)),
        "statusCode": span.status.code,
        "statusMessage": span.status.message,
        "attributes": {key: _in_map(value) for key, value in attributes.items()},
        "events": [
            {
                "name": event.name,
                "time": "2026-09-21T00:00:00.000Z",
                "timeUnixNano": str(int(float(event.time_unix_nano))),
                "attributes": _flat(event),
            }
            for event in span.events
        ],
        "links": [
            {"traceId": link.trace_id.hex(), "spanId": link.span_id.hex(), "attributes": _flat(link)}
            for link in span.links
        ],
    }


def _flat(holder: Any, prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for attribute in holder.attributes:
        key, value = prefix + attribute.key, attribute.value
        if value.WhichOneof("value") == "kvlist_value":
            found |= {f"{key}.{item.key}": _plain(item.value) for item in value.kvlist_value.values}
        else:
            found[key] = _plain(value)
    return found


def _plain(value: AnyValue) -> Any:
    match value.WhichOneof("value"):
        case "bytes_value" | None:
            return None
        case "int_value":
            return str(value.int_value)
        case "array_value":
            return [_plain(item) for item in value.array_value.values]
        case which:
            return getattr(value, which)


def _in_map(value: Any) -> str:
    """What ClickHouse makes of a JSON value in a map of texts."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
