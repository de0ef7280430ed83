"""Where each span of a run stands, as numbers: its trace, its parent, its process; and how long it ran by itself.

Claims on the structure of traces ask for these again and again, and joining spans by their ids costs more than all
the rest of a claim. So they are worked out once for all spans: these are read into parts on disk, whole traces in
each, the parts are worked on one after another, and the answers are put into the order of the spans again. Memory
holds one part at a time, however long the load was.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from k6spec.query.critical_path import critical_path
from k6spec.query.forest import Columns, Forest
from k6spec.query.numbering import Ints, Numbers, numbered
from k6spec.query.parts_on_disk import MOST_PARTS, PartNumbers, PartsOnDisk, Records
from k6spec.query.repeats import within_siblings
from k6spec.query.self_time import self_times
from k6spec.store.archive import REQUESTS, SPANS
from k6spec.store.batches import read_batches
from k6spec.store.by_key import copies, fields, frequent_keys
from k6spec.store.engine import connect
from k6spec.store.span_file import SpanFile
from k6spec.store.spans import ARCHIVED, CLIENT_SERVICE, PLACED, SCHEMA

_AT_ONCE: Final = 1 << 18
_BATCH: Final = 1 << 16
_ODD: Final = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
_HIGH: Final = np.uint64(32)

# Texts are only compared for being the same, so 64-bit hashes do: that two different calls of any one trace are
# confused is less likely than one in a million even for a run of 100 million spans.
_LEAN: Final = f"""
SELECT trace_id, span_id, parent_span_id, parent_span_id IS NOT NULL AS has_parent, start_ns AS start,
       duration_ns AS length,
       hash(service, coalesce(resource['service.instance.id'], ''), coalesce(resource['host.name'], '')) AS clock,
       hash(service, coalesce(db_statement, name)) AS call,
       CASE WHEN category = 'db' AND db_statement IS NOT NULL THEN hash(db_statement) ELSE 0 END AS statement,
       hash(scope_name) AS scope,
       service IS NOT DISTINCT FROM '{CLIENT_SERVICE}' AS client, kind IS NOT DISTINCT FROM 'consumer' AS consumer
FROM read_parquet(?)"""
_SPAN: Final = np.dtype(
    [
        ("trace", np.uint64, 2),
        ("span", np.uint64),
        ("parent", np.uint64),
        ("start", np.int64),
        ("length", np.int64),
        ("statement", np.uint64),
        ("scope", np.uint64),
        ("clock", np.int32),
        ("call", np.int32),
        ("has_parent", np.bool_),
        ("client", np.bool_),
        ("consumer", np.bool_),
    ],
    align=True,
)
_AS_READ: Final = ("has_parent", "start", "length", "statement", "scope", "client", "consumer")
_REQUEST: Final = np.dtype([("trace", np.uint64, 2), ("request", np.int64)])
_PLACE: Final = np.dtype([(field.name, str(field.type)) for field in PLACED], align=True)


def place(run: Path) -> pa.Table:
    """The columns of ``PLACED`` for a run's spans, in their order."""
    with _placed(run) as (places, part):
        return pa.Table.from_batches([_columns(places.following(part))])


def place_spans(run: Path) -> None:
    """Adds the columns of :data:`~k6spec.store.spans.PLACED` to a run's spans, which are all there.

    Their most frequent attributes become columns beside the maps.
    """
    path = run / SPANS
    draft = path.with_suffix(".placed")
    keys = frequent_keys(path)
    schema = pa.schema([*ARCHIVED, *fields(keys)])
    # Where the archive is there is room for more of it; temporary files may have to share the memory.
    with (
        _placed(run, scratch=run) as (places, part),
        SpanFile(draft, schema) as target,
    ):
        first = 0
        for batch in read_batches(path):
            placed = _columns(places.following(part[first : first + batch.num_rows]))
            columns: list[Any] = [*batch.cast(SCHEMA).columns, *placed.columns, *copies(batch, keys)]
            target.write(pa.RecordBatch.from_arrays(columns, schema=schema))
            first += batch.num_rows
    draft.replace(path)
    pa.default_memory_pool().release_unused()


