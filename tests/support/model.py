"""The reference model of the span language: plain, slow Python over the spans of small traces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Meets = Callable[["Seen"], bool]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A span as it was received. Times in nanoseconds."""

    trace: int
    id: int
    parent: int | None
    name: str
    service: str
    host: str | None
    start: int
    length: int
    status: str
    attributes: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def end(self) -> int:
        return self.start + self.length


def child_of(spans: list[Seen], span: Seen, other: Meets) -> bool:
    return any(other(one) for one in spans if one.trace == span.trace and one.id == span.parent)


def parent_of(spans: list[Seen], span: Seen, other: Meets) -> bool:
    return any(other(one) for one in spans if one.trace == span.trace and one.parent == span.id)


def sibling_of(spans: list[Seen], span: Seen, other: Meets) -> bool:
    return span.parent is not None and any(
        other(one) for one in spans if one.trace == span.trace and one.parent == span.parent and one.id != span.id
    )


def under(spans: list[Seen], span: Seen, other: Meets) -> bool:
    """Walks up from parent to parent; where an id is there twice, both are walked."""
    todo, met = [span.parent], set()
    while todo:
        above = todo.pop()
        if above is None or above in met:
            continue
        met.add(above)
        for one in spans:
            if one.trace == span.trace and one.id == above:
                if other(one):
                    return True
                todo.append(one.parent)
    return False


def above(spans: list[Seen], span: Seen, other: Meets) -> bool:
    return any(
        other(one) and under(spans, one, lambda top: top.id == span.id) for one in spans if one.trace == span.trace
    )


def one_clock(first: Seen, second: Seen) -> bool:
    return (first.service, first.host) == (second.service, second.host)


def followed_by(spans: list[Seen], span: Seen, other: Meets) -> bool:
    return any(
        other(one) and one_clock(one, span) and one.start >= span.end and one.id != span.id
        for one in spans
        if one.trace == span.trace
    )


def undecided(spans: list[Seen], span: Seen, other: Meets) -> bool:
    """Only spans of other clocks could follow."""
    return not followed_by(spans, span, other) and any(
        other(one) and not one_clock(one, span) for one in spans if one.trace == span.trace
    )


def self_time(spans: list[Seen], span: Seen) -> int:
    """Nanosecond by nanosecond: those in which the span ran and none of its children did."""
    busy: set[int] = set()
    for one in spans:
        if one.trace != span.trace or one.parent != span.id:
            continue
        start = one.start
        if not one_clock(one, span):
            start = max(span.start, min(start, span.end - one.length))
        busy |= set(range(max(start, span.start), min(start + one.length, span.end)))
    return span.length - len(busy)
