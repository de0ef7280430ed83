"""Spans of the system under test: by duration, by self time, by their share of the trace."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, final

import numpy as np

from k6spec.query.database import Database
from k6spec.query.logic import Conditions, anchors, certain, doubts, identity
from k6spec.query.misspelt import any_misspelt
from k6spec.query.near import why_nothing
from k6spec.query.population import Population, Sighting
from k6spec.query.scope import missing_traces, seconds_of, traces_in_scope
from k6spec.query.selector import SYSTEM_SPAN, Selector
from k6spec.query.selectors import Condition, equals, where
from k6spec.query.self_time import self_times

# The same statement seen twice, by an ORM's instrumentation and by its driver's, is one call.
_NOT_NESTED: Final = Condition(
    sql="""NOT EXISTS (SELECT 1 FROM spans p WHERE p.trace_id = s.trace_id AND p.span_id = s.parent_span_id
    AND p.category = 'db' AND p.db_statement = s.db_statement)"""
)
_QUERY: Final = Condition(sql="(s.db_statement IS NOT NULL OR s.db_operation IS NOT NULL)")
SPANS: Final = "spans s"

Measure = Literal["duration", "self", "share"]
"""``duration`` and ``self`` are in nanoseconds, ``share`` is of the time that the trace's requests took."""


def db_conditions(*, queries: bool) -> Conditions:
    """Database spans, nested duplicates once; ``queries``: only those that carry a statement or operation."""
    category = equals("s.category", "db")
    return (category, _NOT_NESTED, _QUERY) if queries else (category, _NOT_NESTED)


def in_scope(selector: Selector) -> Condition:
    """A span of a trace that a request in the claim's part of the load began."""
    sql, parameters = where(selector.scope)
    return Condition(sql=f"s.trace_id IN (SELECT trace_id FROM traces WHERE {sql})", parameters=tuple(parameters))


