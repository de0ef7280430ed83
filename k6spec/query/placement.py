"""Where each span of a run stands, as numbers: its trace, its parent, its process; and how long it ran by itself.

Claims on the structure of traces ask for these again and again, and joining spans by their ids costs more than all
the rest of a claim. So they are worked out once for all spans, some traces at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, cast, final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from k6spec.query.critical_path import critical_path
from k6spec.query.forest import Columns, Forest
from k6spec.query.self_time import self_times
from k6spec.store.engine import connect
from k6spec.store.span_file import SpanFile
from k6spec.store.spans import ARCHIVED, CLIENT_SERVICE, PLACED, SCHEMA

Ints = NDArray[np.int64]
Keys = NDArray[np.uint64]
Bools = NDArray[np.bool_]

_TRACE_ID: Final[Any] = pa.binary(16)
_AT_ONCE: Final = 1 << 18
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)

# Texts are only compared for being the same, so 64-bit hashes do: that two different calls of any one trace are
# confused is less likely than one in a million even for a run of 100 million spans.
_LEAN: Final = f"""
SELECT trace_id, span_id, parent_span_id, start_ns, duration_ns,
       hash(service, coalesce(resource['service.instance.id'], ''), coalesce(resource['host.name'], '')) AS clock,
       hash(service, coalesce(db_statement, name)) AS call,
       CASE WHEN category = 'db' AND db_statement IS NOT NULL THEN hash(db_statement) ELSE 0 END AS statement,
       service IS NOT DISTINCT FROM '{CLIENT_SERVICE}' AS client, kind IS NOT DISTINCT FROM 'consumer' AS consumer
