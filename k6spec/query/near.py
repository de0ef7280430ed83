"""Why nothing matched, with the nearest names that exist."""

from __future__ import annotations

import difflib
from typing import Final

from k6spec.query.contexts import without_context
from k6spec.query.conventions import spellings
from k6spec.query.database import Database
from k6spec.query.logic import Conditions, anchors, leaves
from k6spec.query.selectors import Condition, where

_WORDS: Final = {
    "s.category": "category",
    "operation": "name",
    "planned_vus": "planned VUs",
    "planned_rate": "planned rate",
}
_PLANNED: Final = frozenset({"planned_vus", "planned_rate"})
_SHOWN: Final = 8
_CHECKS: Final = """\
    1. the system runs with OpenTelemetry: opentelemetry-instrument, an agent or an SDK
    2. {arrives}
    3. it takes the caller's context: OTEL_PROPAGATORS contains tracecontext, no proxy strips traceparent
    4. its sampler keeps it: OTEL_TRACES_SAMPLER is parentbased_always_on or always_on
    5. {in_time}"""
_TO_US: Final = {
    "arrives": """\
it exports to k6spec: OTEL_TRACES_EXPORTER=otlp, OTEL_EXPORTER_OTLP_ENDPOINT and
       OTEL_EXPORTER_OTLP_PROTOCOL as the line "stack" at the start of the load says""",
    "in_time": "it exports in time: OTEL_BSP_SCHEDULE_DELAY is shorter than --k6spec-settle",
}
_TO_A_BACKEND: Final = {
    "arrives": """\
its traces are in the backend that k6spec asks: look there for one of this load, and whether url and
       tenant in [tool.k6spec.source] are those under which it is found""",
    "in_time": """\
they are shown in time: OTEL_BSP_SCHEDULE_DELAY is shorter than --k6spec-settle, and lag in
       [tool.k6spec.source] is as long as the backend takes to show a trace""",
}


def why_nothing(
    database: Database,
    source: str,
    noun: str,
    conditions: Conditions,
    scope: Conditions,
    within: Conditions = (),
) -> str:
    """One sentence: which condition nothing meets, and what there is instead.

    Args:
        source: what ``conditions`` are about, as SQL.
        scope: conditions on the requests, or on the traces that they began.
        within: the same for members of ``source``, where that is another table.
    """
    if not _any(database, "requests", ()):
        return "k6 made no request"
    if noun != "request" and not database.value("SELECT coalesce(bool_or(received), false) FROM traces"):
        return _uninstrumented(database)
    began = "requests r" if noun == "request" else "traces c"
    of = "trace" if noun == "span" else noun
    for condition in scope:
        if (condition.column or condition.parts) and not _any(database, began, (condition,)):
            return _which(database, began, of, (condition,), ())
    inside = within or scope
    if not _any(database, source, inside):
        return f"no {noun} began in this part of the load"
    return _which(database, source, noun, conditions, inside) + _elsewhere(database, noun)


def _which(database: Database, source: str, noun: str, conditions: Conditions, inside: Conditions) -> str:
    for group in anchors(conditions):
        if not _any(database, source, (*inside, *group)):
            return _which(database, source, noun, group, inside)
    for condition in conditions:
        if _any(database, source, (*inside, condition)):
            continue
        match condition.how:
            case "leaf" if condition.column:
                return _sentence(database, source, noun, condition, inside)
            case "all":
                return _which(database, source, noun, condition.parts, inside)
            case "any":
                said = [_which(database, source, noun, (part,), inside) for part in condition.parts]
                return "; and ".join(dict.fromkeys(said))
            case "not":
                return f"every {noun} meets what none was to meet: {_named(condition)}"
            case "related":
                return f"no {noun} is {condition.asked}, though there are such {noun}s"
    return f"no {noun} meets all of these conditions together"


def _named(condition: Condition) -> str:
    told = [
        f"{_what(leaf)} {repr(leaf.value) if leaf.value is not None else leaf.asked or ''}".strip()
        for leaf in leaves((condition,))
        if leaf.column
    ]
    return ", ".join(told) or "all of it"


