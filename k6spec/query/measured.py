"""Spans and traces by what only the whole trace tells of them: the critical path, depth, concurrency."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal, final

import numpy as np

from k6spec.query.database import Database
from k6spec.query.forest import Bools, Forest, Ints, forests
from k6spec.query.near import why_nothing
from k6spec.query.population import Floats, Missing, Population, Sighting
from k6spec.query.scope import missing_traces, seconds_of, traces_in_scope, uninstrumented
from k6spec.query.selector import SYSTEM_SPAN, Selector
from k6spec.query.selectors import where
from k6spec.query.spans import in_scope, none_is_a_finding, undecidable, undecided, why_dropped_matter
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


def read_measured_spans(database: Database, selector: Selector, measure: Callable[[Forest], Ints]) -> Population:
    """Spans of the system under test by a time in nanoseconds that other spans of their trace could change.

    So members of incomplete traces are not seen but missing.
    """
    inside = (in_scope(selector), SYSTEM_SPAN)
    sql, parameters = where(selector.scope)
    began = database.table(
        f"SELECT request_id, start_ns, complete FROM traces WHERE {sql} ORDER BY request_id", parameters
    )
    requests, starts = (began[name].to_numpy() for name in ("request_id", "start_ns"))
    complete = began["complete"].to_numpy().astype(bool)
    traces, spans, values = [], [], []
    for forest in forests(database, selector.scope, (SYSTEM_SPAN, *selector.conditions)):
        members = np.flatnonzero(forest.member)
        traces.append(np.searchsorted(requests, forest.trace[members]))
        spans.append(forest.span[members])
        values.append(measure(forest)[members].astype(np.float64))
    place = np.concatenate(traces) if traces else np.empty(0, np.int64)
    per_trace = int(np.bincount(place).max(initial=1))
    unclear = undecidable(database, selector, inside)
    if database.spans_dropped:
        unclear = unclear or why_dropped_matter(database.spans_dropped)
    seen = complete[place] if not unclear else np.zeros(len(place), bool)
    place = place[seen]
    found = _Found(
        database=database,
        trace=requests[place],
        span=np.concatenate(spans)[seen] if spans else np.empty(0, np.uint64),
        value=np.concatenate(values)[seen] if values else np.empty(0),
    )

    def why_empty() -> str:
        if unclear:
            return unclear
        return why_nothing(database, "spans s", "span", selector.conditions, selector.scope, inside)

    return Population(
        noun="span",
        text=selector.named("spans"),
        values=found.value,
        starts=starts[place].astype(np.float64),
        doubtful=True,
        scope=traces_in_scope(database, selector),
        seconds=seconds_of(database, selector),
        missing=missing_traces(database, selector),
        per_trace=per_trace,
        within=selector.scope,
        none_is_a_finding=not unclear and none_is_a_finding(database, selector.conditions, inside),
        worst=found.worst,
        traces_beyond=found.traces_beyond,
        why_empty=why_empty,
    )


def read_measured_traces(database: Database, selector: Selector, measure: TraceMeasure) -> Population:
    """Traces by what is measured of them; the selector's conditions say of which spans."""
    inside = (in_scope(selector), SYSTEM_SPAN)
    unseen = uninstrumented(database, selector)
    sql, parameters = where(selector.scope)
    known, known_parameters = "true", list[object]()
    if (order := undecided(SYSTEM_SPAN.sql, selector.conditions)) is not None:
        known, known_parameters = f"trace_no NOT IN ({order[0]})", order[1]
    table = database.table(
        f"""SELECT request_id, start_ns, client_ns, complete AND {known} AS complete FROM traces
        WHERE {sql} AND NOT list_contains(?, operation) ORDER BY request_id""",
        [*known_parameters, *parameters, list(unseen)],
    )
    requests = table["request_id"].to_numpy()
    starts, waited = (table[name].to_numpy().astype(np.float64) for name in ("start_ns", "client_ns"))
    complete = table["complete"].to_numpy().astype(bool)
    numbers = np.zeros(len(requests))
    combine = np.add if measure.combined == "sum" else np.maximum
    traces, spans, values = [], [], []
    for forest in forests(database, selector.scope, (SYSTEM_SPAN, *selector.conditions)):
        rows, marks = measure.of(forest)
        place = np.searchsorted(requests, forest.trace[rows])
        mine = requests[np.minimum(place, len(requests) - 1)] == forest.trace[rows]
        combine.at(numbers, place[mine], marks[mine])
        traces.append(forest.trace[rows][mine])
        spans.append(forest.span[rows][mine])
        values.append(marks[mine].astype(np.float64))
    most = waited
    if measure.share:
        numbers, most = numbers / np.maximum(waited, 1), np.ones(len(waited))
    typo = none_named(database, selector.conditions, inside) if selector.conditions else ""
    kept = complete if not typo else np.zeros(len(complete), bool)
    found = _Found(database=database, trace=requests[kept], span=None, value=numbers[kept])
    parts = _Found(
        database=database,
        trace=np.concatenate(traces) if traces else np.empty(0, np.int64),
        span=np.concatenate(spans) if spans else np.empty(0, np.uint64),
        value=np.concatenate(values) if values else np.empty(0),
    )

    def why_empty() -> str:
        return typo or why_nothing(database, "traces c", "trace", selector.root, selector.scope)

    return Population(
        noun="trace",
        text=", ".join((selector.text or "traces", *selector.window.words)),
        values=found.value,
        starts=starts[kept],
        scope=len(numbers),
        seconds=seconds_of(database, selector),
        missing=Missing(
            client_ns=waited[~complete],
            seen=np.zeros(np.count_nonzero(~complete)) if measure.waits else numbers[~complete],
            most=most[~complete] if measure.waits else None,
            starts=starts[~complete],
            uninstrumented=unseen,
        ),
        within=selector.scope,
        worst=lambda count, largest: parts.shown_in(found.worst(count, largest)),
        traces_beyond=found.traces_beyond,
        why_empty=why_empty,
    )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Values of spans, or of traces (``span`` is None), with the requests that began their traces."""

    database: Database
    trace: Ints
    span: np.ndarray[tuple[int], np.dtype[np.uint64]] | None
    value: Floats

    def worst(self, count: int, largest: bool) -> list[Sighting]:
        """The outermost, one of each trace."""
        ranked = -self.value if largest else self.value
        most = min(len(ranked), count * _SHOWN_OF_EACH)
        rows = np.argpartition(ranked, most - 1)[:most] if most else np.empty(0, np.int64)
        rows = rows[np.lexsort((self.trace[rows], ranked[rows]))]
        _traces, first = np.unique(self.trace[rows], return_index=True)
        return self._sightings(rows[np.sort(first)][:count])

    def traces_beyond(self, limit: float, over: bool) -> int:
        """How many traces have one over (under) the limit."""
        return len(np.unique(self.trace[self.value > limit if over else self.value < limit]))

    def shown_in(self, traces: list[Sighting]) -> list[Sighting]:
        """The traces, each shown at the span that has most of it."""
        requests = self.database.rows(
            """SELECT lower(hex(trace_id)), request_id FROM traces
            JOIN (SELECT unhex(unnest(?::VARCHAR[])) AS trace_id) USING (trace_id)""",
            [[sighting.trace_id for sighting in traces]],
        )
        rows = np.flatnonzero(np.isin(self.trace, [request for _trace, request in requests]))
        rows = rows[np.argsort(-self.value[rows], kind="stable")]
        _traces, first = np.unique(self.trace[rows], return_index=True)
        longest = {sighting.trace_id: sighting for sighting in self._sightings(rows[first])}
        return [replace(longest.get(sighting.trace_id, sighting), value=sighting.value) for sighting in traces]

    def _sightings(self, rows: Ints) -> list[Sighting]:
        """In the order of the rows."""
        own = "JOIN spans s ON s.trace_id = c.trace_id AND s.span_id = unhex(w.span_id)"
        span = None if self.span is None else [f"{number:016x}" for number in self.span[rows].tolist()]
        told = self.database.rows(
            f"""SELECT w.place, lower(hex(c.trace_id)), lower(hex({"c" if span is None else "s"}.span_id)),
                {"c.operation, NULL" if span is None else "coalesce(s.db_statement, s.name), s.service"},
                c.vu, c.elapsed_ns, {"NULL" if span is None else "s.db_statement"}
            FROM (SELECT unnest(?::BIGINT[]) AS request_id, unnest(?::VARCHAR[]) AS span_id,
                  unnest(?::BIGINT[]) AS place) w JOIN traces c ON c.request_id = w.request_id
            {"" if span is None else own}""",
            [self.trace[rows].tolist(), span or [""] * len(rows), list(range(len(rows)))],
        )
        found = {
            place: Sighting(
                value=float(self.value[rows[place]]),
                trace_id=trace,
                span_id=span_id,
                what=what,
                service=service,
                vu=vu,
                elapsed_ns=elapsed,
                statement=statement,
            )
            for place, trace, span_id, what, service, vu, elapsed, statement in told
        }
        return [found[place] for place in sorted(found)]
