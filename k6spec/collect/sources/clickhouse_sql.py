"""The SQL that makes rows of the span table of what the Collector's ClickHouse exporter wrote.

Source: opentelemetry-collector-contrib ``exporter/clickhouseexporter`` 0.157 (``internal/sqltemplates``,
``exporter_traces.go``). Older tables have ``Duration`` as Int64, kinds and statuses as ``SPAN_KIND_CLIENT`` and
``STATUS_CODE_OK``, and no columns for scopes. Attribute values are texts of no type, as the exporter wrote them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

from k6spec.collect.decode_plain import KINDS, STATUSES, UNKNOWN_SERVICE

REQUIRED: Final = (
    "Timestamp",
    "TraceId",
    "SpanId",
    "ParentSpanId",
    "TraceState",
    "SpanName",
    "SpanKind",
    "ServiceName",
    "ResourceAttributes",
    "SpanAttributes",
    "Duration",
    "StatusCode",
    "StatusMessage",
)
"""Columns that every version of the exporter's table has, beside ``Events`` and ``Links``."""

_HEX_ID: Final = re.compile(r"[0-9a-f]{32}")
_MAP: Final = "Map(String, String)"
_EVENT: Final = f"Tuple(time_ns Int64, name String, attributes {_MAP}, attribute_types {_MAP})"
_LINK: Final = (
    f"Tuple(trace_id FixedString(16), span_id FixedString(8), trace_state String, attributes {_MAP}, "
    f"attribute_types {_MAP})"
)

# A user's profile may say that what exceeds its limits is left out: here it is an error.
_SETTINGS: Final = ", ".join(
    f"{name}_overflow_mode = 'throw'" for name in ("read", "result", "timeout", "distinct", "set")
)


def quoted(name: str) -> str:
    """An identifier, safe whatever it holds."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def spans_of(table: str, columns: Collection[str], trace_ids: Sequence[str], begin_ns: int, end_ns: int) -> str:
    """The spans of some traces, each once, in Arrow.

    Args:
        table: quoted.
        columns: those that the table has.
        trace_ids: 32 lowercase hex digits each.
        begin_ns, end_ns: when spans start (Unix time): other partitions are not looked into.

    Raises:
        ValueError: an id is none.
    """
    for trace_id in trace_ids:
        if not _HEX_ID.fullmatch(trace_id):
            raise ValueError(f"not a trace id: {trace_id!r}")
    ids = ", ".join(f"'{trace_id}'" for trace_id in trace_ids)
    selected = ",\n  ".join(f"{expression} AS {name}" for name, expression in _columns(columns).items())
    return f"""SELECT
  {selected}
FROM (
  SELECT *
  FROM {table}
  WHERE TraceId IN ({ids})
    AND Timestamp BETWEEN {_time(begin_ns)} AND {_time(end_ns)}
    AND length(SpanId) = 16
  LIMIT 1 BY TraceId, SpanId
)
SETTINGS {_SETTINGS}
FORMAT ArrowStream"""


def columns_of(table: str) -> str:
    """Names and types of a table's columns, as JSON."""
    return f"DESCRIBE TABLE {table} FORMAT JSONCompact"


def _columns(there: Collection[str]) -> dict[str, str]:
    return {
        "trace_id": "toFixedString(unhex(TraceId), 16)",
        "span_id": "toFixedString(unhex(SpanId), 8)",
        "parent_span_id": (
            "if(length(ParentSpanId) = 16 AND ParentSpanId != '0000000000000000', "
            "toFixedString(unhex(substring(ParentSpanId, 1, 16)), 8), NULL)"
        ),
        "trace_state": _text("TraceState"),
        "service": f"if(ServiceName = '', '{UNKNOWN_SERVICE}', {_text('ServiceName')})",
        "scope_name": _text("ScopeName") if "ScopeName" in there else "''",
        "scope_version": _text("ScopeVersion") if "ScopeVersion" in there else "''",
        "name": _text("SpanName"),
        "kind": _named("SpanKind", "SPAN_KIND_", KINDS),
        "start_ns": "toUnixTimestamp64Nano(Timestamp)",
        "duration_ns": "greatest(toInt64(Duration), 0)",
        "status": _named("StatusCode", "STATUS_CODE_", STATUSES),
        "status_message": _text("StatusMessage"),
        "attributes": _map("SpanAttributes"),
        "resource": _map("ResourceAttributes"),
        "events": (
            f"CAST(arrayMap((t, n, a) -> (toUnixTimestamp64Nano(t), {_text('n')}, {_map('a')}, {_map('map()')}), "
            f"`Events.Timestamp`, `Events.Name`, `Events.Attributes`), 'Array({_EVENT})')"
        ),
        "links": (
            "CAST(arrayMap((t, s, w, a) -> (toFixedString(unhex(t), 16), toFixedString(unhex(s), 8), "
            f"{_text('w')}, {_map('a')}, {_map('map()')}), "
            + ", ".join(_valid_links(name) for name in ("TraceId", "SpanId", "TraceState", "Attributes"))
            + f"), 'Array({_LINK})')"
        ),
        "dropped_links": f"toUInt32(length(`Links.TraceId`) - length({_valid_links('TraceId')}))",
    }


def _time(unix_ns: int) -> str:
    return f"fromUnixTimestamp64Nano(toInt64({unix_ns}))"


def _text(column: str) -> str:
    return f"toValidUTF8(toString({column}))"


def _named(column: str, prefix: str, names: Sequence[str]) -> str:
    """One of ``names``; what is none of them is the first."""
    known = ", ".join(f"'{name}'" for name in names)
    name = f"lower(replaceOne(toString({column}), '{prefix}', ''))"
    return f"if({name} IN ({known}), {name}, '{names[0]}')"


def _map(column: str) -> str:
    """A map of texts, each key once: the first counts."""
    keys, values = (f"arrayMap(x -> {_text('x')}, {part}({column}))" for part in ("mapKeys", "mapValues"))
    first = f"arrayEnumerateUniq({keys})"
    kept = ", ".join(f"arrayFilter((x, n) -> n = 1, {part}, {first})" for part in (keys, values))
    return f"CAST(({kept}), '{_MAP}')"


def _valid_links(name: str) -> str:
    """A column of the links, less those without valid ids."""
    return (
        "arrayFilter((x, t, s) -> length(t) = 32 AND length(s) = 16, "
        f"`Links.{name}`, `Links.TraceId`, `Links.SpanId`)"
    )
