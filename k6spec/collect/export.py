"""An archived run in other tools' formats: OTLP JSON lines, Jaeger's JSON, Parquet and CSV."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import duckdb
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from k6spec.collect.encode import encode
from k6spec.collect.jaeger_file import jaeger_trace
from k6spec.collect.push import batches_of
from k6spec.errors import ArchiveFault
from k6spec.store.archive import METRICS, REQUESTS, SPANS, RunFolder
from k6spec.store.by_key import BY_KEY

_TABLES: Final[Mapping[str, str]] = {"requests": REQUESTS, "samples": METRICS, "spans": SPANS}
_IDS: Final = ("traceId", "spanId", "parentSpanId")


def write_otlp(run: RunFolder, to: Path, trace_ids: Collection[bytes] | None) -> int:
    """OTLP as the Collector's file exporter writes it: a TracesData in JSON a line. Returns how many spans."""
    count = 0
    with to.open("w", encoding="utf-8") as file:
        for batch in batches_of(run, trace_ids):
            for export in encode(batch):
                plain = MessageToDict(TracesData.FromString(export.message), use_integers_for_enums=True)
                for span in _spans(plain):
                    _hex_ids(span)
                    for link in span.get("links", ()):
                        _hex_ids(link)
                file.write(f"{json.dumps(plain, ensure_ascii=False, separators=(',', ':'))}\n")
                count += export.spans
    return count


def write_jaeger(run: RunFolder, to: Path, trace_ids: Collection[bytes] | None) -> int:
    """A file that Jaeger's user interface opens. Returns how many spans. All of it is in memory for the moment."""
    traces: dict[bytes, list[dict[str, Any]]] = {}
    for batch in batches_of(run, trace_ids):
        for span in batch.to_pylist():
            traces.setdefault(span["trace_id"], []).append(span)
    plain = {"data": [jaeger_trace(trace_id.hex(), spans) for trace_id, spans in traces.items()]}
    to.write_text(json.dumps(plain, ensure_ascii=False), encoding="utf-8")
    return sum(len(spans) for spans in traces.values())


def write_parquet(run: RunFolder, to: Path) -> int:
    """The run's tables, in a folder. Returns how many."""
    to.mkdir(parents=True, exist_ok=True)
    for name, file in _TABLES.items():
        shutil.copyfile(run.path / file, to / f"{name}.parquet")
    return len(_TABLES)


def write_csv(run: RunFolder, to: Path) -> int:
    """The run's tables, in a folder: ids in hex, maps and lists as JSON. Returns how many.

    Raises:
        ArchiveFault: the folder cannot be written.
    """
    to.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(":memory:")
    try:
        for name, file in _TABLES.items():
            table = connection.read_parquet(str(run.path / file))
            columns = ", ".join(
                _as_text(column, str(kind))
                for column, kind in zip(table.columns, table.types, strict=True)
                if column not in BY_KEY.values()
            )
            table.project(columns).write_csv(str(to / f"{name}.csv"))
    except duckdb.IOException as error:
        raise ArchiveFault(f"{to} cannot be written: {str(error).splitlines()[0]}") from None
    finally:
        connection.close()
    return len(_TABLES)


def _as_text(column: str, kind: str) -> str:
    quoted = '"' + column.replace('"', '""') + '"'
    if kind == "BLOB":
        return f"lower(hex({quoted})) AS {quoted}"
    if kind.startswith(("MAP", "STRUCT")) or kind.endswith("[]"):
        return f"to_json({quoted}) AS {quoted}"
    return quoted


def _spans(plain: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in plain.get("resourceSpans", ()):
        for scope in resource.get("scopeSpans", ()):
            yield from scope.get("spans", ())


def _hex_ids(holder: dict[str, Any]) -> None:
    """OTLP's JSON has ids in hex, where protobuf's has base64."""
    for name in _IDS:
        if text := holder.get(name):
            holder[name] = base64.b64decode(text).hex()
