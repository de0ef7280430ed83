"""Spans of the system under test, by duration."""

from __future__ import annotations

from typing import Final

import numpy as np

from k6spec.query.database import Database
from k6spec.query.near import why_nothing
from k6spec.query.population import Population, Sighting
from k6spec.query.scope import missing_traces, seconds_of, traces_in_scope
from k6spec.query.selector import SYSTEM_SPAN, Selector
from k6spec.query.selectors import Condition, where

# The same statement seen twice, by an ORM's instrumentation and by its driver's, is one call.
_NOT_NESTED: Final = Condition(
    sql="""NOT EXISTS (SELECT 1 FROM spans p WHERE p.trace_id = s.trace_id AND p.span_id = s.parent_span_id
    AND p.category = 'db' AND p.db_statement = s.db_statement)"""
)
_QUERY: Final = Condition(sql="(s.db_statement IS NOT NULL OR s.db_operation IS NOT NULL)")
_SOURCE: Final = "spans s JOIN traces c USING (trace_id)"


def db_conditions(*, queries: bool) -> tuple[Condition, ...]:
    """Database spans, nested duplicates once; ``queries``: only those that carry a statement or operation."""
    category = Condition(sql="s.category = 'db'", column="s.category", value="db")
    return (category, _NOT_NESTED, _QUERY) if queries else (category, _NOT_NESTED)


def read_spans(database: Database, selector: Selector) -> Population:
    """Spans of the system under test by duration, in nanoseconds."""
    sql, parameters = where((*selector.scope, SYSTEM_SPAN, *selector.conditions))
    table = database.table(f"SELECT s.duration_ns AS value, s.trace_id FROM {_SOURCE} WHERE {sql}", parameters)
    values = table["value"].to_numpy().astype(np.float64)
    counts = table.group_by("trace_id").aggregate([("value", "count")])["value_count"].to_numpy()

    def worst(count: int, largest: bool) -> list[Sighting]:
        order = "DESC" if largest else "ASC"
        rows = database.rows(
            f"""SELECT s.duration_ns, lower(hex(s.trace_id)), lower(hex(s.span_id)),
                coalesce(s.db_statement, s.name), s.service, c.vu, c.elapsed_ns, s.db_statement
            FROM {_SOURCE} WHERE {sql} ORDER BY s.duration_ns {order}, s.start_ns LIMIT {count * 8}""",
            parameters,
        )
        seen: dict[str, Sighting] = {}
        for value, trace, span, what, service, vu, elapsed, statement in rows:
            sighting = Sighting(
                value=value,
                trace_id=trace,
                span_id=span,
                what=what,
                service=service,
                vu=vu,
                elapsed_ns=elapsed,
                statement=statement,
            )
            seen.setdefault(trace, sighting)
        return list(seen.values())[:count]

    def traces_beyond(limit: float, over: bool) -> int:
        sign = ">" if over else "<"
        query = f"SELECT count(DISTINCT s.trace_id) FROM {_SOURCE} WHERE {sql} AND s.duration_ns {sign} ?"
        return int(database.value(query, [*parameters, limit]))

    def shared_statement(limit: float) -> tuple[str, int] | None:
        rows = database.rows(
            f"""SELECT coalesce(s.db_statement, s.name) AS what, count(*) AS n FROM {_SOURCE}
            WHERE {sql} AND s.duration_ns > ? GROUP BY what ORDER BY n DESC, what LIMIT 1""",
            [*parameters, limit],
        )
        return (rows[0][0], rows[0][1]) if rows else None

    return Population(
        noun="span",
        text=selector.named("spans"),
        values=values,
        scope=traces_in_scope(database, selector),
        seconds=seconds_of(database, selector),
        missing=missing_traces(database, selector),
        per_trace=max(1, int(counts.max()) if len(counts) else 1),
        within=selector.scope,
        none_is_a_finding=_narrowed_by_state(database, selector),
        worst=worst,
        traces_beyond=traces_beyond,
        why_empty=lambda: why_nothing(
            database, _SOURCE, "span", selector.conditions, (*selector.scope, SYSTEM_SPAN), selector.root
        ),
        shared_statement=shared_statement,
    )


def _narrowed_by_state(database: Database, selector: Selector) -> bool:
    """Whether something is left once conditions on how things went are taken away."""
    if not any(condition.state for condition in selector.conditions):
        return False
    identity = tuple(condition for condition in selector.conditions if not condition.state)
    sql, parameters = where((*selector.scope, SYSTEM_SPAN, *identity))
    return bool(
        database.value(f"SELECT count(*) > 0 FROM (SELECT 1 FROM {_SOURCE} WHERE {sql} LIMIT 1)", parameters)
    )
