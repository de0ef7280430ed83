"""What claims rehearsed over a few requests say of the load to come: go, or stop before it begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from k6spec.errors import Inconclusive, UsageError
from k6spec.judge.rehearsal import Rehearsed, Unseen
from k6spec.store.ledger import Ledger

_SHOWN: Final = 8


def check_claims(rehearsed: Sequence[Rehearsed], ledger: Ledger, tried: str) -> None:
    """Stops a load that could not be judged.

    Args:
        tried: what was sent and what came back, in words.

    Raises:
        UsageError: a test claims what cannot be claimed of any run.
        Inconclusive: a claim is about spans and none came, or names what is not there but for a letter.
    """
    mistakes = [f"{test.nodeid}: {test.mistake}" for test in rehearsed if test.mistake is not None]
    if mistakes:
        raise UsageError(
            "\n".join(
                [
                    "preflight: these tests have mistakes in their claims, which a load would only show later",
                    *_some(mistakes),
                ]
            )
        )
    unseen = [(test.nodeid, claim) for test in rehearsed for claim in test.unseen]
    if any(claim.of_spans for _, claim in unseen) and not ledger.traces_received and ledger.tier != "sampled":
        raise Inconclusive("\n".join(_no_traces(unseen, ledger, tried)))
    wrong = [f"{nodeid}: {claim.claim}: {claim.why}" for nodeid, claim in unseen if claim.misspelt]
    if wrong:
        raise Inconclusive(
            "\n".join(
                [
                    "preflight: tests name what is not there, but something with nearly that name is",
                    f"  {tried}",
                    *_some(wrong),
                    "What to do: correct the name; if only the whole load reaches what it names, mark the test "
                    "@k6spec.no_rehearsal",
                ]
            )
        )


def _no_traces(unseen: Sequence[tuple[str, Unseen]], ledger: Ledger, tried: str) -> Iterator[str]:
    claims = [(nodeid, claim) for nodeid, claim in unseen if claim.of_spans]
    if ledger.spans_foreign:
        yield f"preflight: {ledger.spans_foreign:,} spans arrived, but none of them in a trace that k6 began"
        yield f"  {tried}"
    else:
        yield "preflight: no span came back, and tests claim something of spans"
        yield f"  {tried}"
        yield f"  {claims[0][1].why}"
    yield "  These claims could not be judged:"
    yield from _some([f"  {nodeid}: {claim.claim}" for nodeid, claim in claims])
    if ledger.spans_foreign:
        yield (
            "What to do: let the system take the caller's context: OTEL_PROPAGATORS must contain tracecontext (or "
            "give the load's propagator=), and no proxy may strip traceparent"
        )


def remarks(rehearsed: Sequence[Rehearsed], ledger: Ledger) -> Iterator[str]:
    """What does not stop the load, and is worth a line before it."""
    if ledger.traces_received and not ledger.traces_complete:
        yield (
            f"none of {ledger.traces_received:,} traces is complete: the system's first span is not a child of "
            "k6's; perhaps a proxy in between replaces the trace context and does not export its own spans"
        )
    elif not ledger.traces_received:
        yield "no span came back: only claims about requests and k6's metrics can be judged"
    if ledger.spans_dropped:
        yield f"{ledger.spans_dropped:,} spans were dropped, though so few requests were made"
    for test in rehearsed:
        for claim in test.unseen:
            yield f"{test.nodeid}: {claim.claim}: {claim.why} (perhaps the load has it)"


def _some(lines: Sequence[str]) -> Iterator[str]:
    for line in lines[:_SHOWN]:
        yield f"  {line}"
    if len(lines) > _SHOWN:
        yield f"  and {len(lines) - _SHOWN} more"
