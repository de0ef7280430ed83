"""Loads made up by Hypothesis, and data taken away from them in all the ways in which it gets lost."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

from hypothesis import strategies as st

from k6spec.judge.log import VerdictLog
from k6spec.judge.past import Past
from k6spec.run import Run
from tests.support.runs import Request, Span, db, entry, make_run

KINDS = ("lost", "unsampled", "truncated", "headless", "counted")
"""A trace is lost as a whole; it was not sampled; a backend gave a part of it and said so; its entry span was lost
and no counter tells; single spans were lost, and counters tell.
"""


@final
@dataclass(frozen=True, kw_only=True)
class Data:
    """What a run was made of: the requests with their spans, and what its ledger says of the losses."""

    requests: tuple[Request, ...]
    dropped: int = 0
    truncated: frozenset[int] = frozenset()
    tier: str = "stream"

    def lose(self, number: int, kind: str, spans: int) -> Data:
        """The same with less of a request's trace. ``spans``: how many of its spans are left, where some are."""
        request = self.requests[number]
        left = request.spans[: max(1, min(spans, len(request.spans)))]
        gone = len(request.spans) - len(left)
        rest = [span for span in request.spans if span.parent is not None]
        match kind:
            case "lost":
                return self._with(number, replace(request, spans=()))
            case "unsampled":
                return self._with(number, replace(request, spans=(), sampled=False))
            case "headless":
                below = [
                    replace(span, parent=max(0, (span.parent or 0) - 1), lost_parent=not span.parent)
                    for span in rest
                ]
                return self._with(number, replace(request, spans=below))
            case "truncated":
                cut = replace(self, truncated=self.truncated | {number})
                return cut._with(number, replace(request, spans=left))
        return replace(self, dropped=self.dropped + gone)._with(number, replace(request, spans=left))

    def _with(self, number: int, request: Request) -> Data:
        return replace(self, requests=(*self.requests[:number], request, *self.requests[number + 1 :]))


@st.composite
def loads(draw: st.DrawFn) -> Data:
    """Up to eight requests, whose spans last no longer than their client waits. The first holds some of each kind.

    It does not hold any of the service ``carts``, so that losses can leave nothing of that group.

    No trace has more than twice as many spans of a kind as any other one: more are not taken to be lost with one.
    """
    requests = [_request(60, [(9, "orders", "unset"), (17, "stock", "error")], (40, "unset"), "GET /a", 10)]
    for _ in range(draw(st.integers(2, 7))):
        longest = draw(st.integers(10, 100))
        queries = st.tuples(
            st.integers(1, longest),
            st.sampled_from(("orders", "stock", "carts")),
            st.sampled_from(("unset", "error")),
        )
        call = st.tuples(st.integers(1, longest), st.sampled_from(("unset", "error")))
        requests.append(
            _request(
                longest,
                draw(st.lists(queries, min_size=1, max_size=2)),
                draw(call | st.none()),
                draw(st.sampled_from(("GET /a", "POST /b"))),
                draw(st.sampled_from((10, 20, 40))),
            )
        )
    return Data(requests=tuple(requests))


def _request(
    longest: int, queries: list[tuple[int, str, str]], call: tuple[int, str] | None, name: str, vus: int
) -> Request:
    """Its entry span, database spans of any service, and perhaps a call that another service answers."""
    spans = [entry(name, ms=longest)]
    spans += [replace(db(ms=lasted, service=service), status=status) for lasted, service, status in queries]
    if call is not None:
        waited, status = call
        spans.append(Span(name="pay", ms=waited, category="http_client", status=status))
        spans.append(Span(name="POST /pay", service="pay", ms=waited * 0.75, kind="server", parent=len(spans) - 1))
    return Request(name=name, ms=longest, vus=vus, spans=spans)


@st.composite
def losses(draw: st.DrawFn, data: Data) -> Data:
    """Less of it: of each request but the first perhaps some is lost.

    Most often in one way only: what another leaves open would hide that this one is taken for none.
    """
    left = data
    kinds = draw(st.sampled_from([*((kind,) for kind in KINDS), KINDS]))
    for number in range(1, len(data.requests)):
        kind = draw(st.sampled_from((*kinds, None)))
        if kind is not None and left.requests[number] is data.requests[number] and data.requests[number].spans:
            left = left.lose(number, kind, draw(st.integers(1, 4)))
    return replace(left, tier=draw(st.sampled_from((data.tier, "sampled"))))


@contextmanager
def archived(data: Data, *, past: Past | None = None) -> Iterator[Run]:
    """A run of it."""
    with tempfile.TemporaryDirectory() as folder:
        kept = make_run(
            Path(folder) / "2026-11-01T00-00-00-00000001",
            data.requests,
            spans_dropped=data.dropped,
            truncated=sorted(data.truncated),
            tier=data.tier,
        )
        run = Run(kept, log=VerdictLog(), past=past)
        yield run
        run.database.close()
