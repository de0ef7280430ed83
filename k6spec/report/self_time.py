"""Where the time of a span went: the call with the longest time of its own, not spent in calls below it."""

from __future__ import annotations

from collections import Counter
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


def longest_self_time(span: SpanNode) -> SelfTime:
    """The call that took most of the span's time, at whatever depth below it."""
    total, times = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    waiting = [span]
    while waiting:
        node = waiting.pop()
        total[_call(node)] += node.self_ns
        times[_call(node)] += 1
        waiting.extend(node.children)
    call, ns = total.most_common(1)[0]
    return SelfTime(service=call[0], what=call[1], times=times[call], ns=ns, own=call == _call(span))


def _call(span: SpanNode) -> tuple[str, str]:
    return span.service, span.statement or span.name
