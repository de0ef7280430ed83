"""The two tables that k6's samples become, written to Parquet in row groups while k6 runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from k6spec.store.requests import GENERATED, SAMPLED

_ROW_GROUP: Final = 50_000
_URL: Final = re.compile(r"(?:https?|wss?)://[^/?#]*([^?#]*)")
_REQUESTS: Final = pa.schema(GENERATED)
_SAMPLES: Final = pa.schema(SAMPLED)
_TAG_COLUMNS: Final = ("scenario", "group", "name", "method", "url", "proto", "error")
PROTOCOL: Final = "k6spec_protocol"
"""Stands among a request's tags where it is not an HTTP request of k6/http."""

SYSTEM_TAGS: Final = frozenset(
    {*_TAG_COLUMNS, "status", "error_code", "expected_response", "tls_version", "check", "service", "subproto"}
    | {PROTOCOL, "k6spec_batch"}
)
"""Tags that are not the script's own: k6's, and those with which k6spec tells requests apart."""

# Where W3C Trace Context has them in a traceparent of version 00.
_TRACE_ID: Final = slice(3, 35)
_SPAN_ID: Final = slice(36, 52)
_FLAGS: Final = slice(53, 55)
# What the runtime writes behind them.
_MARKS: Final = slice(55, None)
_CONTROL: Final = "c"
_OF_ITERATION: Final = "i"
_OF_GROUP: Final = "g"

_UNDECLARED: Final = (None, None)

Tags = dict[str, str]
"""A set of k6 tags: name -> value."""

if TYPE_CHECKING:  # pyarrow's own classes can't be subscripted
    _AnyArray = pa.Array[Any] | pa.ChunkedArray[Any]


def operation(name: str, method: str) -> str:
    """``"METHOD /path"`` where the name is a URL, else the name itself."""
    found = _URL.match(name)
    return name if found is None else f"{method} {found[1] or '/'}"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A request's own correlation id, chosen by the script, and the names of the tags that repeat it."""

    correlation_id: str
    tags: tuple[str, ...]


@final
class RequestRows:
    """Collects requests as ``requests.parquet`` rows of the GENERATED columns.

    Tags are kept once for each distinct set, and joined to the rows a row group at a time.
    """

    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(path, _REQUESTS, compression="zstd")
        self.count = 0
        self._clear()

    def add(
        self,
        tag_set: int,
        end_ns: int,
        phases: tuple[float, ...],
        failed: bool | None,
        vu: int | None,
        iteration: int | None,
        traceparent: str,
        hop: int,
        own: Own | None = None,
    ) -> None:
        """Adds a request.

        Args:
            phases: duration, blocked, connecting, TLS handshaking, sending, waiting and receiving, in ms.
            traceparent: the header that was sent, with the runtime's marks; empty without trace context.
        """
        if own is not None:
            self._owns[len(self._ends)] = own
        self._tag_sets.append(tag_set)
        self._ends.append(end_ns)
        self._phases.append(phases)
        self._failed.append(failed)
        self._vus.append(vu)
        self._iterations.append(iteration)
        self._traceparents.append(traceparent)
        self._hops.append(hop)

    def flush(self, tag_sets: list[Tags], *, at_least: int = 1) -> None:
        """Writes what was collected, if it is ``at_least`` so many rows."""
        rows = len(self._ends)
        if rows < at_least:
            return
        self._writer.write_table(self._table(tag_sets))
        self.count += rows
        self._clear()

    def close(self) -> None:
        """Ends the file."""
        self._writer.close()

    def _clear(self) -> None:
        self._tag_sets: list[int] = []
        self._ends: list[int] = []
        self._phases: list[tuple[float, ...]] = []
        self._failed: list[bool | None] = []
        self._vus: list[int | None] = []
        self._iterations: list[int | None] = []
        self._traceparents: list[str] = []
        self._hops: list[int] = []
        self._owns: dict[int, Own] = {}

    def _table(self, tag_sets: list[Tags]) -> pa.Table:
        ends = np.array(self._ends, dtype=np.int64)
        phases = np.rint(np.array(self._phases) * 1e6).astype(np.int64).T
        duration, blocked, connecting, tls, sending, waiting, receiving = phases
        # k6 measures "blocked" from asking for a connection until it has one: where a connection was made,
        # it includes connecting and TLS.
        total = duration + np.maximum(blocked, connecting + tls)
        known = _request_tags(tag_sets).take(pa.array(self._tag_sets, type=pa.int32()))
        columns: dict[str, _AnyArray] = {name: known[name] for name in known.column_names}
        columns |= {
            "request_id": pa.array(np.arange(self.count, self.count + len(ends))),
            "failed": pa.array(self._failed, type=pa.bool_()),
            "start_ns": pa.array(ends - total),
            "end_ns": pa.array(ends),
            "duration_ns": pa.array(duration),
            "total_ns": pa.array(total),
            "blocked_ns": pa.array(blocked),
            "connecting_ns": pa.array(connecting),
            "tls_ns": pa.array(tls),
            "sending_ns": pa.array(sending),
            "waiting_ns": pa.array(waiting),
            "receiving_ns": pa.array(receiving),
            "vu": pa.array(self._vus, type=pa.int32()),
            "iteration": pa.array(self._iterations, type=pa.int64()),
            "trace_id": _binary(self._traceparents, _TRACE_ID),
            "span_id": _binary(self._traceparents, _SPAN_ID),
            "sampled": pa.array([_sampled(each) for each in self._traceparents], type=pa.bool_()),
            "hop": pa.array(self._hops, type=pa.int32()),
            "control": pa.array([_CONTROL in each[_MARKS] for each in self._traceparents], type=pa.bool_()),
            "journey": self._journeys(known),
            "correlation_id": self._correlation_ids(),
        }
        if self._owns:
            columns["tags"] = self._with_copies(known["tags"])
        return pa.table({field.name: columns[field.name] for field in _REQUESTS}, schema=_REQUESTS)

    def _journeys(self, known: pa.Table) -> _AnyArray:
        """What a request shares its trace with: its scenario's iteration, or its group."""
        marks = [each[_MARKS] for each in self._traceparents]
        if not any(marks):
            return pa.nulls(len(marks), pa.string())
        scenarios, groups = known["scenario"].to_pylist(), known["group"].to_pylist()
        return pa.array(
            [
                scenario if _OF_ITERATION in mark else group if _OF_GROUP in mark else None
                for mark, scenario, group in zip(marks, scenarios, groups, strict=True)
            ],
            type=pa.string(),
        )

    def _correlation_ids(self) -> _AnyArray:
        if not self._owns:
            return pa.nulls(len(self._ends), pa.string())
        owns = [self._owns.get(row) for row in range(len(self._ends))]
        return pa.array([own and own.correlation_id for own in owns], type=pa.string())

    def _with_copies(self, tags: _AnyArray) -> _AnyArray:
        """The tags with those that the runtime took away because they repeat the correlation id."""
        listed: list[Any] = tags.to_pylist()
        for row, own in self._owns.items():
            listed[row] = [*listed[row], *((name, own.correlation_id) for name in own.tags)]
        copied: _AnyArray = pa.array(listed, type=_REQUESTS.field("tags").type)
        return copied


