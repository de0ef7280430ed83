"""Why nothing matched, with the nearest names that exist."""

from __future__ import annotations

import difflib
from typing import Final

from k6spec.query.database import Database
from k6spec.query.selectors import Condition, where

_WORDS: Final = {
    "s.service": "service",
    "s.name": "name",
    "s.kind": "kind",
    "s.category": "category",
    "s.status": "status",
    "s.scope_name": "scope",
    "s.db_operation": "operation",
    "s.db_statement": "statement",
    "operation": "name",
    "name": "name",
    "method": "method",
    "scenario": "scenario",
    "stage": "stage",
    "planned_vus": "planned VUs",
    "planned_rate": "planned rate",
}
_SHOWN: Final = 8
_CHECKS: Final = """\
    1. the system runs with OpenTelemetry: opentelemetry-instrument, an agent or an SDK
    2. it exports to k6spec: OTEL_TRACES_EXPORTER=otlp, OTEL_EXPORTER_OTLP_ENDPOINT and
       OTEL_EXPORTER_OTLP_PROTOCOL as the line "stack" at the start of the load says
    3. it takes the caller's context: OTEL_PROPAGATORS contains tracecontext, no proxy strips traceparent
    4. its sampler keeps it: OTEL_TRACES_SAMPLER is parentbased_always_on or always_on
    5. it exports in time: OTEL_BSP_SCHEDULE_DELAY is shorter than --k6spec-settle"""


def why_nothing(
    database: Database,
    source: str,
    noun: str,
    conditions: tuple[Condition, ...],
    scope: tuple[Condition, ...],
    root: tuple[Condition, ...] = (),
) -> str:
    """One sentence: which condition nothing meets, and what there is instead."""
    if not _any(database, "requests", ()):
        return "k6 made no request"
    if noun != "request" and not database.value("SELECT coalesce(bool_or(received), false) FROM traces"):
        return _uninstrumented(database)
    for condition in (*scope, *root):
        if condition.column and not _any(database, source, (condition,)):
            return _sentence(database, source, noun, condition, ())
    if not _any(database, source, scope):
        return f"no {noun} began in this part of the load"
    for condition in conditions:
        if condition.column and not _any(database, source, (*scope, condition)):
            return _sentence(database, source, noun, condition, scope)
    return f"no {noun} meets all of these conditions together"


def _uninstrumented(database: Database) -> str:
    sent = database.value("SELECT count(*) FROM requests WHERE sampled")
    return f"not one span came back for {sent:,} sampled requests. Check, in this order:\n{_CHECKS}"


def _any(database: Database, source: str, conditions: tuple[Condition, ...]) -> bool:
    sql, parameters = where(conditions)
    return bool(
        database.value(f"SELECT count(*) > 0 FROM (SELECT 1 FROM {source} WHERE {sql} LIMIT 1)", parameters)
    )


def _sentence(
    database: Database, source: str, noun: str, condition: Condition, within: tuple[Condition, ...]
) -> str:
    column = condition.column or ""
    what = _WORDS.get(column) or column.partition(".")[2].replace("['", " ").rstrip("']")
    wanted = repr(condition.value) if condition.value is not None else "in the window"
    there = _existing(database, source, column, within)
    if not there:
        return f"no {noun} has a {what} at all"
    if condition.value is not None:
        close = difflib.get_close_matches(condition.value, there, n=_SHOWN, cutoff=0.4)
        there = close + [name for name in there if name not in close]
    names = ", ".join(repr(name) if condition.value is not None else name for name in there[:_SHOWN])
    more = f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else ""
    return f"no {noun} has {what} {wanted}; there {'is' if len(there) == 1 else 'are'} {names}{more}"


def _existing(database: Database, source: str, column: str, within: tuple[Condition, ...]) -> list[str]:
    sql, parameters = where(within)
    rows = database.rows(
        f"SELECT ({column})::VARCHAR AS v, count(*) AS n FROM {source} WHERE ({column}) IS NOT NULL AND {sql} "
        "GROUP BY v ORDER BY n DESC, v LIMIT 100",
        parameters,
    )
    return [value for value, _count in rows]
