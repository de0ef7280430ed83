"""Statistics of a long run's requests and traces, without their values in memory: DuckDB sorts, and spills."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import floor
from typing import final

import numpy as np

from k6spec.query.database import Database
from k6spec.query.scope import uninstrumented
from k6spec.query.selector import SYSTEM_SPAN, Selector
from k6spec.query.selectors import where
from k6spec.query.spans import db_conditions
from k6spec.query.typos import none_named


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """Of so many ``requests``; ``failed``: how many of them, None where k6 did not say it of all. ``mean`` and
    ``percentiles`` are nanoseconds.
    """

    requests: int
    failed: int | None
    mean: float
    percentiles: Mapping[float, float]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Queries:
    """Database queries of complete traces."""

    queries: int
    traces: int


def summarise_durations(database: Database, selector: Selector, percentiles: Sequence[float]) -> Durations | None:
    """What numpy makes of :func:`~k6spec.query.requests.read_requests`; None where there are none."""
    sql, parameters = where((*selector.scope, *selector.conditions))
    ((requests, said, failed, total),) = database.rows(
        f"""SELECT count(*), count(failed), count(*) FILTER (WHERE failed), sum(duration_ns)
        FROM requests r WHERE {sql}""",
        parameters,
    )
    if not requests:
        return None
    places = {q: (requests - 1) * (q / 100) for q in percentiles}
    below = {q: floor(place) for q, place in places.items()}
    above = {q: min(rank + 1, requests - 1) for q, rank in below.items()}
    at = _durations_at({*below.values(), *above.values()}, database, sql, parameters)
    return Durations(
        requests=requests,
        failed=failed if said == requests else None,
        mean=total / requests,
        percentiles={
            q: float(np.quantile([at[below[q]], at[above[q]]], place - below[q])) for q, place in places.items()
        },
    )


def summarise_queries(database: Database, selector: Selector) -> Queries | None:
    """How many :func:`~k6spec.query.traces.read_calls` finds in how many traces; None where in none."""
    conditions = db_conditions(queries=True)
    if none_named(database, conditions, (SYSTEM_SPAN,)):
        return None
    scope, parameters = where(selector.scope)
    traces = f"SELECT trace_no FROM traces c WHERE {scope} AND complete AND NOT list_contains(?, operation)"
    inside = [*parameters, list(uninstrumented(database, selector))]
    known = database.value(f"SELECT count(*) FROM ({traces})", inside)
    if not known:
        return None
    members, given = where((SYSTEM_SPAN, *conditions))
    query = f"SELECT count(*) FROM spans s WHERE {members} AND s.trace_no IN ({traces})"
    return Queries(queries=database.value(query, [*given, *inside]), traces=known)


def _durations_at(
    ranks: Collection[int], database: Database, sql: str, parameters: Sequence[object]
) -> dict[int, float]:
    """The durations at these places of their order, counted from 0."""
    found: dict[int, float] = {}
    begin = 0
    query = f"SELECT duration_ns FROM requests r WHERE {sql} ORDER BY duration_ns"
    for batch in database.batches(query, parameters):
        durations = batch["duration_ns"].to_numpy()
        end = begin + len(durations)
        found |= {rank: float(durations[rank - begin]) for rank in ranks if begin <= rank < end}
        begin = end
    return found
