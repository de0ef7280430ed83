"""One trace as a tree, from its rows in the span table.

Broken traces stay readable: a span whose parent is missing, or that sits on a cycle of parents, becomes a
root flagged ``orphan``; every row appears in the tree exactly once, repeated span ids included. Nothing here
recurses, so a chain of 10,000 spans is as good as any other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, final

from k6spec.store.spans import CLIENT_SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

_COLUMNS: Final = [
    "trace_id",
    "span_id",
    "parent_span_id",
    "service",
    "scope_name",
    "scope_version",
    "name",
    "kind",
    "start_ns",
    "duration_ns",
    "status",
    "status_message",
    "attributes",
    "resource",
    "events",
    "links",
    "dropped_attributes",
    "dropped_events",
    "dropped_links",
    "db_statement",
]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SpanEvent:
    """An event of a span; ``time_ns`` is Unix time."""

    time_ns: int
    name: str
    attributes: Mapping[str, str]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SpanLink:
    """A link to a span of this or another trace; ids in hex."""

    trace_id: str
    span_id: str
    attributes: Mapping[str, str]


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpanNode:
    """One span and its children. Ids in lower-case hex, times in nanoseconds (``start_ns``: Unix time)."""

    span_id: str
    parent_span_id: str | None
    service: str
    scope: str
    """Name and version of the instrumentation scope, ``""`` if unknown."""
    name: str
    kind: str
    start_ns: int
    duration_ns: int
    status: str
    status_message: str
    statement: str | None
    """The database statement, where the span has one."""
    attributes: Mapping[str, str]
    resource: Mapping[str, str]
    events: tuple[SpanEvent, ...]
    """In order of time."""
    links: tuple[SpanLink, ...]
    dropped: Mapping[str, int]
    """What the SDK dropped: ``attributes``, ``events``, ``links`` → how many, zeros left out."""
    orphan: bool
    """Names a parent that is not in the trace, or that would close a cycle."""
    duplicate: bool
    """An earlier row has the same span id."""
    before_parent_ns: int
    """How long before its parent it starts; 0 inside the parent and for roots."""
    after_parent_ns: int
    """How long after its parent it ends; 0 inside the parent and for roots."""
    children: tuple[SpanNode, ...] = field(repr=False)
    """By start, then span id."""

    @property
    def end_ns(self) -> int:
        """When it ended, in Unix nanoseconds."""
        return self.start_ns + self.duration_ns

    @property
    def failed(self) -> bool:
        """Its status is ``error``."""
        return self.status == "error"

    @property
    def outside_parent(self) -> bool:
        """It lies partly outside its parent: skewed clocks, or work that outlived the call."""
        return bool(self.before_parent_ns or self.after_parent_ns)

    @property
    def self_ns(self) -> int:
        """Its duration less the time in which at least one child ran (overlap counted once)."""
        covered, reached = 0, self.start_ns
        for child in self.children:  # in order of start
            end = min(child.end_ns, self.end_ns)
            covered += max(0, end - max(child.start_ns, reached))
            reached = max(reached, end)
        return self.duration_ns - covered


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TraceTree:
    """One trace. The client span that k6spec made comes first among the roots, the others by start."""

    trace_id: str
    roots: tuple[SpanNode, ...] = field(repr=False)
    start_ns: int
    """The earliest start of any span, in Unix nanoseconds."""
    end_ns: int
    """The latest end of any span."""
    services: tuple[str, ...]
    """In order of first appearance, top down."""
    span_count: int
    error_count: int

    @property
    def duration_ns(self) -> int:
        """From the earliest start to the latest end."""
        return self.end_ns - self.start_ns

    @property
    def operation(self) -> str:
        """What the trace is about: the name of its first root."""
        return self.roots[0].name

    def walk(self) -> Iterator[tuple[int, SpanNode]]:
        """Every span with its depth (roots: 0), parents before children, as drawn from top to bottom."""
        stack = [(0, root) for root in reversed(self.roots)]
        while stack:
            depth, node = stack.pop()
            yield depth, node
            stack.extend((depth + 1, child) for child in reversed(node.children))


def build_trace_tree(spans: pa.Table) -> TraceTree:
    """The tree of one trace.

    Args:
        spans: rows of one trace in the schema of :data:`k6spec.store.spans.SCHEMA`: the system's spans and,
            where there is one, the client span. Their order does not matter.

    Raises:
        ValueError: there is no row, or the rows are of several traces.
    """
    rows: list[dict[str, Any]] = spans.select(_COLUMNS).to_pylist()
    if len({row["trace_id"] for row in rows}) != 1:
        raise ValueError("a trace tree needs the spans of exactly one trace")
    rows.sort(key=lambda row: (row["start_ns"], row["span_id"], row["service"] or ""))
    parents = _parents(rows)
    children: list[list[int]] = [[] for _ in rows]
    roots: list[int] = []
    for index, parent in enumerate(parents):
        (roots if parent is None else children[parent]).append(index)
    roots.sort(key=lambda index: rows[index]["service"] != CLIENT_SERVICE)

    seen: set[bytes] = set()
    repeated = [_seen_before(row["span_id"], seen) for row in rows]
    nodes: dict[int, SpanNode] = {}
    order = _top_down(roots, children)
    for index in reversed(order):  # children first: the nodes are frozen
        parent = parents[index]
        nodes[index] = _node(
            rows[index],
            parent=None if parent is None else rows[parent],
            duplicate=repeated[index],
            children=tuple(nodes[child] for child in children[index]),
        )
    return TraceTree(
        trace_id=rows[0]["trace_id"].hex(),
        roots=tuple(nodes[root] for root in roots),
        start_ns=rows[0]["start_ns"],
        end_ns=max(node.end_ns for node in nodes.values()),
        services=tuple(dict.fromkeys(nodes[index].service for index in order)),
        span_count=len(rows),
        error_count=sum(node.failed for node in nodes.values()),
    )


def _parents(rows: Sequence[Mapping[str, Any]]) -> list[int | None]:
    """The index of each row's parent, ``None`` for roots; free of cycles."""
    first: dict[bytes, int] = {}
    of_service: dict[tuple[bytes, str | None], int] = {}
    for index, row in enumerate(rows):
        first.setdefault(row["span_id"], index)
        of_service.setdefault((row["span_id"], row["service"]), index)

    parents: list[int | None] = []
    for index, row in enumerate(rows):
        wanted = row["parent_span_id"]
        # B3's shared ids: client and server span have one id, and children belong to their own service's.
        candidates = (of_service.get((wanted, row["service"])), first.get(wanted))
        parents.append(next((one for one in candidates if one is not None and one != index), None))

    walked = [-1] * len(rows)
    for start in range(len(rows)):
        at: int | None = start
        while at is not None and walked[at] == -1:
            walked[at] = start
            at = parents[at]
        if at is not None and walked[at] == start:
            parents[_earliest_of_cycle(at, parents)] = None
    return parents


