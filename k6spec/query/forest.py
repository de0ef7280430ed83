"""The spans of whole traces as columns, walked from the requests down, a level at a time.

No clock of one host is held against another's: a span is placed within its parent. One of the same process stays
where it is; one of another clock keeps its length, and is moved as little as needed to lie within.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from k6spec.query.derived import Tables
from k6spec.query.logic import Conditions
from k6spec.query.selectors import where
from k6spec.store.spans import CLIENT_SERVICE

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Bools = NDArray[np.bool_]

_AT_ONCE: Final = 2_000_000


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Spans as they are archived, a value for each.

    Attributes:
        trace: the number of its trace.
        node: its own, which is that of another span too where an id was received twice; ``parent``: its parent's,
            -1 where it has none.
        start: nanoseconds, on its own clock; ``length`` likewise.
        clock: one for each process.
        client: k6spec made it for k6.
        answers: it is a server's, which answers what its parent asked.
        consumer: it takes a message, for which nobody waits.
        member: it is one of those that are asked for.
    """

    trace: Numbers
    node: Numbers
    parent: Numbers
    start: Ints
    length: Ints
    clock: Numbers
    client: Bools
    answers: Bools
    consumer: Bools
    member: Bools


@final
class Forest:
    """The spans of whole traces, with the way from each to its children; arrays as :class:`Columns` has them."""

    __slots__ = (
        "_by_parent",
        "_clock",
        "_consumer",
        "_counts",
        "_first",
        "_parent",
        "_parents",
        "answers",
        "client",
        "length",
        "member",
        "node",
        "start",
        "trace",
    )

    def __init__(self, columns: Columns) -> None:
        self.trace, self.node = columns.trace, columns.node
        self.start, self.length = columns.start, columns.length
        self.client, self.answers, self.member = columns.client, columns.answers, columns.member
        self._parent, self._clock, self._consumer = columns.parent, columns.clock, columns.consumer
        self._by_parent = np.argsort(columns.parent)
        ordered = columns.parent[self._by_parent]
        first = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))
        self._parents, self._first = ordered[first], first
        self._counts = np.diff(first, append=len(ordered))

    def __len__(self) -> int:
        return len(self.trace)

    @property
    def top(self) -> Level:
        """The spans of k6's requests that have nothing above them."""
        rows = np.flatnonzero(self.client & (self._parent < 0))
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
        fresh = ~met[rows] & ~self._consumer[rows]
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
        order = np.argsort(self.node[rows])
        nodes = self.node[rows][order]
        place = np.searchsorted(self._parents, nodes)
        place[place == len(self._parents)] = 0
        parents = self._parents[place] == nodes
        order, place = order[parents], place[parents]
        first, counts = self._first[place], self._counts[place]
        above = np.repeat(order, counts)
        within = np.arange(len(above)) - np.repeat(np.cumsum(counts) - counts, counts)
        found = self._by_parent[np.repeat(first, counts) + within]
        others = self.node[found] != self.node[rows[above]]
        return above[others], found[others]


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


def forests(database: Tables, traces: Bools, members: Conditions) -> Iterator[Forest]:
    """All spans of some traces, whole traces at a time.

    Args:
        traces: of each trace, by its number, whether it is one of them.
        members: which of the spans are asked for.
    """
    columns = _columns(database, members)
    known = columns.trace < len(traces)
    known[known] = traces[columns.trace[known]]
    parts = max(1, -(-int(np.count_nonzero(known)) // _AT_ONCE))
    a_part = -(-len(traces) // parts)
    for number in range(parts):
        rows = known & (columns.trace // max(1, a_part) == number) if parts > 1 else known
        yield Forest(Columns(**{name: getattr(columns, name)[rows] for name in Columns.__slots__}))


def _columns(database: Tables, members: Conditions) -> Columns:
    table = database.table(
        f"""SELECT s.trace_no AS trace, s.node, coalesce(s.parent_node, -1)::INTEGER AS parent,
            s.start_ns AS start, s.duration_ns AS length, s.clock, s.service = '{CLIENT_SERVICE}' AS client,
            s.kind IS NOT DISTINCT FROM 'server' AS answers, s.kind IS NOT DISTINCT FROM 'consumer' AS consumer
        FROM spans s"""
    )
    columns: dict[str, NDArray[Any]] = {}
    for name in table.column_names:
        columns[name] = table[name].to_numpy()
        table = table.drop_columns([name])
    sql, parameters = where(members)
    asked = np.zeros(int(columns["node"].max(initial=0)) + 1, np.bool_)
    asked[database.table(f"SELECT s.node FROM spans s WHERE {sql}", parameters)["node"].to_numpy()] = True
    return Columns(**columns, member=asked[columns["node"]])
