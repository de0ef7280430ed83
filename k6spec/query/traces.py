"""Traces: how many calls each holds, and how often it repeats one."""

from __future__ import annotations

import numpy as np

from k6spec.query.database import Database
from k6spec.query.logic import Conditions
from k6spec.query.near import why_nothing
from k6spec.query.population import Missing, Population, Sighting
from k6spec.query.scope import seconds_of, uninstrumented
from k6spec.query.selector import SYSTEM_SPAN, Selector
from k6spec.query.selectors import where
from k6spec.query.spans import misspelt_root, undecided


def read_calls(database: Database, selector: Selector, *, repeated: bool) -> Population:
    """Spans a trace; with ``repeated`` only each trace's most frequent call of one service and statement."""
    inner, inner_parameters = where((SYSTEM_SPAN, *selector.conditions))
    scope, scope_parameters = where(selector.scope)
    key = ", s.service, coalesce(s.db_statement, s.name)" if repeated else ""
    counted = f"""
        WITH calls AS (
            SELECT trace_id, max(n) AS n, arg_max(what, n) AS what, arg_max(service, n) AS service,
                   arg_max(span_id, n) AS span_id FROM (
                SELECT s.trace_id, count(*) AS n, any_value(coalesce(s.db_statement, s.name)) AS what,
                       any_value(s.service) AS service, arg_max(s.span_id, s.duration_ns) AS span_id
                FROM spans s WHERE {inner} GROUP BY s.trace_id{key})
            GROUP BY trace_id)
        SELECT c.trace_id, c.operation, c.complete, c.vu, c.elapsed_ns, coalesce(k.n, 0) AS n, k.what, k.service,
               k.span_id, c.client_ns, c.start_ns
        FROM traces c LEFT JOIN calls k USING (trace_id) WHERE {scope}"""
    parameters = [*inner_parameters, *scope_parameters]
    unseen = uninstrumented(database, selector)
    known, known_parameters = decided(selector.conditions)
    table = database.table(
        f"SELECT n, complete AND {known} AS complete, client_ns, start_ns FROM ({counted}) t "
        "WHERE NOT list_contains(?, operation)",
        [*known_parameters, *parameters, list(unseen)],
    )
    numbers = table["n"].to_numpy().astype(np.float64)
    complete = table["complete"].to_numpy().astype(bool)

    def worst(count: int, largest: bool) -> list[Sighting]:
        order = "DESC" if largest else "ASC"
        rows = database.rows(
            f"""SELECT n, lower(hex(trace_id)), lower(hex(span_id)), coalesce(what, operation), service, vu,
                elapsed_ns FROM ({counted}) t WHERE complete AND {known} ORDER BY n {order}, client_ns DESC
                LIMIT {count}""",
            [*parameters, *known_parameters],
        )
        return [
            Sighting(value=n, trace_id=t, span_id=s, what=w, service=service, vu=vu, elapsed_ns=e, statement=w)
            for n, t, s, w, service, vu, e in rows
        ]

    values = numbers[complete]
    return Population(
        noun="trace",
        text=", ".join((selector.text or "traces", *selector.window.words)),
        values=values,
        starts=table["start_ns"].to_numpy().astype(np.float64)[complete],
        scope=len(numbers),
        seconds=seconds_of(database, selector),
        missing=Missing(
            client_ns=table["client_ns"].to_numpy().astype(np.float64)[~complete],
            seen=numbers[~complete],
            starts=table["start_ns"].to_numpy().astype(np.float64)[~complete],
            uninstrumented=unseen,
        ),
        within=selector.scope,
        worst=worst,
        traces_beyond=lambda limit, over: int(np.count_nonzero(values > limit if over else values < limit)),
        why_empty=lambda: why_nothing(database, "traces c", "trace", selector.root, selector.scope),
        misspelt=lambda: misspelt_root(database, selector),
    )


def decided(conditions: Conditions) -> tuple[str, list[object]]:
    """SQL: the trace ``t`` needs no order that only the clocks of two hosts could tell."""
    query = undecided(SYSTEM_SPAN.sql, conditions)
    return ("true", []) if query is None else (f"t.trace_id NOT IN ({query[0]})", query[1])