FROM read_parquet(?)"""


def trace_ids(requests: pa.Table) -> pa.Array[Any]:
    """Of the traces that requests began, in the order of their numbers: by the first that k6 reported of each."""
    ids: Any = requests.select(["request_id", "trace_id"]).sort_by("request_id")["trace_id"]
    return cast("pa.Array[Any]", pc.unique(ids.drop_null())).cast(_TRACE_ID)


def place(file: Path, traces: pa.Array[Any]) -> pa.Table:
    """The columns of ``PLACED`` for the spans of a file, in their order.

    Args:
        traces: the ids that :func:`trace_ids` gives.
    """
    spans = _read(file, traces)
    count = len(spans.trace)
    node = np.empty(count, np.int32)
    parent = np.full(count, -1, np.int32)
    repeats = np.empty(count, np.bool_)
    own, critical, critical_own = (np.empty(count, np.int64) for _ in range(3))
    beyond = count
    for rows in _whole_traces(spans.trace):
        some = spans.only(rows)
        numbers, first = _numbered(some)
        seen = first < len(rows)
        nodes = np.empty(len(first), np.int64)
        nodes[seen] = rows[first[seen]]
        unseen = int(np.count_nonzero(~seen))
        nodes[~seen] = beyond + np.arange(unseen)
        beyond += unseen
        mine, above = numbers[: len(rows)], numbers[len(rows) :]
        node[rows] = nodes[mine]
        parent[rows[some.has_parent]] = nodes[above]
        of, child = _pairs(mine, np.flatnonzero(some.has_parent), above, len(first))
        same = (some.statement[of] == some.statement[child]) & (some.statement[child] != 0)
        repeats[rows] = np.bincount(child[same], minlength=len(rows)) > 0
        own[rows] = self_times(some.start, some.length, some.clock, of, child)
        path = critical_path(_forest(some, node[rows], parent[rows]))
        critical[rows], critical_own[rows] = path.whole, path.own
    return pa.Table.from_arrays(
        [
            pa.array(spans.trace, pa.int32()),
            pa.array(node),
            pa.array(parent, mask=~spans.has_parent),
            pa.array(_dense(spans.clock)),
            pa.array(_dense(spans.call)),
            pa.array(repeats),
            pa.array(own),
            pa.array(critical),
            pa.array(critical_own),
        ],
        schema=PLACED,
    )


def place_spans(path: Path, requests: pa.Table) -> None:
    """Adds the columns of :data:`~k6spec.store.spans.PLACED` to a file of spans that are all there."""
    places = place(path, trace_ids(requests))
    draft = path.with_suffix(".placed")
    with pq.ParquetFile(path) as source, SpanFile(draft, ARCHIVED) as target:
        first = 0
        for batch in source.iter_batches():
            placed = places.slice(first, batch.num_rows).combine_chunks()
            columns: list[Any] = [*batch.cast(SCHEMA).columns, *(column.chunk(0) for column in placed.columns)]
            target.write(pa.RecordBatch.from_arrays(columns, schema=ARCHIVED))
            first += batch.num_rows
    draft.replace(path)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Spans:
    trace: NDArray[np.int32]
    span: Keys
    parent: Keys
    has_parent: Bools
    start: Ints
    length: Ints
    clock: Keys
    call: Keys
    statement: Keys
    client: Bools
    consumer: Bools

    def only(self, rows: Ints) -> _Spans:
        return _Spans(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def _read(file: Path, known: pa.Array[Any]) -> _Spans:
    connection = connect()
    names = [field.name for field in fields(_Spans)]
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
    traces: list[Any] = []
    relation = connection.sql(_LEAN, params=[str(file)])
    for batch in pa.RecordBatchReader.from_stream(relation):
        traces.append(batch["trace_id"].cast(_TRACE_ID))
        parts["span"].append(_key(batch["span_id"]))
        parts["parent"].append(_key(batch["parent_span_id"]))
        parts["has_parent"].append(batch["parent_span_id"].is_valid().to_numpy(zero_copy_only=False))
        for name, column in (
            ("start", "start_ns"),
            ("length", "duration_ns"),
            ("clock", "clock"),
            ("call", "call"),
            ("statement", "statement"),
            ("client", "client"),
            ("consumer", "consumer"),
        ):
            parts[name].append(batch[column].to_numpy(zero_copy_only=False))
    connection.close()
    parts["trace"].append(_trace_numbers(pa.chunked_array(traces, _TRACE_ID), known))
    whole = {name: np.concatenate(parts.pop(name)) if parts[name] else np.empty(0, np.int64) for name in names}
    return _Spans(**{name: whole[name].astype(_TYPES[name], copy=False) for name in names})


_TYPES: Final[dict[str, Any]] = {
    "trace": np.int32,
    "span": np.uint64,
    "parent": np.uint64,
    "has_parent": np.bool_,
    "start": np.int64,
    "length": np.int64,
    "clock": np.uint64,
    "call": np.uint64,
    "statement": np.uint64,
    "client": np.bool_,
    "consumer": np.bool_,
}


def _trace_numbers(ids: Any, known: pa.Array[Any]) -> NDArray[np.int32]:
    """The numbers of these traces; those that no request began come after the others."""
    numbers = pc.index_in(ids, known)
    if numbers.null_count:
        strange = pc.unique(ids.filter(pc.is_null(numbers)))
        numbers = pc.index_in(ids, pa.concat_arrays([known, strange]))
    return cast("NDArray[np.int32]", numbers.to_numpy())


def _key(ids: Any) -> Keys:
    raw = pc.fill_null(ids, bytes(8)).cast(pa.binary(8))
    return pa.Array.from_buffers(pa.uint64(), len(raw), [None, raw.buffers()[1]], offset=raw.offset).to_numpy()


def _forest(spans: _Spans, node: NDArray[np.int32], parent: NDArray[np.int32]) -> Forest:
    nothing = np.zeros(len(node), np.bool_)
    return Forest(
        Columns(
            trace=spans.trace,
            node=node,
            parent=parent,
            start=spans.start,
            length=spans.length,
            clock=_dense(spans.clock),
            client=spans.client,
            consumer=spans.consumer,
            answers=nothing,
            member=nothing,
        )
    )


def _whole_traces(trace: NDArray[np.int32]) -> Iterator[Ints]:
    """The rows of some traces at a time, those of a trace together."""
    order = np.argsort(trace, kind="stable")
    ordered = trace[order]
    cuts = np.searchsorted(ordered, ordered[_AT_ONCE::_AT_ONCE])
    yield from (rows for rows in np.split(order, np.unique(cuts)) if len(rows))


def _numbered(spans: _Spans) -> tuple[Ints, Ints]:
    """A number for each different (trace, id): of all spans, then of the parents of those that have one.

    Returns:
        The numbers, and where in that sequence each stands first.
    """
    trace = np.concatenate([spans.trace, spans.trace[spans.has_parent]])
    ids = np.concatenate([spans.span, spans.parent[spans.has_parent]])
    mixed = ids ^ (trace.astype(np.uint64) * _SPREAD)
    order = np.argsort(mixed)
    new = np.diff(mixed[order], prepend=~mixed[order[:1]]) != 0
    differ = np.flatnonzero((np.diff(trace[order]) != 0) | (np.diff(ids[order]) != 0)) + 1
    if np.any(~new[differ]):  # two of them are mixed into the same number
        order = np.lexsort((ids, trace))
        new = np.zeros(len(order), np.bool_)
        new[:1] = True
        new[1:] = (np.diff(trace[order]) != 0) | (np.diff(ids[order]) != 0)
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.cumsum(new) - 1
    return numbers, np.minimum.reduceat(order, np.flatnonzero(new)) if len(order) else order


def _pairs(mine: Ints, child: Ints, above: Ints, count: int) -> tuple[Ints, Ints]:
    """Each parent with each of its children; where an id is there twice, its children are those of both."""
    there = np.bincount(mine, minlength=count)
    by_number = np.argsort(mine, kind="stable")
    begin = np.cumsum(there) - there
    times = there[above]
    within = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    return by_number[np.repeat(begin[above], times) + within], np.repeat(child, times)


def _dense(keys: Keys) -> NDArray[np.int32]:
    parts = [np.unique(keys[first : first + _AT_ONCE]) for first in range(0, len(keys), _AT_ONCE)]
    known = np.unique(np.concatenate(parts)) if parts else keys
    return np.searchsorted(known, keys).astype(np.int32)
