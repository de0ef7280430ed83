"""Spans of the system under test: by duration, by self time, by their share of the trace."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Literal, final

import numpy as np
from numpy.typing import NDArray

from k6spec.query.database import Database
from k6spec.query.logic import Conditions, anchors, certain, doubts, identity
from k6spec.query.misspelt import any_misspelt
from k6spec.query.near import why_nothing
from k6spec.query.population import Floats, Population, Sighting
from k6spec.query.scope import in_traces, missing_traces, seconds_of, trace_columns, traces_in_scope
from k6spec.query.selector import SYSTEM_SPAN, Selector
from k6spec.query.selectors import Condition, equals, where
from k6spec.query.success import says_how_it_went, succeeded_of

# The same statement seen twice, by an ORM's instrumentation and by its driver's, is one call.
_NOT_NESTED: Final = Condition(sql="NOT s.repeats_parent")
_QUERY: Final = Condition(sql="(s.db_statement IS NOT NULL OR s.db_operation IS NOT NULL)")
_COMPLETE: Final = Condition(sql="c.complete")
_A_TRACE: Final = 8
_ASKED_AGAIN: Final = 2_000
"""Of the worst traces, so many are read where fewer are asked for."""
SPANS: Final = "spans s"
_IN_TRACES: Final = f"{SPANS} JOIN traces c ON c.trace_no = s.trace_no"

Measure = Literal["duration", "self", "critical", "critical_self", "share"]
"""All are in nanoseconds but ``share``, which is of the time that the trace's requests took."""


def db_conditions(*, queries: bool) -> Conditions:
    """Database spans, nested duplicates once; ``queries``: only those that carry a statement or operation."""
    category = equals("s.category", "db")
    return (category, _NOT_NESTED, _QUERY) if queries else (category, _NOT_NESTED)


def in_scope(selector: Selector) -> Condition:
    """A span of a trace that a request in the claim's part of the load began."""
    sql, parameters = where(selector.scope)
    return Condition(sql=f"s.trace_no IN (SELECT trace_no FROM traces WHERE {sql})", parameters=tuple(parameters))


