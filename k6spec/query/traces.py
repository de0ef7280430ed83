"""Traces: how many calls each holds, and how often it repeats one."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from k6spec.query.database import Database
from k6spec.query.logic import Conditions
from k6spec.query.near import why_nothing
from k6spec.query.population import Floats, Population, Sighting
from k6spec.query.scope import in_traces, lost_traces, seconds_of, trace_columns, uninstrumented
from k6spec.query.selector import SYSTEM_SPAN, Selector
from k6spec.query.selectors import where
from k6spec.query.spans import misspelt_root, undecided
from k6spec.query.typos import none_named

_ROOM: Final = 4
"""Calls are counted in a table of traces and calls if that has at most so many places for each of them."""


def read_calls(database: Database, selector: Selector, *, repeated: bool) -> Population:
    """Spans a trace; with ``repeated`` only each trace's most frequent call of one service and statement.

    Where no span of the whole run is such a one, the claim says nothing: a name is more likely misspelt.
    """
    traces = trace_columns(database)
    numbers = _numbers(database, selector.conditions, repeated=repeated)
    chosen = instrumented(database, selector)
    complete = traces.complete & decided(database, selector.conditions)
    known, lost = np.flatnonzero(chosen & complete), np.flatnonzero(chosen & ~complete)
    missing = lost_traces(database, selector, lost, seen=numbers[lost])
    scope = len(known) + missing.traces
    typo = none_named(database, selector.conditions, (SYSTEM_SPAN,)) if selector.conditions else ""
    if typo:
        known = known[:0]
    values = numbers[known]

    def worst(count: int, largest: bool) -> list[Sighting]:
        order = np.lexsort((-traces.client_ns[known], -values if largest else values))[:count]
        return _sightings(database, selector.conditions, known[order].tolist(), repeated=repeated)

    return Population(
        noun="trace",
        text=", ".join((selector.text or "traces", *selector.window.words)),
        values=values,
        starts=traces.began[known],
        scope=scope,
        seconds=seconds_of(database, selector),
        missing=missing,
        within=selector.scope,
        window=selector.window.conditions,
        counted=(SYSTEM_SPAN, *selector.conditions),
        worst=worst,
        traces_beyond=lambda limit, over: int(np.count_nonzero(values > limit if over else values < limit)),
        why_empty=lambda: typo or why_nothing(database, "traces c", "trace", selector.root, selector.scope),
        misspelt=lambda: misspelt_root(database, selector),
    )


def instrumented(database: Database, selector: Selector) -> NDArray[np.bool_]:
    """Of each trace whether it is in the scope, and of an operation that gives traces."""

    def read() -> NDArray[np.bool_]:
        unseen = uninstrumented(database, selector)
        if not unseen:
            return in_traces(database, selector)
        query = "SELECT NOT list_contains(?, operation) AS gives FROM traces ORDER BY trace_no"
        gives = database.table(query, [list(unseen)])["gives"].to_numpy().astype(np.bool_)
        return in_traces(database, selector) & gives

    return database.once(("instrumented", selector.scope), read)


def count_spans(database: Database, conditions: Conditions) -> NDArray[np.int64]:
    """How many spans that meet the conditions each trace has."""
    traces = len(trace_columns(database))
    sql, parameters = where((SYSTEM_SPAN, *conditions))
    found = database.table(f"SELECT s.trace_no FROM spans s WHERE {sql} AND s.trace_no < ?", [*parameters, traces])
    return np.bincount(found["trace_no"].to_numpy(), minlength=traces)


def decided(database: Database, conditions: Conditions) -> NDArray[np.bool_]:
    """Of each trace whether it needs no order that only the clocks of two hosts could tell."""
    clear = np.ones(len(trace_columns(database)), np.bool_)
    query = undecided(SYSTEM_SPAN.sql, conditions)
    if query is not None:
        open_ones = database.table(*query)["trace_no"].to_numpy()
        clear[open_ones[open_ones < len(clear)]] = False
    return clear


def _numbers(database: Database, conditions: Conditions, *, repeated: bool) -> Floats:
    if not repeated:
        return count_spans(database, conditions).astype(np.float64)
    traces = len(trace_columns(database))
    sql, parameters = where((SYSTEM_SPAN, *conditions))
    found = database.table(
        f"SELECT s.trace_no::BIGINT AS trace_no, s.call FROM spans s WHERE {sql} AND s.trace_no < ?",
        [*parameters, traces],
    )
    trace, call = found["trace_no"].to_numpy(), found["call"].to_numpy()
    calls = 1 + int(call.max(initial=0))
    keys = trace * calls + call
    numbers = np.zeros(traces)
    if traces * calls <= _ROOM * len(keys):
        table = np.bincount(keys, minlength=traces * calls).reshape(traces, calls)
        numbers[:] = table.max(axis=1)
        return numbers
    different, times = np.unique(keys, return_counts=True)
    np.maximum.at(numbers, different // calls, times)
    return numbers


def _sightings(database: Database, conditions: Conditions, traces: list[int], *, repeated: bool) -> list[Sighting]:
    """Some traces, each with its most frequent call, in the given order."""
    inner, parameters = where((SYSTEM_SPAN, *conditions))
    key = ", s.call" if repeated else ""
    rows = database.rows(
        f"""WITH calls AS (
            SELECT trace_no, max(n) AS n, arg_max(what, n) AS what, arg_max(service, n) AS service,
                   arg_max(span_id, n) AS span_id FROM (
                SELECT s.trace_no, count(*) AS n, any_value(coalesce(s.db_statement, s.name)) AS what,
                       any_value(s.service) AS service, arg_max(s.span_id, s.duration_ns) AS span_id
                FROM spans s WHERE {inner} AND list_contains(?, s.trace_no) GROUP BY s.trace_no{key})
            GROUP BY trace_no)
        SELECT coalesce(k.n, 0), lower(hex(c.trace_id)), lower(hex(k.span_id)), coalesce(k.what, c.operation),
               k.service, c.vu, c.elapsed_ns, c.trace_no
        FROM traces c LEFT JOIN calls k USING (trace_no) WHERE list_contains(?, c.trace_no)""",
        [*parameters, traces, traces],
    )
    place = {number: place for place, number in enumerate(traces)}
    return [
        Sighting(value=n, trace_id=t, span_id=s, what=w, service=service, vu=vu, elapsed_ns=e, statement=w)
        for n, t, s, w, service, vu, e, _number in sorted(rows, key=lambda row: place[row[-1]])
    ]
