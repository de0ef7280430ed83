"""The requests that a claim is about: how many, how long, and which of their traces are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from k6spec.query.database import Database
from k6spec.query.population import Floats, Missing
from k6spec.query.selector import Selector
from k6spec.query.selectors import where


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
            f"""SELECT client_ns, start_ns FROM traces c
            WHERE {sql} AND NOT complete AND NOT list_contains(?, operation)
            UNION ALL SELECT total_ns, start_ns FROM requests r WHERE {sql} AND trace_id IS NULL""",
            [*parameters, list(unseen), *parameters],
        )
        client_ns, starts = (table[name].to_numpy().astype(np.float64) for name in ("client_ns", "start_ns"))
        return Missing(client_ns=client_ns, starts=starts, uninstrumented=unseen)

    return database.once(("missing", selector.scope), read)


def uninstrumented(database: Database, selector: Selector) -> tuple[str, ...]:
    """Operations of the claim's scope that never gave a trace, while others did; none where traces are sampled."""

    def read() -> tuple[str, ...]:
        sql, parameters = where(selector.scope)
        if database.sampled or not database.value("SELECT coalesce(bool_or(received), false) FROM traces"):
            return ()
        rows = database.rows(
            f"""SELECT operation FROM traces c WHERE {sql} AND sampled GROUP BY operation
            HAVING count(*) >= {database.uninstrumented_from} AND NOT bool_or(received) AND NOT bool_or(failed)
            ORDER BY operation""",
            parameters,
        )
        return tuple(operation for (operation,) in rows)

    return database.once(("uninstrumented", selector.scope), read)


def traces_in_scope(database: Database, selector: Selector) -> int:
    """How many traces the scope's requests began."""
    return int(np.count_nonzero(in_traces(database, selector)))


def seconds_of(database: Database, selector: Selector) -> float:
    """From the first start to the last end of the scope's requests."""

    def read() -> float:
        sql, parameters = where(selector.scope)
        query = f"SELECT coalesce(max(start_ns + total_ns) - min(start_ns), 0) FROM requests r WHERE {sql}"
        return float(database.value(query, parameters)) / 1e9

    return database.once(("seconds", selector.scope), read)