@contextmanager
def _placed(run: Path, scratch: Path | None = None) -> Iterator[tuple[PartsOnDisk, PartNumbers]]:
    """Where all spans stand, by part, and the part of each span."""
    with pq.ParquetFile(run / SPANS) as file:
        count = min(MOST_PARTS, 1 + file.metadata.num_rows // _AT_ONCE)
    with PartsOnDisk(count, _PLACE, scratch) as places:
        with PartsOnDisk(count, _REQUEST, scratch) as requests, PartsOnDisk(count, _SPAN, scratch) as spans:
            for some in _requests(run / REQUESTS):
                requests.add(_part(some["trace"], count), some)
            parts = [np.empty(0, np.uint8)]
            for some in _spans(run / SPANS):
                parts.append(_part(some["trace"], count))
                spans.add(parts[-1], some)
            part = np.concatenate(parts)
            _place_parts(requests, spans, part, places)
        yield places, part


def _place_parts(requests: PartsOnDisk, spans: PartsOnDisk, part: PartNumbers, places: PartsOnDisk) -> None:
    # A trace's number is its place among all, in the order in which k6 reported the first request of each.
    begun = np.sort(np.concatenate([_begun(_by_time(requests.whole(number))) for number in range(len(places))]))
    strange, unseen = len(begun), len(part)
    for number in range(len(places)):
        some = spans.whole(number)
        spans.drop(number)
        rows = np.flatnonzero(part == number)
        trace = _trace_numbers(some, _by_time(requests.whole(number)), begun, strange)
        found = _stand(some, trace, rows, unseen)
        strange = max(strange, 1 + int(trace.max(initial=0)))
        unseen = max(unseen, 1 + int(found["parent_node"].max(initial=0)))
        places.add(part[rows], found)


def _stand(spans: Records, trace: Ints, rows: Ints, unseen: int) -> Records:
    """Where the spans of some whole traces stand.

    Args:
        rows: their places among all spans.
        unseen: the first number for a parent that was not received.
    """
    has_parent = spans["has_parent"]
    numbers, first = numbered(
        np.concatenate([trace, trace[has_parent]]).astype(np.uint64),
        np.concatenate([spans["span"], spans["parent"][has_parent]]),
    )
    seen = first < len(rows)
    nodes = np.empty(len(first), np.int64)
    nodes[seen] = rows[first[seen]]
    nodes[~seen] = unseen + np.arange(np.count_nonzero(~seen))
    mine, above = numbers[: len(rows)], numbers[len(rows) :]
    of, child = _pairs(mine, np.flatnonzero(has_parent), above, len(first))
    same = (spans["statement"][of] == spans["statement"][child]) & (spans["statement"][child] != 0)
    found = np.empty(len(rows), _PLACE)
    found["trace_no"] = trace
    found["node"] = nodes[mine]
    found["parent_node"] = -1
    found["parent_node"][has_parent] = nodes[above]
    found["clock"], found["call"] = spans["clock"], spans["call"]
    found["repeats_parent"] = np.bincount(child[same], minlength=len(rows)) > 0
    found["repeats_parent"][_told_twice(spans, above)] = True
    found["self_ns"] = self_times(spans["start"], spans["length"], spans["clock"], of, child)
    path = critical_path(_forest(spans, found))
    found["critical_ns"], found["critical_self_ns"] = path.whole, path.own
    return found


def _told_twice(spans: Records, above: Ints) -> Ints:
    """Those that a sibling tells of as well; ``above`` numbers the parents of those that have one."""
    telling = spans["statement"][spans["has_parent"]] != 0
    rows = np.flatnonzero(spans["has_parent"])[telling]
    twice = within_siblings(
        parent=above[telling],
        **{name: spans[name][rows] for name in ("statement", "clock", "scope", "start", "length")},
    )
    told: Ints = rows[twice]
    return told


def _by_time(requests: Records) -> Records:
    return requests[np.argsort(requests["request"], kind="stable")]


def _begun(requests: Records) -> Ints:
    """The first request of each trace."""
    first = numbered(*requests["trace"].T)[1]
    return requests["request"][first]


def _trace_numbers(spans: Records, requests: Records, begun: Ints, strange: int) -> Ints:
    """The number of each span's trace; those that no request began come after the others."""
    words = np.concatenate([requests["trace"], spans["trace"]])
    numbers, first = numbered(words[:, 0], words[:, 1])
    known = first < len(requests)
    traces = np.empty(len(first), np.int64)
    traces[known] = np.searchsorted(begun, requests["request"][first[known]])
    traces[~known] = strange + np.arange(np.count_nonzero(~known))
    return traces[numbers[len(requests) :]]


def _requests(path: Path) -> Iterator[Records]:
    for batch in read_batches(path, ["request_id", "trace_id"], rows=_BATCH):
        traced = batch.filter(batch["trace_id"].is_valid())
        records = np.empty(len(traced), _REQUEST)
        records["trace"] = _words(traced["trace_id"], 16)
        records["request"] = traced["request_id"].to_numpy()
        yield records


def _spans(path: Path) -> Iterator[Records]:
    connection = connect()
    clocks, calls = Numbers(), Numbers()
    for batch in connection.sql(_LEAN, params=[str(path)]).to_arrow_reader(_BATCH):
        records = np.empty(len(batch), _SPAN)
        records["trace"] = _words(batch["trace_id"], 16)
        records["span"] = _words(batch["span_id"], 8)[:, 0]
        records["parent"] = _words(pc.fill_null(batch["parent_span_id"], bytes(8)), 8)[:, 0]
        records["clock"], records["call"] = (
            numbers.of(batch[name].to_numpy()) for name, numbers in (("clock", clocks), ("call", calls))
        )
        for name in _AS_READ:
            records[name] = batch[name].to_numpy(zero_copy_only=False)
        yield records
    connection.close()


def _words(ids: Any, width: int) -> NDArray[np.uint64]:
    """Each id as a row of numbers: only their being equal or not matters."""
    raw = ids.cast(pa.binary(width))
    words = np.frombuffer(raw.buffers()[1] or b"", np.uint64).reshape(-1, width // 8)
    return words[raw.offset : raw.offset + len(raw)]


def _part(trace: NDArray[np.uint64], count: int) -> PartNumbers:
    """The part of each trace: any, but always the same."""
    mixed = ((trace[:, 0] * _ODD[0]) ^ (trace[:, 1] * _ODD[1])) >> _HIGH
    return (mixed % np.uint64(count)).astype(np.uint8)


def _columns(places: Records) -> pa.RecordBatch:
    columns = {name: np.ascontiguousarray(places[name]) for name in PLACED.names}
    arrays = [
        pa.array(columns[name], mask=columns[name] < 0 if name == "parent_node" else None) for name in columns
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=PLACED)


def _forest(spans: Records, places: Records) -> Forest:
    nothing = np.zeros(len(places), np.bool_)
    return Forest(
        Columns(
            trace=places["trace_no"],
            node=places["node"],
            parent=places["parent_node"],
            start=spans["start"],
            length=spans["length"],
            clock=spans["clock"],
            client=spans["client"],
            consumer=spans["consumer"],
            answers=nothing,
            member=nothing,
        )
    )


def _pairs(mine: Ints, child: Ints, above: Ints, count: int) -> tuple[Ints, Ints]:
    """Each parent with each of its children; where an id is there twice, its children are those of both."""
    there = np.bincount(mine, minlength=count)
    by_number = np.argsort(mine, kind="stable")
    begin = np.cumsum(there) - there
    times = there[above]
    within = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    return by_number[np.repeat(begin[above], times) + within], np.repeat(child, times)
