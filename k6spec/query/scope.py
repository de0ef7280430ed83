"""The requests that a claim is about: how many, how long, and which of their traces are missing."""

from __future__ import annotations

from typing import Final

import numpy as np

from k6spec.query.database import Database
from k6spec.query.population import Missing
from k6spec.query.selector import Selector
from k6spec.query.selectors import where

_UNINSTRUMENTED_FROM: Final = 10


def missing_traces(database: Database, selector: Selector) -> Missing:
    """The claim's own requests that have no complete trace, but for operations that never give one."""
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


def uninstrumented(database: Database, selector: Selector) -> tuple[str, ...]:
    """Operations of the claim's scope that never gave a trace, while others did; none where traces are sampled."""
    sql, parameters = where(selector.scope)
    if database.sampled or not database.value("SELECT coalesce(bool_or(received), false) FROM traces"):
        return ()
    rows = database.rows(
        f"""SELECT operation FROM traces c WHERE {sql} AND sampled GROUP BY operation
        HAVING count(*) >= {_UNINSTRUMENTED_FROM} AND NOT bool_or(received) AND NOT bool_or(failed)
        ORDER BY operation""",
        parameters,
    )
    return tuple(operation for (operation,) in rows)


def traces_in_scope(database: Database, selector: Selector) -> int:
    """How many traces the scope's requests began."""
    sql, parameters = where(selector.scope)
    return int(database.value(f"SELECT count(*) FROM traces c WHERE {sql}", parameters))


def seconds_of(database: Database, selector: Selector) -> float:
    """From the first start to the last end of the scope's requests."""
    sql, parameters = where(selector.scope)
    query = f"SELECT coalesce(max(start_ns + total_ns) - min(start_ns), 0) FROM requests r WHERE {sql}"
    return float(database.value(query, parameters)) / 1e9
