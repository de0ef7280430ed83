"""Where the time of one trace went: the call with the longest time of its own, not spent in calls below it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import final

from k6spec.report.trace_tree import TraceTree
from k6spec.store.spans import CLIENT_SERVICE


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTime:
    """A call, ``times`` spans of one service and statement (else name), with their self time added up.

    ``service`` is None for the time that the client waited outside of all of the system's spans: on the network,
    or in a queue before the first span began.
    """

    service: str | None
    what: str
    times: int
    ns: int


def longest_self_time(tree: TraceTree) -> SelfTime:
    """The call of the trace that took most of the time."""
    total, times = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for _depth, span in tree.walk():
        call = (span.service, span.statement or span.name)
        total[call] += span.self_ns
        times[call] += 1
    (service, what), ns = total.most_common(1)[0]
    return SelfTime(
        service=None if service == CLIENT_SERVICE else service, what=what, times=times[service, what], ns=ns
    )
