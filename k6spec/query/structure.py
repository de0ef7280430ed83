"""How spans of one trace stand to one another, by their ids; and which follows which, by one clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from k6spec.query.logic import Conditions, all_of
from k6spec.query.selector import SYSTEM_SPAN
from k6spec.query.selectors import Condition, where

# Spans of one clock: of one service, and of one instance and host of it where the resource names them.
CLOCK: Final = (
    "concat_ws(chr(31), s.service, coalesce(s.resource['service.instance.id'], ''), "
    "coalesce(s.resource['host.name'], ''))"
)
_END: Final = "s.start_ns + s.duration_ns"

Relation = Callable[[Conditions, str], Condition]
"""Of a span to others that meet the conditions; with the words for it."""


def child_of(other: Conditions, text: str) -> Condition:
    """Its parent meets ``other``."""
    return _related(other, text, "s.trace_id, s.span_id", "o.span_id = s.parent_span_id")


def parent_of(other: Conditions, text: str) -> Condition:
    """One of its children meets ``other``."""
    return _related(other, text, "s.trace_id, s.parent_span_id", "o.parent_span_id = s.span_id")


def sibling_of(other: Conditions, text: str) -> Condition:
    """Another span with the same parent meets ``other``; roots have no siblings."""
    return _related(
        other,
        text,
        "s.trace_id, s.span_id, s.parent_span_id",
        "o.parent_span_id = s.parent_span_id AND o.span_id <> s.span_id",
    )


def under(other: Conditions, text: str) -> Condition:
    """One of its ancestors meets ``other``."""
    sql, parameters = where((SYSTEM_SPAN, *other))
    walk = f"""WITH RECURSIVE o AS (
            SELECT k.trace_id, k.span_id, k.parent_span_id
            FROM (SELECT s.trace_id, s.span_id FROM spans s WHERE {sql}) a
            JOIN spans k ON k.trace_id = a.trace_id AND k.parent_span_id = a.span_id
            UNION SELECT k.trace_id, k.span_id, k.parent_span_id FROM o
            JOIN spans k ON k.trace_id = o.trace_id AND k.parent_span_id = o.span_id)
        SELECT * FROM o"""
    # By its parent too: an id may be there twice, once as a root.
    link = "o.span_id = s.span_id AND o.parent_span_id = s.parent_span_id"
    return _relation(walk, tuple(parameters), other, text, link)


def above(other: Conditions, text: str) -> Condition:
    """One of its descendants meets ``other``."""
    sql, parameters = where((SYSTEM_SPAN, *other))
    walk = f"""WITH RECURSIVE o AS (
            SELECT s.trace_id, s.parent_span_id AS span_id FROM spans s
            WHERE {sql} AND s.parent_span_id IS NOT NULL
            UNION SELECT k.trace_id, k.parent_span_id FROM o
            JOIN spans k ON k.trace_id = o.trace_id AND k.span_id = o.span_id
            WHERE k.parent_span_id IS NOT NULL)
        SELECT trace_id, span_id FROM o"""
    return _relation(walk, tuple(parameters), other, text, "o.span_id = s.span_id")


def followed_by(first: Conditions, then: Conditions, text: str) -> Condition:
    """A span of the same clock that meets ``then`` starts when it has ended, or later.

    Args:
        first: what else is asked of the span that comes first.

    Where only spans of other clocks meet ``then``, the order is not known: that is the condition's doubt.
    """
    relation = _related(
        then,
        text,
        f"s.trace_id, s.span_id, s.start_ns, {CLOCK} AS clock",
        f"o.clock = {CLOCK} AND o.start_ns >= {_END} AND o.span_id <> s.span_id",
    )
    elsewhere = _related(then, text, f"s.trace_id, {CLOCK} AS clock", f"o.clock <> {CLOCK}")
    plain = all_of((SYSTEM_SPAN, *first))
    doubt = Condition(
        sql=f"({plain.sql} AND NOT coalesce({relation.sql}, false) AND {elsewhere.sql})",
        parameters=(*plain.parameters, *relation.parameters, *elsewhere.parameters),
    )
    return replace(relation, doubts=(*relation.doubts, doubt))


def _related(other: Conditions, text: str, columns: str, link: str) -> Condition:
    sql, parameters = where((SYSTEM_SPAN, *other))
    return _relation(f"SELECT {columns} FROM spans s WHERE {sql}", tuple(parameters), other, text, link)


def _relation(query: str, parameters: tuple[object, ...], other: Conditions, text: str, link: str) -> Condition:
    return Condition(
        sql=f"EXISTS (SELECT 1 FROM ({query}) o WHERE o.trace_id = s.trace_id AND {link})",
        parameters=parameters,
        asked=text,
        how="related",
        parts=other,
        state=True,
        local=False,
        certain=all(condition.certain for condition in other),
        doubts=tuple(doubt for condition in other for doubt in condition.doubts),
    )
