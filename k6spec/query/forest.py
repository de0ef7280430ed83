"""The spans of whole traces as columns, walked from the requests down, a level at a time.

No clock of one host is held against another's: a span is placed within its parent. One of the same process stays
where it is; one of another clock keeps its length, and is moved as little as needed to lie within.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from k6spec.query.database import Database
from k6spec.query.logic import Conditions
from k6spec.query.selectors import where
from k6spec.store.spans import CLIENT_SERVICE

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_AT_ONCE: Final = 2_000_000


@final
class Forest:
    """Spans of whole traces; every array has a value for each.

    Attributes:
        trace: the number of the request that began its trace.
        span: its id, as a number.
        start: nanoseconds, on its own clock; ``length`` likewise.
        client: k6spec made it for k6.
        member: it is one of those that are asked for.
    """

    __slots__ = (
        "_by_parent",
        "_clock",
        "_parent",
        "_parent_keys",
        "_waited_for",
        "client",
        "length",
        "member",
        "span",
        "start",
        "trace",
    )

    def __init__(
        self,
        *,
        trace: Ints,
        span: NDArray[np.uint64],
        parent: NDArray[np.uint64],
        start: Ints,
        length: Ints,
        clock: NDArray[np.uint64],
        consumer: Bools,
        client: Bools,
        members: NDArray[np.uint64],
    ) -> None:
        self.trace, self.span, self.start, self.length = trace, span, start, length
        self.client = client
        self.member = pc.is_in(pa.array(_mixed(trace, span)), pa.array(members)).to_numpy(zero_copy_only=False)
        self._parent, self._clock, self._waited_for = parent, clock, ~consumer
        keys = _mixed(trace, parent)
        self._by_parent = np.argsort(keys)
        self._parent_keys = keys[self._by_parent]

    def __len__(self) -> int:
        return len(self.trace)

    @property
    def top(self) -> Level:
        """The spans of k6's requests that have nothing above them."""
        rows = np.flatnonzero(self.client & (self._parent == 0))
        begin = self.start[rows]
        above = np.full(len(rows), -1)
        return Level(
            rows=rows, above=above, begin=begin, end=begin + self.length[rows], shift=np.zeros_like(begin)
        )

    def below(self, level: Level, met: Bools) -> Level:
        """The children of a level's spans, as they are placed; each that was not ``met`` before, and then is.

        What a consumer does is not below what produced its message: nobody waits for it.
        """
        above, rows = self.children(level.rows)
        fresh = ~met[rows] & self._waited_for[rows]
        above, rows = above[fresh], rows[fresh]
        first = np.empty(len(met), np.int64)
        first[rows[::-1]] = np.arange(len(rows))[::-1]  # where an id is there twice, its children are its first's
        once = first[rows] == np.arange(len(rows))
        above, rows = above[once], rows[once]
        met[rows] = True
        parents = level.rows[above]
        parent_begin = self.start[parents] + level.shift[above]
        begin, length = self.start[rows] + level.shift[above], self.length[rows]
        latest = np.maximum(parent_begin, parent_begin + self.length[parents] - length)
        moved = np.clip(begin, parent_begin, latest)
        begin = np.where(self._clock[rows] == self._clock[parents], begin, moved)
        return Level(rows=rows, above=above, begin=begin, end=begin + length, shift=begin - self.start[rows])

    def children(self, rows: Ints) -> tuple[Ints, Ints]:
        """Places in ``rows``, and the rows of the children of each."""
        keys = _mixed(self.trace[rows], self.span[rows])
        order = np.argsort(keys)
        first = np.searchsorted(self._parent_keys, keys[order], "left")
        counts = np.searchsorted(self._parent_keys, keys[order], "right") - first
        above = np.repeat(order, counts)
        within = np.arange(len(above)) - np.repeat(np.cumsum(counts) - counts, counts)
        found = self._by_parent[np.repeat(first, counts) + within]
        parents = rows[above]
        true = (self._parent[found] == self.span[parents]) & (self.trace[found] == self.trace[parents])
        true &= found != parents
        return above[true], found[true]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Spans that are equally far from the top.

    ``rows`` of the forest; ``above``: the place of each one's parent in the level above; ``begin`` and ``end``:
    where it is placed, on the clock of the top; ``shift``: by how much that is later than on its own clock.
    """

    rows: Ints
    above: Ints
    begin: Ints
    end: Ints
    shift: Ints

    def only(self, kept: Bools | Ints) -> Level:
        """Some of them."""
        return Level(
            rows=self.rows[kept],
            above=self.above[kept],
            begin=self.begin[kept],
            end=self.end[kept],
            shift=self.shift[kept],
        )


def forests(database: Database, traces: Conditions, members: Conditions) -> Iterator[Forest]:
    """All spans of the traces that meet conditions on them, whole traces at a time.

    Args:
        members: which of the spans are asked for.
    """
    inside, inner = where(traces)
    began = f"(SELECT trace_no, request_id FROM traces WHERE {inside}) c"
    columns = _columns(
        database,
        f"""SELECT c.request_id, s.span_id, s.parent_span_id, s.start_ns, s.duration_ns, s.clock,
            s.kind IS NOT DISTINCT FROM 'consumer' AS consumer, s.service = '{CLIENT_SERVICE}' AS client
        FROM spans s JOIN {began} ON c.trace_no = s.trace_no""",
        inner,
    )
    sql, parameters = where(members)
    asked = _columns(
        database,
        f"SELECT c.request_id, s.span_id FROM spans s JOIN {began} ON c.trace_no = s.trace_no WHERE {sql}",
        [*inner, *parameters],
    )
    trace, wanted = columns["request_id"], _mixed(asked["request_id"], asked["span_id"])
    parts = max(1, -(-len(trace) // _AT_ONCE))
    part, part_wanted = trace.astype(np.uint32) % parts, asked["request_id"].astype(np.uint32) % parts
    for number in range(parts):
        rows: Any = part == number if parts > 1 else slice(None)
        yield Forest(
            trace=trace[rows],
            span=columns["span_id"][rows],
            parent=columns["parent_span_id"][rows],
            start=columns["start_ns"][rows],
            length=columns["duration_ns"][rows],
            clock=columns["clock"][rows],
            consumer=columns["consumer"][rows],
            client=columns["client"][rows],
            members=wanted[part_wanted == number],
        )


def _columns(database: Database, sql: str, parameters: list[object]) -> dict[str, NDArray[Any]]:
    """The answer as arrays; ids of eight bytes as numbers, 0 where there is none."""
    table = database.table(sql, parameters)
    columns: dict[str, NDArray[Any]] = {}
    for name in table.column_names:
        chunks = table[name].chunks
        table = table.drop_columns([name])
        ids = name.endswith("span_id")
        parts = [_id(chunk) if ids else chunk for chunk in chunks]
        column = pa.concat_arrays(parts).to_numpy(zero_copy_only=False) if parts else np.empty(0, np.int64)
        columns[name] = column.byteswap() if ids else column
    return columns


def _id(ids: pa.Array[Any]) -> pa.Array[Any]:
    raw: pa.Array[Any] = pc.fill_null(ids, b"\0" * 8).cast(pa.binary(8))  # type: ignore[type-var,attr-defined]
    return pa.Array.from_buffers(pa.uint64(), len(raw), [None, raw.buffers()[1]], offset=raw.offset)


def _mixed(trace: Ints, span: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One number for both: equal where both are, and hardly ever elsewhere (SplitMix64's multiplier)."""
    return (trace.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) ^ span.astype(np.uint64, copy=False)
