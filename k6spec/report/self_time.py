"""Where the time of a span went: the call with the longest time of its own, not spent in calls below it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from k6spec.report.trace_tree import SpanNode


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTime:
    """A call: ``times`` spans of one service and statement (else name), with their self time added up.

    ``own``: the longest is the span that was asked about, which waited or worked outside of all calls below it.
    """

    service: str
    what: str
    times: int
    ns: int
    own: bool


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A span as far as it lies within its caller, once it is moved by ``shift`` nanoseconds."""

    node: SpanNode
    begin: int
    end: int
    shift: int


def longest_self_time(span: SpanNode) -> SelfTime:
    """The call that most of the span's time was waited for, at whatever depth below it.

    As on the critical path (:mod:`k6spec.query.critical_path`), so that calls side by side are not added up.
    """
    total, times = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    waiting = [Placed(node=span, begin=span.start_ns, end=span.end_ns, shift=0)]
    while waiting:
        placed = waiting.pop()
        below = list(_waited_for(placed))
        own = placed.end - placed.begin - sum(call.end - call.begin for call in below)
        total[_call(placed.node)] += min(own, placed.node.self_ns)
        times[_call(placed.node)] += 1
        waiting.extend(below)
    call, ns = total.most_common(1)[0]
    return SelfTime(service=call[0], what=call[1], times=times[call], ns=ns, own=call == _call(span))


def _waited_for(above: Placed) -> Iterator[Placed]:
    reached = above.end
    for call in sorted(_within(above), key=lambda call: (call.end, call.end - call.begin), reverse=True):
        if call.end <= reached:
            yield call
            reached = call.begin


def _within(above: Placed) -> Iterator[Placed]:
    """Calls of a span; one of another service, whose clock may differ, is moved to lie in it."""
    for node in above.node.children:
        begin, end, shift = node.start_ns + above.shift, node.end_ns + above.shift, above.shift
        if node.service != above.node.service and node.duration_ns <= above.end - above.begin:
            moved = max(above.begin - begin, 0) + min(above.end - end, 0)
            begin, end, shift = begin + moved, end + moved, shift + moved
        begin, end = max(begin, above.begin), min(end, above.end)
        if end > begin and node.kind != "consumer":  # which nobody waits for
            yield Placed(node=node, begin=begin, end=end, shift=shift)


def _call(span: SpanNode) -> tuple[str, str]:
    return span.service, span.statement or span.name