@final
class SampleRows:
    """Collects k6's other samples as ``metrics.parquet`` rows."""

    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(path, _SAMPLES, compression="zstd")
        self._clear()

    def add(self, metric: str, tag_set: int, time_ns: int, value: float, traceparent: str) -> None:
        """Adds a sample; ``traceparent`` is that of the request it belongs to, if there is one."""
        self._metrics.append(metric)
        self._tag_sets.append(tag_set)
        self._times.append(time_ns)
        self._values.append(value)
        self._traceparents.append(traceparent)

    def flush(self, tag_sets: list[Tags], metrics: dict[str, tuple[str, str]], *, at_least: int = 1) -> None:
        """Writes what was collected; ``metrics`` holds the type and content of each metric."""
        if len(self._times) < at_least:
            return
        known = _sample_tags(tag_sets).take(pa.array(self._tag_sets, type=pa.int32()))
        columns: dict[str, _AnyArray] = {name: known[name] for name in known.column_names}
        columns |= {
            "metric": pa.array(self._metrics, type=pa.string()),
            "type": pa.array([metrics.get(name, _UNDECLARED)[0] for name in self._metrics], type=pa.string()),
            "contains": pa.array([metrics.get(name, _UNDECLARED)[1] for name in self._metrics], type=pa.string()),
            "time_ns": pa.array(self._times, type=pa.int64()),
            "value": pa.array(self._values, type=pa.float64()),
            "trace_id": _binary(self._traceparents, _TRACE_ID),
        }
        self._writer.write_table(
            pa.table({field.name: columns[field.name] for field in _SAMPLES}, schema=_SAMPLES)
        )
        self._clear()

    def close(self) -> None:
        """Ends the file."""
        self._writer.close()

    def _clear(self) -> None:
        self._metrics: list[str] = []
        self._tag_sets: list[int] = []
        self._times: list[int] = []
        self._values: list[float] = []
        self._traceparents: list[str] = []


def _request_tags(tag_sets: list[Tags]) -> pa.Table:
    """A row for each distinct set of tags, with the request columns that follow from them."""
    columns: dict[str, list[object]] = {name: [tags.get(name) for tags in tag_sets] for name in _TAG_COLUMNS}
    columns["operation"] = [operation(tags.get("name", ""), tags.get("method", "")) for tags in tag_sets]
    columns["status"] = [_whole(tags.get("status")) for tags in tag_sets]
    columns["error_code"] = [_whole(tags.get("error_code")) for tags in tag_sets]
    columns["protocol"] = [tags.get(PROTOCOL, "http") for tags in tag_sets]
    columns["tags"] = [_scripts_own(tags) for tags in tag_sets]
    return pa.table({name: pa.array(values, type=_REQUESTS.field(name).type) for name, values in columns.items()})


def _sample_tags(tag_sets: list[Tags]) -> pa.Table:
    columns: dict[str, list[object]] = {
        name: [tags.get(name) for tags in tag_sets] for name in ("scenario", "group", "check")
    }
    columns["tags"] = [_scripts_own(tags) for tags in tag_sets]
    return pa.table({name: pa.array(values, type=_SAMPLES.field(name).type) for name, values in columns.items()})


def _scripts_own(tags: Tags) -> list[tuple[str, str]]:
    return [(name, value) for name, value in tags.items() if name not in SYSTEM_TAGS]


def _whole(text: str | None) -> int | None:
    """None too where a script gave a tag of its own that name, which may be any text."""
    return int(text) if text and text.isdecimal() else None


def _sampled(traceparent: str) -> bool | None:
    return int(traceparent[_FLAGS], 16) & 1 == 1 if traceparent else None


def _binary(traceparents: list[str], part: slice) -> _AnyArray:
    """One of the ids, as fixed-size binary; null where there is no traceparent."""
    digits = part.stop - part.start
    data = bytes.fromhex("".join([each[part] or "0" * digits for each in traceparents]))
    there = np.array([each != "" for each in traceparents], dtype=bool)
    validity = pa.py_buffer(np.packbits(there, bitorder="little").tobytes())
    return pa.Array.from_buffers(pa.binary(digits // 2), len(traceparents), [validity, pa.py_buffer(data)])
