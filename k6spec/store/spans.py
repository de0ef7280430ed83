"""The span table: one row a span, as received, with semantic conventions normalised beside it.

Maps keep every attribute as text (integers in decimal, booleans as ``true``/``false``, bytes as base64,
arrays and kvlists as OTLP JSON); the ``*_types`` map names the OTLP type of each one that was not a string
(``bool``, ``int``, ``double``, ``bytes``, ``array``, ``kvlist``), so nothing is lost.
Source: opentelemetry-proto ``trace.proto``; the normalised columns: OpenTelemetry semantic conventions.
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

CLIENT_SERVICE: Final = "k6"
"""``service`` of the client spans that k6spec makes from k6's samples."""

_TEXT_MAP: Final = pa.map_(pa.string(), pa.string())

EVENT: Final = pa.struct(
    [
        ("time_ns", pa.int64()),
        ("name", pa.string()),
        ("attributes", _TEXT_MAP),
        ("attribute_types", _TEXT_MAP),
    ]
)
LINK: Final = pa.struct(
    [
        ("trace_id", pa.binary(16)),
        ("span_id", pa.binary(8)),
        ("trace_state", pa.string()),
        ("attributes", _TEXT_MAP),
        ("attribute_types", _TEXT_MAP),
    ]
)

RECEIVED: Final[list[pa.Field[Any]]] = [
    pa.field("trace_id", pa.binary(16), nullable=False),
    pa.field("span_id", pa.binary(8), nullable=False),
    pa.field("parent_span_id", pa.binary(8)),  # null: a root
    pa.field("trace_state", pa.string()),
    pa.field("flags", pa.uint32()),
    pa.field("service", pa.string()),  # resource service.name, "unknown_service" if absent
    pa.field("scope_name", pa.string()),
    pa.field("scope_version", pa.string()),
    pa.field("name", pa.string()),
    pa.field("kind", pa.string()),  # unspecified | internal | server | client | producer | consumer
    pa.field("start_ns", pa.int64()),  # Unix time
    pa.field("duration_ns", pa.int64()),  # never negative: a span that ends before it starts has 0
    pa.field("status", pa.string()),  # unset | ok | error
    pa.field("status_message", pa.string()),
    pa.field("attributes", _TEXT_MAP),
    pa.field("attribute_types", _TEXT_MAP),
    pa.field("resource", _TEXT_MAP),
    pa.field("resource_types", _TEXT_MAP),
    pa.field("events", pa.list_(EVENT)),
    pa.field("links", pa.list_(LINK)),
    pa.field("dropped_attributes", pa.uint32()),
    pa.field("dropped_events", pa.uint32()),
    pa.field("dropped_links", pa.uint32()),
]

NORMALISED: Final[list[pa.Field[Any]]] = [
    pa.field("category", pa.string()),  # db | http_server | http_client | rpc | messaging | cache | null
    pa.field("db_system", pa.string()),
    pa.field("db_statement", pa.string()),  # db.query.text, else db.statement
    pa.field("db_operation", pa.string()),  # upper case; the statement's first word where none is given
    pa.field("db_namespace", pa.string()),
    pa.field("db_collection", pa.string()),
    pa.field("http_method", pa.string()),
    pa.field("http_route", pa.string()),
    pa.field("http_status", pa.int32()),
    pa.field("url", pa.string()),  # url.full, else http.url
    pa.field("server_address", pa.string()),
    pa.field("rpc_system", pa.string()),
    pa.field("rpc_method", pa.string()),
    pa.field("messaging_system", pa.string()),
    pa.field("messaging_operation", pa.string()),
    pa.field("messaging_destination", pa.string()),
]

SCHEMA: Final = pa.schema([*RECEIVED, *NORMALISED])
"""Schema of every batch that a trace source yields."""

_CODED_TEXT: Final = pa.dictionary(pa.int32(), pa.string())
_CODED_MAP: Final = pa.map_(_CODED_TEXT, _CODED_TEXT)
_CODED: Final = {
    **dict.fromkeys(("service", "scope_name", "scope_version", "name", "kind", "status"), _CODED_TEXT),
    **dict.fromkeys(("attributes", "attribute_types", "resource", "resource_types"), _CODED_MAP),
}
CODED: Final = pa.schema([field.with_type(_CODED.get(field.name, field.type)) for field in SCHEMA])
"""The same spans, the texts that repeat by number: how they go from the receiver's spool to the file.

None has to be copied, compared or looked through for each span. ``cast`` makes one of the other.
"""

_PLACED: Final[list[pa.Field[Any]]] = [
    pa.field("trace_no", pa.int32()),  # the trace's, as in the table of traces; beyond it where none began it
    pa.field("node", pa.int32()),  # (trace_id, span_id) as a number: the row of the first span with that id
    pa.field("parent_node", pa.int32()),  # null: a root; beyond the number of rows where it was not received
    pa.field("clock", pa.int32()),  # one for each process: service, service.instance.id and host.name
    pa.field("call", pa.int32()),  # one for each service and statement (else name)
    pa.field(
        "repeats_parent", pa.bool_()
    ),  # a database span of the same statement is around it, its parent or beside it: an ORM's and its driver's
    pa.field("self_ns", pa.int64()),  # how long it lasted while none of its children did
    pa.field("critical_ns", pa.int64()),  # how long the end of its request waited for it and what it called
    pa.field("critical_self_ns", pa.int64()),  # of that its own part
]
PLACED: Final = pa.schema(_PLACED)
"""What is worked out of all spans of a run together, once, when it is archived."""

ARCHIVED: Final = pa.schema([*SCHEMA, *PLACED])
"""Schema of ``spans.parquet``. Archives that are older than a column are read as if they had it."""
