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
    kind: str = "internal"
    attributes: dict[str, str] = field(default_factory=dict, hash=False)
    scope: str | None = None
    category: str | None = None
    system: str | None = None
    statement: str | None = None
    exceptions: tuple[str, ...] = ()

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


def repeats_parent(spans: list[Seen], span: Seen) -> bool:
    """An ORM's span and its driver's below it: both are of the database, and of one statement."""
    return span.statement is not None and any(
        (one.category, one.statement) == (span.category, span.statement)
        for one in spans
        if one.trace == span.trace and one.id == span.parent
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


def children(spans: list[Seen], span: Seen) -> list[Seen]:
    """Those that its end may have waited for: a consumer's is nobody's wait."""
    found = [one for one in spans if one.trace == span.trace and one.parent == span.id and one is not span]
    return [one for one in found if one.kind != "consumer" and one.service != "k6"]


def placed(span: Seen, begin: int, child: Seen) -> int:
    """Where a child begins, its parent beginning at ``begin``: by its clock, or moved to lie within."""
    start = begin + child.start - span.start
    if one_clock(span, child):
        return start
    return max(begin, min(start, begin + span.length - child.length))


def critical_path(spans: list[Seen]) -> list[tuple[Seen, int, int, list[Seen]]]:
    """What the ends of k6's requests waited for: spans, with what they called, without, and what is above each."""
    found: list[tuple[Seen, int, int, list[Seen]]] = []

    def visit(span: Seen, begin: int, low: int, high: int, above: list[Seen]) -> None:
        own, until = high - low, high
        there = []
        for child in children(spans, span):
            at = placed(span, begin, child)
            first, last = max(at, low), min(at + child.length, high)
            if first < last:
                there.append((last, last - first, -child.id, child, at))
        for last, length, _id, child, at in sorted(there, key=lambda one: one[:3], reverse=True):
            if last > until:
                continue
            visit(child, at, last - length, last, [*above, span])
            own, until = own - length, last - length
        found.append((span, high - low, own, above))

    for span in spans:
        if span.service == "k6":
            visit(span, span.start, span.start, span.end, [])
    return found


def below_requests(spans: list[Seen]) -> list[tuple[Seen, int, int]]:
    """All that hangs below k6's requests, with where it is placed and how many of the system are above it."""
    todo = [(one, one.start, 0) for one in spans if one.service == "k6"]
    found = []
    while todo:
        span, begin, depth = todo.pop()
        found.append((span, begin, depth))
        todo += [(child, placed(span, begin, child), depth + 1) for child in children(spans, span)]
    return found


def depth(spans: list[Seen], trace: int) -> int:
    return max((deep for span, _begin, deep in below_requests(spans) if span.trace == trace), default=0)


def fan_out(spans: list[Seen], trace: int, asked: Meets) -> int:
    return max(
        (
            len({one.id for one in spans if one.trace == trace and one.parent == span.id and one is not span})
            for span in spans
            if span.trace == trace and asked(span)
        ),
        default=0,
    )


def concurrency(spans: list[Seen], trace: int, asked: Meets) -> int:
    """Nanosecond by nanosecond."""
    running: dict[int, set[int]] = {}
    for span, begin, _depth in below_requests(spans):
        if span.trace == trace and asked(span):
            for now in range(begin, begin + span.length):
                running.setdefault(now, set()).add(span.id)
    return max((len(ids) for ids in running.values()), default=0)


def gap(spans: list[Seen], span: Seen) -> int | None:
    """By how much a span lasted longer than the longest server span below it."""
    answers = [
        one.length
        for one in spans
        if one.trace == span.trace and one.parent == span.id and one is not span and one.kind == "server"
    ]
    return max(span.length - max(answers), 0) if answers else None


def originates(spans: list[Seen], span: Seen) -> bool:
    """It fails, and none of its children does."""
    failing = any(one.status == "error" for one in spans if one.trace == span.trace and one.parent == span.id)
    return span.status == "error" and not failing


def reaches_entry(spans: list[Seen], span: Seen) -> bool:
    """Upwards from it all fail, until k6's client span."""
    todo, met = [span], set[int]()
    while todo:
        one = todo.pop()
        if one.status != "error" or one.id in met:
            continue
        met.add(one.id)
        for above in spans:
            if above.trace == one.trace and above.id == one.parent:
                if above.service == "k6":
                    return True
                todo.append(above)
    return False


def direct_children(spans: list[Seen], span: Seen) -> list[Seen]:
    """All that name it as their parent."""
    return [one for one in spans if one.trace == span.trace and one.parent == span.id and one is not span]