def _earliest_of_cycle(member: int, parents: Sequence[int | None]) -> int:
    earliest, at = member, parents[member]
    while at is not None and at != member:
        earliest, at = min(earliest, at), parents[at]
    return earliest


def _top_down(roots: Sequence[int], children: Sequence[Sequence[int]]) -> list[int]:
    order: list[int] = []
    stack = list(reversed(roots))
    while stack:
        index = stack.pop()
        order.append(index)
        stack.extend(reversed(children[index]))
    return order


def _seen_before(span_id: bytes, seen: set[bytes]) -> bool:
    if span_id in seen:
        return True
    seen.add(span_id)
    return False


def _node(
    row: Mapping[str, Any],
    *,
    parent: Mapping[str, Any] | None,
    duplicate: bool,
    children: tuple[SpanNode, ...],
) -> SpanNode:
    start, end = row["start_ns"], row["start_ns"] + row["duration_ns"]
    attributes = dict(row["attributes"] or ())
    return SpanNode(
        span_id=row["span_id"].hex(),
        parent_span_id=row["parent_span_id"].hex() if row["parent_span_id"] else None,
        service=row["service"] or "unknown_service",
        scope=" ".join(part for part in (row["scope_name"], row["scope_version"]) if part),
        name=row["name"] or "",
        kind=row["kind"] or "unspecified",
        start_ns=start,
        duration_ns=row["duration_ns"],
        status=row["status"] or "unset",
        status_message=row["status_message"] or "",
        statement=row["db_statement"] or attributes.get("db.query.text") or attributes.get("db.statement"),
        attributes=attributes,
        resource=dict(row["resource"] or ()),
        events=_events(row["events"] or ()),
        links=tuple(
            SpanLink(
                trace_id=(link["trace_id"] or b"").hex(),
                span_id=(link["span_id"] or b"").hex(),
                attributes=dict(link["attributes"] or ()),
            )
            for link in row["links"] or ()
        ),
        dropped={
            what: row[f"dropped_{what}"] for what in ("attributes", "events", "links") if row[f"dropped_{what}"]
        },
        orphan=parent is None and row["parent_span_id"] is not None,
        duplicate=duplicate,
        before_parent_ns=0 if parent is None else max(0, parent["start_ns"] - start),
        after_parent_ns=0 if parent is None else max(0, end - parent["start_ns"] - parent["duration_ns"]),
        children=children,
    )


def _events(rows: Sequence[Mapping[str, Any]]) -> tuple[SpanEvent, ...]:
    events = [
        SpanEvent(time_ns=row["time_ns"] or 0, name=row["name"] or "", attributes=dict(row["attributes"] or ()))
        for row in rows
    ]
    return tuple(sorted(events, key=lambda event: event.time_ns))
