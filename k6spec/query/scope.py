"""The requests that a claim is about: how many, how long, and which of their traces are missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from k6spec.query.database import Database
from k6spec.query.population import Floats, Missing
from k6spec.query.selector import Selector
from k6spec.query.selectors import Condition, where
from k6spec.query.success import FAILED

_WHOLE: Final = """SELECT coalesce(max(start_ns + total_ns) - min(start_ns), 0)
FROM requests WHERE scenario IS NOT NULL"""

_PARTS: Final = """
WITH told AS (
    SELECT scenario, start_ns, start_ns + total_ns AS end_ns, coalesce(({own}), false) AS own
    FROM requests r WHERE scenario IS NOT NULL
),
followed AS (
    SELECT *, min(start_ns) FILTER (NOT own) OVER (
        PARTITION BY scenario ORDER BY start_ns DESC, own DESC ROWS UNBOUNDED PRECEDING) AS next_ns
    FROM told
),
parts AS (
    SELECT min(start_ns) AS low, coalesce(next_ns, max(end_ns)) AS high
    FROM followed WHERE own GROUP BY scenario, next_ns
),
before AS (
    SELECT low, high, max(high) OVER (ORDER BY low ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
    FROM parts
)
SELECT coalesce(sum(greatest(0, high - greatest(low, coalesce(reached, low)))), 0) FROM before
"""

# What runs behind a WebSocket may last as long as it is open: of that its handshake says nothing.
_OPEN: Final = "(SELECT max(time_ns) FROM samples) - start_ns"
_TRACE_WAITED: Final = f"""CASE WHEN trace_id IN (
    SELECT trace_id FROM requests WHERE protocol = 'websocket' AND trace_id IS NOT NULL
) THEN greatest(client_ns, {_OPEN}) ELSE client_ns END"""
_REQUEST_WAITED: Final = f"if(protocol = 'websocket', greatest(total_ns, {_OPEN}), total_ns)"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TraceColumns:
    """A value for each trace of the run, by its number.

    ``began``: Unix nanoseconds; ``client_ns``: how long its client waited, 0 where that isn't known.
    """

    began: Floats
    client_ns: Floats
    complete: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.began)


def trace_columns(database: Database) -> TraceColumns:
    """What claims on spans need to know of the traces."""

    def read() -> TraceColumns:
        table = database.table(
            "SELECT start_ns, coalesce(client_ns, 0) AS client_ns, complete FROM traces ORDER BY trace_no"
        )
        return TraceColumns(
            began=table["start_ns"].to_numpy().astype(np.float64),
            client_ns=table["client_ns"].to_numpy().astype(np.float64),
            complete=table["complete"].to_numpy().astype(np.bool_),
        )

    return database.once("trace columns", read)


def longest_wait_ns(database: Database, within: tuple[Condition, ...]) -> float:
    """The longest that the client of one of these traces waited; of a WebSocket's, that it may have been open."""
    sql, parameters = where(within)
    return float(database.value(f"SELECT coalesce(max({_TRACE_WAITED}), 0) FROM traces c WHERE {sql}", parameters))


def in_traces(database: Database, selector: Selector) -> NDArray[np.bool_]:
    """Of each trace, by its number, whether a request of the scope began it."""

    def read() -> NDArray[np.bool_]:
        sql, parameters = where(selector.scope)
        numbers = database.table(f"SELECT trace_no FROM traces c WHERE {sql}", parameters)["trace_no"].to_numpy()
        inside = np.zeros(len(trace_columns(database)), np.bool_)
        inside[numbers] = True
        return inside

    return database.once(("in traces", selector.scope), read)


def missing_traces(database: Database, selector: Selector) -> Missing:
    """The claim's own requests that have no complete trace, but for operations that never give one."""

    def read() -> Missing:
        unseen = uninstrumented(database, selector)
        sql, parameters = where(selector.scope)
        table = database.table(
            f"""SELECT {_TRACE_WAITED} AS client_ns, start_ns FROM traces c
            WHERE {sql} AND NOT complete AND NOT list_contains(?, operation)""",
            [*parameters, list(unseen)],
        )
        client_ns, starts = (table[name].to_numpy().astype(np.float64) for name in ("client_ns", "start_ns"))
        lost = Missing(client_ns=client_ns, starts=starts, uninstrumented=unseen)
        return _with_untraced(database, selector, lost)

    return database.once(("missing", selector.scope), read)


def untraced(database: Database, selector: Selector) -> tuple[Floats, Floats]:
    """Of the scope's requests without a trace context how long each took, and its start, in (Unix) nanoseconds.

    A WebSocket takes as long as it may have been open.
    """

    def read() -> tuple[Floats, Floats]:
        sql, parameters = where(selector.scope)
        query = f"SELECT {_REQUEST_WAITED} AS total_ns, start_ns FROM requests r WHERE {sql} AND trace_id IS NULL"
        table = database.table(query, parameters)
        total_ns, starts = (table[name].to_numpy().astype(np.float64) for name in ("total_ns", "start_ns"))
        return total_ns, starts

    return database.once(("untraced", selector.scope), read)


def lost_traces(
    database: Database,
    selector: Selector,
    rows: NDArray[np.intp],
    *,
    seen: Floats,
    most: Floats | None = None,
    untraced_most: float | None = None,
) -> Missing:
    """What is missing of a claim on whole traces: these of its traces, and requests without a trace context.

    Args:
        rows: the numbers of the traces.
        seen: of each what was received; ``most``: what its value is at most, where that is not its client's time.
        untraced_most: the same of each request without a trace context; None: its time.
    """
    traces = trace_columns(database)
    lost = Missing(
        client_ns=traces.client_ns[rows],
        seen=seen,
        most=most,
        starts=traces.began[rows],
        uninstrumented=uninstrumented(database, selector),
    )
    return _with_untraced(database, selector, lost, untraced_most)


def uninstrumented(database: Database, selector: Selector) -> tuple[str, ...]:
    """Operations of the claim's scope that never gave a trace in the whole run, while others did.

    One that gave some before the claim's part of the load has lost them there: a queue that is full at the peak
    only. None where traces are sampled.
    """

    def read() -> tuple[str, ...]:
        if not (never := _never_traced(database)):
            return ()
        sql, parameters = where(selector.scope)
        rows = database.rows(
            f"""SELECT DISTINCT operation FROM traces c WHERE {sql} AND list_contains(?, operation)
            ORDER BY operation""",
            [*parameters, list(never)],
        )
        return tuple(operation for (operation,) in rows)

    return database.once(("uninstrumented", selector.scope), read)


def traces_in_scope(database: Database, selector: Selector) -> int:
    """How many traces the scope's requests began, or would have, had they been sent with a trace context."""
    return int(np.count_nonzero(in_traces(database, selector))) + len(untraced(database, selector)[0])


def seconds_of(database: Database, selector: Selector) -> float:
    """How long the claim's part of the load lasted: its parts added up, without what lies between them.

    A part begins with its first request, and ends when the next request of the same scenario begins that is
    outside, or with the end of its own last one where none follows. Parts of several scenarios at once count once.
    Without a window it is the whole load, from the first start to the last end.
    """
    window = () if selector.at_any_time else selector.window.conditions

    def read() -> float:
        if not window:
            return float(database.value(_WHOLE)) / 1e9
        sql, parameters = where(window)
        return float(database.value(_PARTS.format(own=sql), parameters)) / 1e9

    return database.once(("seconds", window), read)


def _with_untraced(database: Database, selector: Selector, lost: Missing, most: float | None = None) -> Missing:
    """What was lost, and each request without a trace context, of which nothing was received.

    Args:
        most: what the value of each of these is at most, where ``lost.most`` is told; None: its time.
    """
    total_ns, starts = untraced(database, selector)
    began = np.empty(0) if lost.starts is None else lost.starts
    at_most = total_ns if most is None else np.full(len(total_ns), most)
    unseen = np.zeros(len(total_ns) if len(lost.seen) == lost.traces else 0)
    return replace(
        lost,
        client_ns=np.concatenate([lost.client_ns, total_ns]),
        seen=np.concatenate([lost.seen, unseen]),
        most=None if lost.most is None else np.concatenate([lost.most, at_most]),
        starts=np.concatenate([began, starts]),
    )


def _never_traced(database: Database) -> tuple[str, ...]:
    def read() -> tuple[str, ...]:
        if database.sampled or not database.value("SELECT coalesce(bool_or(received), false) FROM traces"):
            return ()
        rows = database.rows(
            f"""SELECT operation FROM traces WHERE scenario IS NOT NULL AND sampled GROUP BY operation
            HAVING count(*) >= {database.uninstrumented_from} AND NOT bool_or(received OR {FAILED})"""
        )
        return tuple(operation for (operation,) in rows)

    return database.once("never traced", read)
