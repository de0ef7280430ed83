"""How spans of one trace stand to one another, by their ids; and which follows which, by one clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Literal

from k6spec.query.derived import Reach
from k6spec.query.logic import Conditions, all_of
from k6spec.query.selector import SYSTEM_SPAN
from k6spec.query.selectors import Condition, where

_END: Final = "s.start_ns + s.duration_ns"

Relation = Callable[[Conditions, str], Condition]
"""Of a span to others that meet the conditions; with the words for it."""


def child_of(other: Conditions, text: str) -> Condition:
    """Its parent meets ``other``."""
    return _related(other, text, "s.node", "o.node = s.parent_node")


def parent_of(other: Conditions, text: str) -> Condition:
    """One of its children meets ``other``."""
    return _related(other, text, "s.parent_node", "o.parent_node = s.node")


def sibling_of(other: Conditions, text: str) -> Condition:
    """Another span with the same parent meets ``other``; roots have no siblings."""
    return _related(other, text, "s.node, s.parent_node", "o.parent_node = s.parent_node AND o.node <> s.node")


def under(other: Conditions, text: str) -> Condition:
    """One of its ancestors meets ``other``."""
    return _reached("down", "parent_node", other, text)


def above(other: Conditions, text: str) -> Condition:
    """One of its descendants meets ``other``."""
    return _reached("up", "node", other, text)


def followed_by(first: Conditions, then: Conditions, text: str) -> Condition:
    """A span of the same clock that meets ``then`` starts when it has ended, or later.

    Args:
        first: what else is asked of the span that comes first.

    Where only spans of other clocks meet ``then``, the order is not known: that is the condition's doubt.
    """
    relation = _related(
        then,
        text,
        "s.trace_no, s.clock, s.node, s.start_ns",
        f"o.trace_no = s.trace_no AND o.clock = s.clock AND o.start_ns >= {_END} AND o.node <> s.node",
    )
    elsewhere = _related(then, text, "s.trace_no, s.clock", "o.trace_no = s.trace_no AND o.clock <> s.clock")
    plain = all_of((SYSTEM_SPAN, *first))
    doubt = Condition(
        sql=f"({plain.sql} AND NOT coalesce({relation.sql}, false) AND {elsewhere.sql})",
        parameters=(*plain.parameters, *relation.parameters, *elsewhere.parameters),
    )
    return replace(relation, doubts=(*relation.doubts, doubt))


def _related(other: Conditions, text: str, columns: str, link: str) -> Condition:
    sql, parameters = where((SYSTEM_SPAN, *other))
    exists = f"EXISTS (SELECT 1 FROM (SELECT {columns} FROM spans s WHERE {sql}) o WHERE {link})"
    return _relation(exists, tuple(parameters), other, text)


def _reached(way: Literal["down", "up"], column: str, other: Conditions, text: str) -> Condition:
    sql, parameters = where((SYSTEM_SPAN, *other))
    reach = Reach(way, sql, tuple(parameters))
    return _relation(f"(get_bit(?::BLOB::BIT, s.{column}) = 1)", (reach,), other, text)


def _relation(sql: str, parameters: tuple[object, ...], other: Conditions, text: str) -> Condition:
    return Condition(
        sql=sql,
        parameters=parameters,
        asked=text,
        how="related",
        parts=other,
        state=True,
        local=False,
        certain=all(condition.certain for condition in other),
        doubts=tuple(doubt for condition in other for doubt in condition.doubts),
    )
