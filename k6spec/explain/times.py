"""Self time by operation and trace, nothing counted twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from k6spec.explain.sides import Sides
from k6spec.explain.spans import COMPARED, gather
from k6spec.explain.waiting import IS_CONNECTION, IS_LOCK
from k6spec.query.database import Database
from k6spec.query.selectors import Condition, where
from k6spec.store.spans import CLIENT_SERVICE

Kind = Literal["statement", "own", "connection", "lock", "between"]
"""What time was spent on: a ``statement``; a service's ``own`` work; waiting for a ``connection`` or a ``lock``;
``between`` a caller and the service it called, in the network or in a queue before any span began."""

Key: TypeAlias = tuple[Kind, str, str]
"""Of one operation: its kind, where it is (a service; of a lock the database), and its statement or name."""

_KIND: Final = f"""CASE
    WHEN {IS_CONNECTION} THEN 'connection'
    WHEN {IS_LOCK} THEN 'lock'
    WHEN s.category IN ('db', 'cache') THEN 'statement'
    WHEN callee.service IS NOT NULL AND s.kind IN ('client', 'producer') THEN 'between'
    ELSE 'own' END"""


@final
@dataclass(frozen=True, slots=True)
class Operation:
    """Nanoseconds in each trace that has the operation, calls in all of them, and whose spans they are."""

    ns: NDArray[np.float64]
    calls: float
    services: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True)
class Times:
    """Of so many ``traces``; one without an operation has nothing of it."""

    traces: int
    by_key: dict[Key, Operation]

    @classmethod
    def nothing(cls) -> Times:
        """Of no traces."""
        return cls(0, {})

    @property
    def keys(self) -> list[Key]:
        """Of all operations."""
        return list(self.by_key)

    @property
    def total(self) -> float:
        """Nanoseconds a trace, of all operations."""
        return sum(self.mean(key) for key in self.by_key)

    def values(self, key: Key) -> NDArray[np.float64]:
        """Nanoseconds of each trace."""
        there = self.by_key[key].ns if key in self.by_key else np.empty(0)
        return np.concatenate([there, np.zeros(self.traces - len(there))])

    def mean(self, key: Key) -> float:
        """Nanoseconds a trace."""
        return float(self.by_key[key].ns.sum()) / self.traces if key in self.by_key else 0.0

    def calls(self, key: Key) -> float:
        """Spans a trace."""
        return self.by_key[key].calls / self.traces if key in self.by_key else 0.0

    def services(self, key: Key) -> tuple[str, ...]:
        """Whose spans they are, in alphabetical order."""
        return self.by_key[key].services if key in self.by_key else ()


def both(database: Database, sides: Sides) -> tuple[Times, Times]:
    """Of the offending traces and of their peers: where a claim is on spans, in and below spans of that name.

    Where it is on how many of some spans a trace has, of those.
    """
    claimed = (sides.offending, sides.spans) if sides.spans else None
    gather(database, sides)
    slow, typical = (_times(database, ids, claimed, sides.counted) for ids in (sides.offending, sides.peers))
    return slow, typical


def single(database: Database, sides: Sides, trace: str) -> Times:
    """Of one trace of either side, the whole."""
    gather(database, sides)
    return _times(database, (trace,))


def _times(
    database: Database,
    traces: tuple[str, ...],
    claimed: tuple[tuple[str, ...], tuple[str, ...]] | None = None,
    counted: tuple[Condition, ...] = (),
) -> Times:
    """Time on the critical path of the traces (ids in hex), of each trace the whole or a part.

    Args:
        claimed: traces, and spans in them (ids in hex), whose like and what is below them is that part.
        counted: conditions on the spans that count.
    """
    counts, parameters = where(counted)
    rows = database.rows(
        f"""WITH RECURSIVE chosen AS (SELECT unhex(unnest(?)) AS trace_id),
        own AS (
            SELECT s.* FROM {COMPARED} s
            WHERE s.trace_no IN (SELECT trace_no FROM traces JOIN chosen USING (trace_id))),
        {INSIDE if claimed else EVERYTHING},
        callee AS (
            SELECT k.parent_node, any_value(k.service) AS service
            FROM own k JOIN own p ON p.node = k.parent_node AND p.service <> k.service GROUP BY ALL),
        named AS (
            SELECT s.trace_id, s.critical_self_ns, {_KIND} AS cause, s.service,
                   CASE WHEN cause = 'lock' THEN s.database ELSE s.service END AS place,
                   CASE WHEN cause = 'between' THEN callee.service
                        ELSE coalesce(s.db_statement, s.name) END AS what
            FROM own s LEFT JOIN callee ON callee.parent_node = s.node
            WHERE s.node IN (SELECT node FROM inside) AND {counts})
        SELECT cause, place, what, list(ns ORDER BY ns), sum(calls), flatten(list(services)) FROM (
            SELECT trace_id, cause, place, what, sum(critical_self_ns)::DOUBLE AS ns, count(*) AS calls,
                   list(DISTINCT service) AS services
            FROM named GROUP BY ALL)
        GROUP BY cause, place, what ORDER BY cause, place, what""",
        [list(traces), *([list(ids) for ids in claimed] if claimed else []), *parameters],
    )
    return Times(
        len(traces),
        {_key(*row[:3]): Operation(np.array(row[3]), float(row[4]), tuple(sorted(set(row[5])))) for row in rows},
    )


INSIDE: Final = f"""claimed AS (
            SELECT DISTINCT service, kind, name FROM {COMPARED}
            WHERE trace_no IN (SELECT trace_no FROM traces WHERE trace_id IN (SELECT unhex(unnest(?))))
            AND span_id IN (SELECT unhex(unnest(?)))),
        inside AS (
            SELECT node FROM own JOIN claimed USING (service, kind, name)
            UNION SELECT k.node FROM own k JOIN inside i ON k.parent_node = i.node)"""
"""Nodes of the spans that are like some (their traces, and their ids) or below such, of those in ``own``."""
EVERYTHING: Final = "inside AS (SELECT node FROM own)"
"""In place of :data:`INSIDE` where a claim is not on spans."""


def _key(kind: Any, place: str, what: str) -> Key:
    # A client without a span below it is k6's own wait for something that gives no spans.
    return ("between" if place == CLIENT_SERVICE else kind), place, what