def _uninstrumented(database: Database) -> str:
    if said := without_context(database):
        return said
    sent = database.value("SELECT count(*) FROM requests WHERE sampled")
    checks = _CHECKS.format(**(_TO_A_BACKEND if database.read_back else _TO_US))
    return (
        f"not one span came back for {sent:,} sampled requests. Check, in this order:\n{checks}{_logged(database)}"
    )


def _logged(database: Database) -> str:
    said = [f"      | {line}" for line in database.sut_on_telemetry]
    return "\n".join(["\n    The system's log says:", *said]) if said else ""


def _elsewhere(database: Database, noun: str) -> str:
    """A hint at work that was done without its request's context; a few spans are those of readiness checks."""
    foreign = database.spans_foreign
    if noun == "request" or foreign < database.value("SELECT count(*) FROM traces WHERE received"):
        return ""
    return (
        f"\n  {foreign:,} spans came in traces that k6 did not begin: work that is done without its request's "
        "context is among those"
    )


def _any(database: Database, source: str, conditions: Conditions) -> bool:
    sql, parameters = where(conditions)
    return bool(
        database.value(f"SELECT count(*) > 0 FROM (SELECT 1 FROM {source} WHERE {sql} LIMIT 1)", parameters)
    )


def _what(condition: Condition) -> str:
    column = condition.column or ""
    return condition.what or _WORDS.get(column) or column.rpartition(".")[2].strip('"')


def _sentence(database: Database, source: str, noun: str, condition: Condition, within: Conditions) -> str:
    column = condition.column or ""
    what = _what(condition)
    text = condition.value is not None or condition.keys is not None
    wanted = repr(condition.value) if condition.value is not None else condition.asked or "in the window"
    there = _existing(database, source, column, within)
    if not there:
        kind = "a" if condition.keys is None else "the tag" if condition.keys == "tags" else "the attribute"
        name = what if condition.keys is None else repr(what)
        return f"no {noun} has {kind} {name}{_nearest_keys(database, source, condition, within)}"
    if condition.value is not None:
        close = difflib.get_close_matches(condition.value, there, n=_SHOWN, cutoff=0.4)
        there = close + [name for name in there if name not in close]
    numbers = column in _PLANNED
    names = ", ".join(
        f"{float(name):g}" if numbers else repr(name) if text or condition.asked else name
        for name in there[:_SHOWN]
    )
    more = f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else ""
    log = _logged(database) if column == "s.category" else ""
    return f"no {noun} has {what} {wanted}; there {'is' if len(there) == 1 else 'are'} {names}{more}{log}"


def _nearest_keys(database: Database, source: str, condition: Condition, within: Conditions) -> str:
    """What the key may have been meant to be."""
    if condition.keys is None or condition.what is None:
        return ""
    sql, parameters = where(within)
    rows = database.rows(
        f"""SELECT key, count(*) AS n FROM (SELECT unnest(map_keys({condition.keys})) AS key
        FROM {source} WHERE {sql}) GROUP BY key ORDER BY n DESC, key LIMIT 300""",
        parameters,
    )
    keys = [key for key, _count in rows if key not in spellings(condition.what)]
    close = difflib.get_close_matches(condition.what, keys, n=_SHOWN, cutoff=0.4) or keys[:_SHOWN]
    return f"; there {'is' if len(close) == 1 else 'are'} {', '.join(map(repr, close))}" if close else ""


def _existing(database: Database, source: str, column: str, within: Conditions) -> list[str]:
    sql, parameters = where(within)
    rows = database.rows(
        f"SELECT ({column})::VARCHAR AS v, count(*) AS n FROM {source} WHERE ({column}) IS NOT NULL AND {sql} "
        "GROUP BY v ORDER BY n DESC, v LIMIT 100",
        parameters,
    )
    return [value for value, _count in rows]
