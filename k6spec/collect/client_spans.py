"""The client spans that k6 itself never exports, made from its samples: each trace's true root.

A redirect chain is one span with its hops as events. Phases are events named after k6's timings, with their
length in nanoseconds in the attribute ``duration_ns``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import duckdb
import pyarrow as pa

from k6spec.store.spans import CLIENT_SERVICE, SCHEMA

# In the order in which they follow one another; k6's http_req_blocked takes in connecting and the TLS handshake.
_PHASES: Final = {
    "k6.blocked": "greatest(blocked_ns - connecting_ns - tls_ns, 0)",
    "k6.connecting": "connecting_ns",
    "k6.tls_handshaking": "tls_ns",
    "k6.sending": "sending_ns",
    "k6.waiting": "waiting_ns",
    "k6.receiving": "receiving_ns",
}
# Where a script names a request, k6 gives the name in place of the URL.
_URL: Final = "CASE WHEN contains(url, '://') THEN url END"
_ATTRIBUTES: Final = {
    "http.request.method": "method",
    "url.full": _URL,
    "http.response.status_code": "last_status::VARCHAR",
    "k6.name": "name",
    "k6.scenario": "scenario",
    "k6.group": '"group"',
    "k6.vu": "vu::VARCHAR",
    "k6.iteration": "iteration::VARCHAR",
    "error.type": "last_error",
}
_NUMBERS: Final = ("http.response.status_code", "k6.vu", "k6.iteration")


def client_spans(requests: pa.Table) -> Iterator[pa.RecordBatch]:
    """Client spans for the sampled requests of a request table, as batches of the span schema."""
    connection = duckdb.connect(":memory:")
    connection.register("requests", requests)
    spans = connection.sql(_SPANS).to_arrow_table()
    columns = [
        spans[field.name].cast(field.type)
        if field.name in spans.column_names
        else pa.nulls(spans.num_rows, field.type)
        for field in SCHEMA
    ]
    yield from pa.Table.from_arrays(columns, schema=SCHEMA).to_batches()


def _phase_events() -> str:
    """SQL for the list of a hop's phases: each begins where the ones before it end."""
    events = []
    begin = "start_ns"
    for name, length in _PHASES.items():
        events.append(_event(name, begin, {"duration_ns": length}))
        begin += f" + coalesce({length}, 0)"
    return (
        f"list_filter([{', '.join(events)}], lambda event: coalesce(event.attributes['duration_ns'], '0') <> '0')"
    )


def _event(name: str, time_ns: str, numbers: dict[str, str], texts: dict[str, str] | None = None) -> str:
    values = {key: f"({value})::VARCHAR" for key, value in numbers.items()} | (texts or {})
    attributes = ", ".join(f"'{key}': {value}" for key, value in values.items())
    types = ", ".join(f"'{key}': 'int'" for key in numbers)
    return (
        f"{{'time_ns': ({time_ns})::BIGINT, 'name': '{name}', "
        f"'attributes': MAP {{{attributes}}}, 'attribute_types': MAP {{{types}}}}}"
    )


def _entries(pairs: dict[str, str]) -> str:
    """SQL for a list of the map entries that have a value."""
    listed = ", ".join(f"{{'key': '{key}', 'value': {value}}}" for key, value in pairs.items())
    return f"list_filter([{listed}], lambda entry: entry.value IS NOT NULL AND entry.value <> '')"


_HOP: Final = _event(
    "k6.hop", "start_ns", {"http.response.status_code": "status"}, {"url.full": f"coalesce({_URL}, '')"}
)
_TAGS: Final = "list_transform(map_entries(tags), lambda tag: {'key': 'k6.tag.' || tag.key, 'value': tag.value})"

_SPANS: Final = f"""
WITH hops AS (
    SELECT *, count(*) OVER chain AS length, row_number() OVER chain AS place,
           last_value(end_ns) OVER chain AS last_end, last_value(status) OVER chain AS last_status,
           last_value(failed) OVER chain AS last_failed, last_value(error) OVER chain AS last_error
    FROM requests WHERE sampled AND trace_id IS NOT NULL
    WINDOW chain AS (PARTITION BY trace_id, span_id ORDER BY start_ns, request_id
                     ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
),
redirected AS (
    SELECT trace_id, span_id,
           flatten(list(list_concat([{_HOP}], {_phase_events()}) ORDER BY start_ns, request_id)) AS events
    FROM hops WHERE length > 1 GROUP BY trace_id, span_id
),
chains AS (
    SELECT hops.*, coalesce(redirected.events, {_phase_events()}) AS events
    FROM hops LEFT JOIN redirected USING (trace_id, span_id) WHERE place = 1
)
SELECT trace_id, span_id, 'k6spec=load' AS trace_state, 1 AS flags, '{CLIENT_SERVICE}' AS service,
       'k6spec' AS scope_name, operation AS name, 'client' AS kind, start_ns, last_end - start_ns AS duration_ns,
       CASE WHEN last_failed THEN 'error' ELSE 'unset' END AS status,
       coalesce(last_error, '') AS status_message,
       map_from_entries(list_concat({_entries(_ATTRIBUTES)}, coalesce({_TAGS}, []))) AS attributes,
       map_from_entries({_entries({key: f"if(({_ATTRIBUTES[key]}) IS NULL, NULL, 'int')" for key in _NUMBERS})})
           AS attribute_types,
       MAP {{'service.name': '{CLIENT_SERVICE}'}} AS resource, MAP {{}}::MAP(VARCHAR, VARCHAR) AS resource_types,
       events, 0 AS dropped_attributes, 0 AS dropped_events, 0 AS dropped_links,
       'http_client' AS category, method AS http_method, last_status AS http_status, {_URL} AS url
FROM chains ORDER BY start_ns
"""