def read_spans(database: Database, selector: Selector, measure: Measure = "duration") -> Population:
    """Spans of the system under test by what is measured of them.

    Where a span that was not received could take a member away (``not under``), or make its value smaller (self
    time), members of incomplete traces are not seen but missing.
    """
    inside = (in_scope(selector), SYSTEM_SPAN)
    members = (*inside, *selector.conditions)
    table = _values(measure, members)
    whole = certain(selector.conditions) and measure != "self"
    counted = f"SELECT * FROM ({table.sql}) WHERE complete" if not whole else table.sql
    found = database.table(f"SELECT value, complete, trace_id, began FROM ({table.sql})", table.parameters)
    values, starts = (found[name].to_numpy().astype(np.float64) for name in ("value", "began"))
    if not whole:
        complete = found["complete"].to_numpy().astype(bool)
        values, starts = values[complete], starts[complete]
    counts = found.group_by("trace_id").aggregate([("value", "count")])["value_count"].to_numpy()
    unclear = undecidable(database, selector, inside)
    if not whole and database.spans_dropped:
        unclear = unclear or why_dropped_matter(database.spans_dropped)
    if unclear:
        values, starts = np.empty(0), np.empty(0)

    def worst(count: int, largest: bool) -> list[Sighting]:
        order = "DESC" if largest else "ASC"
        rows = database.rows(
            f"""SELECT value, lower(hex(trace_id)), lower(hex(span_id)), coalesce(db_statement, name), service, vu,
                elapsed_ns, db_statement FROM ({counted}) ORDER BY value {order}, start_ns LIMIT {count * 8}""",
            table.parameters,
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
        query = f"SELECT count(DISTINCT trace_id) FROM ({counted}) WHERE value {sign} ?"
        return int(database.value(query, [*table.parameters, limit]))

    def shared_statement(limit: float) -> tuple[str, int] | None:
        rows = database.rows(
            f"""SELECT coalesce(db_statement, name) AS what, count(*) AS n FROM ({counted})
            WHERE value > ? GROUP BY what ORDER BY n DESC, what LIMIT 1""",
            [*table.parameters, limit],
        )
        return (rows[0][0], rows[0][1]) if rows else None

    def why_empty() -> str:
        if unclear:
            return unclear
        return why_nothing(database, SPANS, "span", selector.conditions, selector.scope, inside)

    missing = missing_traces(database, selector)
    if measure == "share":
        missing = replace(missing, client_ns=np.ones(missing.traces))
    return Population(
        noun="span",
        text=selector.named("spans"),
        values=values,
        starts=starts,
        doubtful=not whole,
        scope=traces_in_scope(database, selector),
        seconds=seconds_of(database, selector),
        missing=missing,
        per_trace=max(1, int(counts.max()) if len(counts) else 1),
        within=selector.scope,
        none_is_a_finding=not unclear and none_is_a_finding(database, selector.conditions, inside),
        worst=worst,
        traces_beyond=traces_beyond,
        why_empty=why_empty,
        shared_statement=shared_statement,
        misspelt=lambda: (
            any_misspelt(database, SPANS, selector.conditions, inside) or misspelt_root(database, selector)
        ),
    )


def misspelt_root(database: Database, selector: Selector) -> bool:
    """Whether the request that is to have begun the traces is likely misspelt."""
    return any_misspelt(database, "traces c", selector.root, ())


def none_is_a_finding(database: Database, conditions: Conditions, inside: Conditions) -> bool:
    """Whether all that is spoken of exists, and only how it went, or stood, was not so."""
    plain = identity(conditions)
    return plain != conditions and all(
        _exists(database, (*inside, *group)) for group in (plain, *anchors(conditions))
    )


def undecided(traces: str, conditions: Conditions) -> tuple[str, list[object]] | None:
    """SQL for the ids of traces where an order would have to be read from the clocks of two hosts."""
    doubt = doubts(conditions)
    if doubt is None:
        return None
    sql = f"SELECT DISTINCT s.trace_id FROM spans s WHERE {traces} AND {doubt.sql}"
    return sql, list(doubt.parameters)


@final
@dataclass(frozen=True, slots=True)
class _Values:
    sql: str
    parameters: list[object]


def _values(measure: Measure, members: Conditions) -> _Values:
    """A row a member: ``value``, the span's and its trace's columns that messages need."""
    sql, parameters = where(members)
    if measure == "self":
        source, value = f"({self_times(sql)}) s", "s.self_ns"
        sql = "true"
    else:
        source = SPANS
        value = "s.duration_ns" if measure == "duration" else "s.duration_ns / nullif(c.client_ns, 0)"
    return _Values(
        f"""SELECT {value} AS value, s.trace_id, s.span_id, s.name, s.service, s.db_statement, s.start_ns,
            c.vu, c.elapsed_ns, c.complete, c.start_ns AS began
        FROM {source} JOIN traces c ON c.trace_id = s.trace_id
        WHERE {sql} AND {value} IS NOT NULL""",
        parameters,
    )


def undecidable(database: Database, selector: Selector, inside: Conditions) -> str:
    """Why it cannot be said which spans these are; empty where it can."""
    sql, parameters = where(inside)
    query = undecided(sql, selector.conditions)
    if query is None:
        return ""
    count = database.value(f"SELECT count(*) FROM ({query[0]})", [*parameters, *query[1]])
    if not count:
        return ""
    return (
        f"in {count:,} traces what should follow ran in another process, and clocks of two hosts say nothing of "
        "order; compare spans of one service, such as the client spans that called both"
    )


def why_dropped_matter(spans: int) -> str:
    return (
        f"{spans:,} spans were dropped, of traces that nobody knows; any of them could take a member of this "
        "claim away: a child that self time leaves out, or the one that must not be there"
    )


def _exists(database: Database, conditions: Conditions) -> bool:
    sql, parameters = where(conditions)
    return bool(
        database.value(f"SELECT count(*) > 0 FROM (SELECT 1 FROM {SPANS} WHERE {sql} LIMIT 1)", parameters)
    )
