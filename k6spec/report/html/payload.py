"""What the trace page's script reads: one trace as plain JSON values.

A text is a string, or ``[shown, full_length]`` where it was cut. Times are nanoseconds, ``at`` from the
start of the trace. ``spans`` is in drawing order, and ``parent`` an index into it (-1: a root).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from k6spec.report.html.visible import one_line, short_line, shorten, visible_block
from k6spec.store.spans import CLIENT_SERVICE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from k6spec.report.trace_tree import SpanEvent, SpanNode, TraceTree

NAME_LENGTH: Final = 300
VALUE_LENGTH: Final = 8_192
STATEMENT_LENGTH: Final = 240

_COLOURS: Final = 10
_PHASES: Final = ("blocked", "connecting", "tls_handshaking", "sending", "waiting", "receiving")


def payload(tree: TraceTree, highlight: Collection[str]) -> dict[str, Any]:
    """The whole trace; ``highlight`` holds span ids in lower-case hex."""
    services = {service: index for index, service in enumerate(tree.services)}
    resources: dict[tuple[tuple[str, str], ...], int] = {}
    spans: list[dict[str, Any]] = []
    path: list[int] = []  # the index of the span above, for each depth
    for depth, node in tree.walk():
        del path[depth:]
        resource = resources.setdefault(tuple(node.resource.items()), len(resources))
        spans.append(
            {
                "parent": path[-1] if path else -1,
                "service": services[node.service],
                "resource": resource,
                **_span(node, tree.start_ns, marked=node.span_id in highlight),
            }
        )
        path.append(len(spans) - 1)
    return {
        "duration": tree.duration_ns,
        "services": [
            {"name": _name(service), "colour": colour}
            for service, colour in zip(tree.services, colours(tree.services), strict=True)
        ],
        "resources": [_pairs(dict(resource)) for resource in resources],
        "spans": spans,
    }


def colours(services: Sequence[str]) -> Iterator[str]:
    """The CSS classes of each service: k6 is neutral, the palette starts again striped when it ends."""
    used = 0
    for service in services:
        if service == CLIENT_SERVICE:
            yield "k6"
        else:
            yield f"c{used % _COLOURS}" + (" striped" if used // _COLOURS % 2 else "")
            used += 1


def _span(node: SpanNode, zero: int, *, marked: bool) -> dict[str, Any]:
    phases = [phase for event in node.events if (phase := _phase(node, event, zero))]
    plain = [event for event in node.events if _phase(node, event, zero) is None]
    optional = {
        "message": _value(node.status_message),
        "statement": node.statement and shorten(one_line(node.statement[:VALUE_LENGTH]), STATEMENT_LENGTH),
        "attributes": _pairs(node.attributes),
        "events": [_event(event, zero) for event in plain],
        "links": [
            {"trace": link.trace_id, "span": link.span_id, "attributes": _pairs(link.attributes)}
            for link in node.links
        ],
        "phases": phases,
        "scope": _name(node.scope),
        "parentId": node.parent_span_id,
        "dropped": dict(node.dropped),
        "marked": marked,
        "orphan": node.orphan,
        "duplicate": node.duplicate,
        "before": node.before_parent_ns,
        "after": node.after_parent_ns,
    }
    return {
        "id": node.span_id,
        "name": _name(node.name) or "(no name)",
        "kind": _name(node.kind),
        "status": _name(node.status),
        "at": node.start_ns - zero,
        "duration": node.duration_ns,
        "self": node.self_ns,
        **{key: value for key, value in optional.items() if value},
    }


def _phase(node: SpanNode, event: SpanEvent, zero: int) -> dict[str, Any] | None:
    """One of k6's phases, from an event of the client span at the phase's start with its ``duration_ns``."""
    phase = event.name.removeprefix("k6.")
    lasted = event.attributes.get("duration_ns", "")
    if (
        node.service != CLIENT_SERVICE
        or phase == event.name
        or phase not in _PHASES
        or not (lasted.isascii() and lasted.isdigit() and len(lasted) < 19)
    ):
        return None
    return {"name": phase, "at": event.time_ns - zero, "duration": int(lasted)}


def _event(event: SpanEvent, zero: int) -> dict[str, Any]:
    return {
        "name": _name(event.name),
        "at": event.time_ns - zero,
        "attributes": _pairs(event.attributes),
    }


def _pairs(attributes: Mapping[str, str]) -> list[list[Any]]:
    return [[_name(key), _value(value)] for key, value in sorted(attributes.items())]


def _name(text: str) -> str:
    return short_line(text, NAME_LENGTH)


def _value(text: str | None) -> str | list[Any]:
    if not text:
        return ""
    if len(text) <= VALUE_LENGTH:
        return visible_block(text)
    return [visible_block(text[:VALUE_LENGTH]), len(text)]
