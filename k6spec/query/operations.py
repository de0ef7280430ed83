"""Which operations traces are made of: service, kind and name of each span, which conventions keep few."""

from __future__ import annotations

from collections import Counter
from typing import Final

from k6spec.query.database import Database
from k6spec.query.selector import SYSTEM_SPAN, Selector
from k6spec.query.selectors import where

_MOST: Final = 500
_AT_ONCE: Final = 1 << 18
"""Traces: DuckDB holds all numbers that it counts the different ones of in memory."""
_SEEN: Final = SYSTEM_SPAN.sql
_WAITED_FOR: Final = f"{SYSTEM_SPAN.sql} AND s.critical_ns > 0"
SPAN_NAME: Final = r"""CASE WHEN s.db_namespace LIKE '%/%'
    THEN replace(s.name, s.db_namespace, regexp_extract(s.db_namespace, '[^/]*$')) ELSE s.name END"""
"""A span's name; a database that is a file is in it without its folder, which differs from start to start."""
_NAME: Final = f"s.service || ' ' || s.kind || ' ' || {SPAN_NAME}"


def operations_of(database: Database, selector: Selector, *, critical: bool) -> tuple[dict[str, int], int]:
    """In how many of the selector's complete traces each operation was seen, and how many traces that are.

    Args:
        critical: only where it was on the critical path: the end of the request waited for it.
    """
    scope, parameters = where(selector.scope)
    traces = f"SELECT trace_no FROM traces c WHERE {scope} AND complete"
    rows = database.rows(
        f"""SELECT {_NAME} AS what, count(DISTINCT s.trace_no) AS seen FROM spans s
        WHERE {_members(critical)} AND s.trace_no IN ({traces}) GROUP BY what ORDER BY seen DESC, what""",
        parameters,
    )
    return dict(rows), int(database.value(f"SELECT count(*) FROM ({traces})", parameters))


def operations_by_root(database: Database, *, critical: bool) -> dict[str, dict[str, int]]:
    """For each operation of requests what :func:`operations_of` says; the traces themselves are under ``""``."""
    found: dict[str, dict[str, int]] = {}
    for root, traces in database.rows(
        """SELECT operation, count(*) FROM traces c WHERE scenario IS NOT NULL AND complete
        GROUP BY operation ORDER BY operation"""
    ):
        found[root] = {"": traces}
    counts: Counter[tuple[str, str]] = Counter()
    for first in range(0, database.value("SELECT coalesce(max(trace_no), -1) + 1 FROM traces"), _AT_ONCE):
        rows = database.rows(
            f"""SELECT c.operation, {_NAME} AS what, count(DISTINCT s.trace_no) AS seen
            FROM spans s JOIN traces c USING (trace_no)
            WHERE {_members(critical)} AND c.complete AND c.scenario IS NOT NULL
            AND s.trace_no >= $1 AND s.trace_no < $2
            GROUP BY c.operation, what""",
            [first, first + _AT_ONCE],
        )
        counts.update({(root, what): seen for root, what, seen in rows})
    for (root, what), seen in sorted(counts.items(), key=lambda count: (-count[1], count[0][1])):
        if len(found[root]) <= _MOST:
            found[root][what] = seen
    return found


def example_of(
    database: Database, selector: Selector, operation: str, *, critical: bool
) -> tuple[str, str, int] | None:
    """A trace with the operation: its id, the span's id and how long that was; ids are hex."""
    scope, parameters = where(selector.scope)
    rows = database.rows(
        f"""SELECT lower(hex(s.trace_id)), lower(hex(s.span_id)), s.duration_ns FROM spans s
        WHERE {_members(critical)} AND {_NAME} = ?
        AND s.trace_no IN (SELECT trace_no FROM traces c WHERE {scope} AND complete)
        ORDER BY s.duration_ns DESC, s.span_id LIMIT 1""",
        [operation, *parameters],
    )
    return rows[0] if rows else None


def _members(critical: bool) -> str:
    return _WAITED_FOR if critical else _SEEN
