"""Spans and traces by what only the whole trace tells of them: the critical path, depth, concurrency."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal, final

import numpy as np

from k6spec.query.database import Database
from k6spec.query.forest import Bools, Forest, Ints, Numbers, forests
from k6spec.query.near import why_nothing
from k6spec.query.population import Floats, Population, Sighting
from k6spec.query.scope import (
    in_traces,
    lost_traces,
    missing_traces,
    seconds_of,
    trace_columns,
    traces_in_scope,
)
from k6spec.query.selector import SYSTEM_SPAN, Selector
from k6spec.query.spans import in_scope, none_is_a_finding, undecidable, why_dropped_matter
from k6spec.query.success import says_how_it_went, succeeded_of
from k6spec.query.traces import decided, instrumented
from k6spec.query.typos import none_named

_SHOWN_OF_EACH: Final = 8


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TraceMeasure:
    """What is measured of a trace: of some rows of a forest a value each, to be added up or of which the largest
    counts.

    ``waits``: it is a time that the client waited, so a missing trace has no more of it than that, and what was
    received of one says nothing; else it is a number, of which a missing trace has at least what was received.
    ``share``: of the time that the trace's requests took.
    """

    of: Callable[[Forest], tuple[Bools | Ints, Ints]]
    combined: Literal["sum", "max"]
    waits: bool = False
    share: bool = False


def read_measured_spans(
    database: Database, selector: Selector, measure: Callable[[Forest], Ints], unless: str = ""
) -> Population:
    """Spans of the system under test by a time in nanoseconds that other spans of their trace could change.

    So members of incomplete traces are not seen but missing. One whose measure is below 0 is none.

    Args:
        unless: why there may be no member, though the selector finds spans.
    """
    inside = (in_scope(selector), SYSTEM_SPAN)
    known = trace_columns(database)
    any_member = 0
    traces, nodes, values = [], [], []
    for forest in forests(database, in_traces(database, selector), (SYSTEM_SPAN, *selector.conditions)):
        any_member += int(np.count_nonzero(forest.member))
        measured = measure(forest)
        members = np.flatnonzero(forest.member & (measured >= 0))
        traces.append(forest.trace[members])
        nodes.append(forest.node[members])
        values.append(measured[members].astype(np.float64))
    trace = np.concatenate(traces)
    unclear = undecidable(database, selector, inside)
    if database.spans_dropped:
        unclear = unclear or why_dropped_matter(database.spans_dropped)
    seen = known.complete[trace] if not unclear else np.zeros(len(trace), bool)
    found = _Found(
        database=database, trace=trace[seen], node=np.concatenate(nodes)[seen], value=np.concatenate(values)[seen]
    )

    def why_empty() -> str:
        if unclear or (unless and len(trace) < any_member):
            return unclear or unless
        return why_nothing(database, "spans s", "span", selector.conditions, selector.scope, inside)

    return Population(
        noun="span",
        text=selector.named("spans"),
        values=found.value,
        succeeded=succeeded_of(database, found.trace),
        may_all_fail=says_how_it_went(selector),
        starts=known.began[found.trace],
        doubtful=True,
        scope=traces_in_scope(database, selector),
        seconds=seconds_of(database, selector),
        missing=missing_traces(database, selector),
        per_trace=int(np.bincount(trace).max(initial=1)),
        within=selector.scope,
        window=selector.window.conditions,
        none_is_a_finding=not unclear and none_is_a_finding(database, selector.conditions, inside),
        worst=found.worst,
        traces_beyond=found.traces_beyond,
        why_empty=why_empty,
    )


def read_measured_traces(database: Database, selector: Selector, measure: TraceMeasure) -> Population:
    """Traces by what is measured of them; the selector's conditions say of which spans."""
    known = trace_columns(database)
    chosen = instrumented(database, selector)
    numbers = np.zeros(len(known))
    combine = np.add if measure.combined == "sum" else np.maximum
    traces, nodes, values = [], [], []
    for forest in forests(database, chosen, (SYSTEM_SPAN, *selector.conditions)):
        rows, marks = measure.of(forest)
        traces.append(forest.trace[rows])
        nodes.append(forest.node[rows])
        values.append(marks.astype(np.float64))
        combine.at(numbers, traces[-1], values[-1])
    most = known.client_ns
    if measure.share:
        numbers, most = numbers / np.maximum(most, 1), np.ones(len(most))
    complete = known.complete & decided(database, selector.conditions)
    typo = none_named(database, selector.conditions, (SYSTEM_SPAN,)) if selector.conditions else ""
    kept, lost = np.flatnonzero(chosen & complete & (not typo)), np.flatnonzero(chosen & ~complete)
    missing = lost_traces(
        database,
        selector,
        lost,
        seen=np.zeros(len(lost)) if measure.waits else numbers[lost],
        most=most[lost] if measure.waits else None,
        untraced_most=1.0 if measure.share else None,
    )
    found = _Found(database=database, trace=kept, node=None, value=numbers[kept])
    parts = _Found(
        database=database,
        trace=np.concatenate(traces),
        node=np.concatenate(nodes),
        value=np.concatenate(values),
    )

    def why_empty() -> str:
        return typo or why_nothing(database, "traces c", "trace", selector.root, selector.scope)

    return Population(
        noun="trace",
        text=", ".join((selector.text or "traces", *selector.window.words)),
        values=found.value,
        succeeded=succeeded_of(database, kept),
        may_all_fail=says_how_it_went(selector),
        starts=known.began[kept],
        scope=int(np.count_nonzero(chosen & complete)) + missing.traces,
        seconds=seconds_of(database, selector),
        missing=missing,
        shares=measure.share,
        within=selector.scope,
        window=selector.window.conditions,
        worst=lambda count, largest: parts.at_their_most(found, count, largest),
        traces_beyond=found.traces_beyond,
        why_empty=why_empty,
    )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Values of spans, or of traces (``node`` is None), with the numbers of their traces."""

    database: Database
    trace: Ints | Numbers
    node: Numbers | None
    value: Floats

    def worst(self, count: int, largest: bool) -> list[Sighting]:
        """The outermost, one of each trace."""
        ranked = -self.value if largest else self.value
        most = min(len(ranked), count * _SHOWN_OF_EACH)
        rows = np.argpartition(ranked, most - 1)[:most] if most else np.empty(0, np.int64)
        rows = rows[np.lexsort((self.trace[rows], ranked[rows]))]
        first = np.unique(self.trace[rows], return_index=True)[1]
        return list(self._sightings(rows[np.sort(first)][:count]).values())

    def traces_beyond(self, limit: float, over: bool) -> int:
        """How many traces have one over (under) the limit."""
        return len(np.unique(self.trace[self.value > limit if over else self.value < limit]))

    def at_their_most(self, traces: _Found, count: int, largest: bool) -> list[Sighting]:
        """The outermost traces, each shown at that of these spans which has most of it."""
        shown = traces.worst(count, largest)
        ids = [sighting.trace_id for sighting in shown]
        query = "SELECT trace_no FROM traces WHERE list_contains(?::VARCHAR[], lower(hex(trace_id)))"
        numbers = [number for (number,) in self.database.rows(query, [ids])]
        rows = np.flatnonzero(np.isin(self.trace, numbers))
        rows = rows[np.argsort(-self.value[rows], kind="stable")]
        first = np.unique(self.trace[rows], return_index=True)[1]
        spans = {sighting.trace_id: sighting for sighting in self._sightings(rows[first]).values()}
        return [replace(spans.get(one.trace_id, one), value=one.value) for one in shown]

    def _sightings(self, rows: Ints) -> dict[int, Sighting]:
        """In the order of the rows, by their places."""
        what = "c.span_id, c.operation, NULL, NULL"
        if self.node is not None:
            what = "s.span_id, coalesce(s.db_statement, s.name), s.service, s.db_statement"
        told = self.database.rows(
            f"""SELECT w.place, lower(hex(c.trace_id)), c.vu, c.elapsed_ns, {what}
            FROM (SELECT unnest(?::INTEGER[]) AS trace_no, unnest(?::INTEGER[]) AS node,
                  unnest(?::INTEGER[]) AS place) w JOIN traces c ON c.trace_no = w.trace_no
            {"" if self.node is None else "JOIN spans s ON s.node = w.node"} ORDER BY w.place""",
            [
                self.trace[rows].tolist(),
                [-1] * len(rows) if self.node is None else self.node[rows].tolist(),
                list(range(len(rows))),
            ],
        )
        return {
            place: Sighting(
                value=float(self.value[rows[place]]),
                trace_id=trace,
                span_id=span_id.hex(),
                what=named,
                service=service,
                vu=vu,
                elapsed_ns=elapsed,
                statement=statement,
            )
            for place, trace, vu, elapsed, span_id, named, service, statement in told
        }
