"""Spans that wait for a connection or a lock, which of them wait for the same, and who holds it meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from k6spec.query.database import Database

_MOST_WAITS: Final = 200
_LEAST_SHARE: Final = 0.5

_LOCKS: Final = "|".join(
    (
        r"^\s*BEGIN\s+(IMMEDIATE|EXCLUSIVE)",  # SQLite
        r"^\s*LOCK\s",
        r"\sFOR\s+(NO\s+KEY\s+)?(UPDATE|SHARE)",
        r"advisory_(xact_)?lock|GET_LOCK",  # PostgreSQL, MySQL
    )
)

# A database span without a statement that is a connect waits for the pool or the server to give a connection.
IS_CONNECTION: Final = "s.category = 'db' AND s.db_statement IS NULL AND s.name ILIKE '%connect%'"
IS_LOCK: Final = f"s.category = 'db' AND regexp_matches(coalesce(s.db_statement, s.name), '{_LOCKS}', 'i')"

DATABASE: Final = """CASE WHEN s.db_namespace IS NULL AND s.server_address IS NULL THEN s.service
    ELSE concat_ws(' ', s.db_system, coalesce(s.server_address, s.resource['host.name']),
        coalesce(s.attributes['server.port'], s.attributes['net.peer.port']), s.db_namespace) END"""
"""What tells one database from others: services that name the same one share its locks. A database without an
address is a file, of the service's host."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a lock that others wait for: the ``service``'s spans called ``task``.

    ``share``: of the time that is waited, as a fraction; ``held_ns``: how long each time, the median.
    """

    service: str
    task: str
    share: float
    held_ns: float


def holder(database: Database, where: str, statement: str, traces: tuple[str, ...]) -> Holder | None:
    """Who holds the lock most of the time that the traces wait for it; None if nobody does for half of it.

    The statement ends when the lock is got. It is held until the next one gets it, or until the span that asked
    for it ends, if that is earlier. The longest waits are looked at.

    Args:
        where: the lock's ``DATABASE``.
        traces: ids, in hex.
    """
    rows = database.rows(
        f"""WITH taken AS (
            SELECT s.trace_id, s.node, s.service, p.name AS task, s.start_ns AS asked,
                   s.start_ns + s.duration_ns AS got,
                   least(lead(got) OVER (ORDER BY got, s.node), p.start_ns + p.duration_ns) AS gave
            FROM spans s JOIN spans p ON p.node = s.parent_node
            WHERE {IS_LOCK} AND {DATABASE} = ? AND coalesce(s.db_statement, s.name) = ?),
        waits AS (
            SELECT node, asked, got FROM taken WHERE trace_id IN (SELECT unhex(unnest(?)))
            ORDER BY got - asked DESC, node LIMIT {_MOST_WAITS}),
        meanwhile AS (
            SELECT h.service, h.task, h.gave - h.got AS held, least(w.got, h.gave) - greatest(w.asked, h.got) AS ns
            FROM waits w JOIN taken h ON h.got < w.got AND h.gave > w.asked AND h.node <> w.node)
        SELECT service, task, sum(ns) / (SELECT sum(got - asked) FROM waits) AS share, median(held)
        FROM meanwhile GROUP BY service, task ORDER BY share DESC, service, task LIMIT 1""",
        [where, statement, list(traces)],
    )
    if not rows or rows[0][2] < _LEAST_SHARE:
        return None
    service, task, share, held = rows[0]
    return Holder(service=service, task=task, share=float(share), held_ns=float(held))