def read_spans(database: Database, selector: Selector, measure: Measure = "duration") -> Population:
    """Spans of the system under test by what is measured of them.

    Where a span that was not received could take a member away (``not under``), or make its value smaller (self
    time), members of incomplete traces are not seen but missing.
    """
    inside = (in_scope(selector), SYSTEM_SPAN)
    members = (*inside, *selector.conditions)
    whole = certain(selector.conditions) and measure in {"duration", "share"}
    table = _rows(measure, members if whole else (*members, _COMPLETE))
    unclear = undecidable(database, selector, inside)
    if not whole and database.spans_dropped:
        unclear = unclear or why_dropped_matter(database.spans_dropped)
    seen = _seen(database, selector, measure, whole=whole)
    values, starts = (np.empty(0), np.empty(0)) if unclear else (seen.values, seen.starts)

    def worst(count: int, largest: bool) -> list[Sighting]:
        read = max(count, _ASKED_AGAIN) * _A_TRACE
        query = (
            f"""SELECT value, lower(hex(trace_id)), lower(hex(span_id)), coalesce(db_statement, name), service, vu,
                elapsed_ns, db_statement FROM ({table.sql}) WHERE value {">=" if largest else "<="} ?
            ORDER BY value {"DESC" if largest else "ASC"}, start_ns LIMIT {read}""",
            [*table.parameters, _outermost(seen.values, read, largest)],
        )
        # A failing claim's message asks for the worst few, then for all that are explained: they are read once.
        rows = database.latest("worst spans", query, lambda: database.rows(*query))[: count * _A_TRACE]
        found: dict[str, Sighting] = {}
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
            found.setdefault(trace, sighting)
        return list(found.values())[:count]

    def traces_beyond(limit: float, over: bool) -> int:
        beyond = seen.values > limit if over else seen.values < limit
        return int(np.count_nonzero(np.bincount(seen.traces[beyond])))

    def shared_statement(limit: float) -> tuple[str, int] | None:
        rows = database.rows(
            f"""SELECT coalesce(s.db_statement, s.name) AS what, count(*) AS n FROM {table.source}
            WHERE {table.where} AND {table.value} > ? GROUP BY what ORDER BY n DESC, what LIMIT 1""",
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
        succeeded=None if unclear else succeeded_of(database, seen.traces),
        may_all_fail=says_how_it_went(selector),
        starts=starts,
        doubtful=not whole,
        shares=measure == "share",
        scope=traces_in_scope(database, selector),
        seconds=seconds_of(database, selector),
        missing=missing,
        per_trace=max(1, seen.most),
        within=selector.scope,
        window=selector.window.conditions,
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
    """SQL for the numbers of traces where an order would have to be read from the clocks of two hosts."""
    doubt = doubts(conditions)
    if doubt is None:
        return None
    sql = f"SELECT DISTINCT s.trace_no FROM spans s WHERE {traces} AND {doubt.sql}"
    return sql, list(doubt.parameters)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The values that were observed, their traces, when these began, and how many of them one has at most."""

    values: Floats
    traces: NDArray[np.int32]
    starts: Floats
    most: int


def _seen(database: Database, selector: Selector, measure: Measure, *, whole: bool) -> _Seen:
    """What is asked of the spans is asked in SQL; what is asked of their traces is looked up by number."""
    traces = trace_columns(database)
    sql, parameters = where((SYSTEM_SPAN, *selector.conditions))
    column = "duration_ns" if measure == "share" else f"{measure}_ns"
    query = f"""SELECT s.{column} AS value, s.trace_no FROM spans s
        WHERE {sql} AND s.{column} IS NOT NULL AND s.trace_no < ?"""
    parameters.append(len(traces))

    def read() -> tuple[NDArray[Any], NDArray[Any]]:
        found = database.table(query, parameters)
        return found["value"].to_numpy(), found["trace_no"].to_numpy()

    # Several claims on the same spans, such as their p95 and their maximum, mostly follow one another.
    values, trace = database.latest("spans seen", (query, parameters), read)
    kept = in_traces(database, selector)
    if measure == "share":
        kept = kept & (traces.client_ns > 0)
    most = int(np.bincount(trace)[kept[: 1 + trace.max()]].max(initial=0)) if len(trace) else 0
    if not whole:
        kept = kept & traces.complete
    if not kept.all():
        chosen = kept[trace]
        values, trace = values[chosen], trace[chosen]
    values = values.astype(np.float64)
    if measure == "share":
        values /= traces.client_ns[trace]
    return _Seen(values=values, traces=trace, starts=traces.began[trace], most=most)


@final
@dataclass(frozen=True, slots=True)
class _Rows:
    """A row a member, in SQL; ``sql`` is all of it: ``value``, and what messages need of span and trace."""

    value: str
    source: str
    where: str
    parameters: list[object]

    @property
    def sql(self) -> str:
        return f"""SELECT {self.value} AS value, s.trace_id, s.trace_no, s.span_id, s.name, s.service,
            s.db_statement, s.start_ns, c.vu, c.elapsed_ns
        FROM {_IN_TRACES} WHERE {self.where} AND {self.value} IS NOT NULL"""


def _rows(measure: Measure, members: Conditions) -> _Rows:
    share = measure == "share"
    sql, parameters = where(members)
    return _Rows(
        value="s.duration_ns / nullif(c.client_ns, 0)" if share else f"s.{measure}_ns",
        source=_IN_TRACES if share or _COMPLETE in members else SPANS,
        where=sql,
        parameters=parameters,
    )


def _outermost(values: Floats, count: int, largest: bool) -> float:
    """The value that so many are at or beyond; all are, if there are fewer."""
    if not len(values):
        return 0.0
    place = max(0, len(values) - count) if largest else min(count, len(values)) - 1
    return float(np.partition(values, place)[place])


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
