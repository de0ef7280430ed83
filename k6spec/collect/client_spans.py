"""The client spans that k6 itself never exports, made from its samples: each trace's true root.

A redirect chain is one span with its hops as events. Phases are events named after k6's timings, with their
length in nanoseconds in the attribute ``duration_ns``. Requests that share a trace (``trace_per=`` of a load)
have a root span above them, from the first one's start to the last one's end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import pyarrow as pa

from k6spec.store.engine import connect
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
_GRPC: Final = "protocol IS NOT DISTINCT FROM 'grpc'"
_ATTRIBUTES: Final = {
    "http.request.method": f"CASE WHEN NOT ({_GRPC}) THEN method END",
    "url.full": _URL,
    "http.response.status_code": "last_status::VARCHAR",
    "rpc.system.name": f"CASE WHEN {_GRPC} THEN 'grpc' END",
    "rpc.response.status_code": f"CASE WHEN {_GRPC} THEN coalesce(nullif(error, ''), 'OK') END",
    "k6.name": "name",
    "k6.scenario": "scenario",
    "k6.group": '"group"',
    "k6.vu": "vu::VARCHAR",
    "k6.iteration": "iteration::VARCHAR",
    "error.type": "last_error",
}
# Of the ids that the runtime makes the right half is random; no request's span has it, for those are made anew.
_ROOT: Final = "unhex(substr(hex(trace_id), 17))"
_OF_A_JOURNEY: Final = ("k6.scenario", "k6.vu", "k6.iteration")
_NUMBERS: Final = ("http.response.status_code", "k6.vu", "k6.iteration")


def client_spans(requests: pa.Table) -> Iterator[pa.RecordBatch]:
    """Client spans for the sampled requests of a request table, as batches of the span schema."""
    connection = connect()
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


def _types(keys: Iterable[str]) -> str:
    """SQL for the types of those attributes that are numbers."""
    numbers = {key: f"if(({_ATTRIBUTES[key]}) IS NULL, NULL, 'int')" for key in keys if key in _NUMBERS}
    return f"map_from_entries({_entries(numbers)})"


_JOURNEY: Final = {key: _ATTRIBUTES[key] for key in _OF_A_JOURNEY}
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
),
journeys AS (
    SELECT trace_id, any_value(journey) AS journey, any_value(scenario) AS scenario, any_value(vu) AS vu,
           any_value(iteration) AS iteration, min(start_ns) AS start_ns, max(end_ns) AS last_end
    FROM hops WHERE journey IS NOT NULL GROUP BY trace_id
),
clients AS (
    SELECT trace_id, span_id, if(journey IS NULL, NULL, {_ROOT}) AS parent_span_id, operation AS name,
           'client' AS kind, start_ns, last_end - start_ns AS duration_ns,
           CASE WHEN last_failed THEN 'error' ELSE 'unset' END AS status,
           coalesce(last_error, '') AS status_message,
           map_from_entries(list_concat({_entries(_ATTRIBUTES)}, coalesce({_TAGS}, []))) AS attributes,
           {_types(_ATTRIBUTES)} AS attribute_types, events,
           if({_GRPC}, 'rpc', 'http_client') AS category, if({_GRPC}, NULL, method) AS http_method,
           last_status AS http_status, {_URL} AS url, if({_GRPC}, 'grpc', NULL) AS rpc_system,
           if({_GRPC}, ltrim(operation, '/'), NULL) AS rpc_method
    FROM chains
),
roots AS (
    SELECT trace_id, {_ROOT} AS span_id, ltrim(journey, ':') AS name, 'internal' AS kind, start_ns,
           last_end - start_ns AS duration_ns, 'unset' AS status, '' AS status_message,
           map_from_entries({_entries(_JOURNEY)}) AS attributes, {_types(_JOURNEY)} AS attribute_types
    FROM journeys
)
SELECT *, 'k6spec=load' AS trace_state, 1 AS flags, '{CLIENT_SERVICE}' AS service, 'k6spec' AS scope_name,
       MAP {{'service.name': '{CLIENT_SERVICE}'}} AS resource, MAP {{}}::MAP(VARCHAR, VARCHAR) AS resource_types,
       0 AS dropped_attributes, 0 AS dropped_events, 0 AS dropped_links
FROM (SELECT * FROM clients UNION ALL BY NAME SELECT * FROM roots) ORDER BY start_ns, kind DESC
"""
