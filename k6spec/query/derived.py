"""Sets of spans that a query needs and SQL would be slow to find: those below, or above, certain others.

A condition carries what makes such a set among its parameters; the database makes it before the query, once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar, final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

T = TypeVar("T")


class Tables(Protocol):
    """What a set is made from."""

    def table(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """The answer to a query."""

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was made for the key."""


@final
@dataclass(frozen=True, slots=True)
class Reach:
    """The nodes that one comes to from some spans.

    Attributes:
        way: ``down``: to themselves, their children, the children of these … ``up``: to their parents, the parents
            of these …
        sql: a condition on ``s``: which spans to begin with.
    """

    way: Literal["down", "up"]
    sql: str
    parameters: tuple[object, ...] = ()

    def bits(self, tables: Tables) -> bytes:
        """The set as a parameter: of each node a bit. Cycles and ids that are there twice are no matter."""
        begin = "node" if self.way == "down" else "parent_node"
        query = f"SELECT s.{begin} AS node FROM spans s WHERE {self.sql} AND s.{begin} IS NOT NULL"
        first = tables.table(query, self.parameters)["node"].to_numpy()
        edges = tables.once("edges", lambda: _edges(tables))
        origin, to = (edges.parent, edges.node) if self.way == "down" else (edges.node, edges.parent)
        met = np.zeros(edges.size, np.bool_)
        met[first] = True
        fresh = met.copy()
        while True:
            found = to[fresh[origin]]
            found = found[~met[found]]
            if not len(found):
                return np.packbits(met).tobytes()
            fresh[:] = False
            fresh[found] = met[found] = True


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Edges:
    node: NDArray[Any]
    parent: NDArray[Any]
    size: int


def _edges(tables: Tables) -> _Edges:
    found = tables.table("SELECT node, parent_node FROM spans WHERE parent_node IS NOT NULL")
    node, parent = found["node"].to_numpy(), found["parent_node"].to_numpy()
    spans: int = tables.table("SELECT count(*) AS spans FROM spans")["spans"][0].as_py()
    return _Edges(node=node, parent=parent, size=max(spans, int(parent.max(initial=0)) + 1))
