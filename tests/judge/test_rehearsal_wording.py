"""The words with which a load is stopped before it begins, and what is only said."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from k6spec import Inconclusive, UsageError
from k6spec.judge.rehearsal import Rehearsed, Unseen
from k6spec.judge.rehearsed import check_claims, remarks
from k6spec.store.ledger import Ledger

TRIED = "tried: 3 iterations with 3 requests (tracestate k6spec=preflight), to which 0 spans came back"


def ledger(**counts: int) -> Ledger:
    """Of three requests."""
    given = {"traces_received": 0, "traces_complete": 0, "spans_received": 0, **counts}
    return Ledger(tier="stream", requests_sent=3, requests_sampled=3, traces_expected=3, **given)


def typo(number: int = 1) -> Rehearsed:
    """A test that names a service that is not there."""
    return Rehearsed(
        nodeid=f"specs/test_shop.py::test_{number}",
        unseen=(
            Unseen(
                claim="order db spans: max duration <= 200 ms",
                why="no span has service 'order'; there is 'orders'",
                misspelt=True,
                of_spans=True,
            ),
        ),
    )


def unanswered() -> Rehearsed:
    """A test of spans, where there is none."""
    claim = Unseen(
        claim="db spans: max duration <= 200 ms",
        why="not one span came back for 3 sampled requests. Check, in this order: …",
        of_spans=True,
    )
    return Rehearsed(nodeid="specs/test_shop.py::test_db", unseen=(claim,))


def rare() -> Rehearsed:
    """A test of what a few requests need not show."""
    return Rehearsed(
        nodeid="specs/test_shop.py::test_refunds",
        unseen=(Unseen(claim="POST /refund requests: count <= 0", why="no request has name 'POST /refund'"),),
    )


def test_a_claim_that_no_run_can_have() -> None:
    wrong = Rehearsed(
        nodeid="specs/test_shop.py::test_p95",
        mistake="this is a length of time, and is compared with 400; write ms(400) or seconds(2)",
    )
    with pytest.raises(UsageError) as caught:
        check_claims([wrong], ledger(), TRIED)
    assert str(caught.value) == snapshot("""\
preflight: these tests have mistakes in their claims, which a load would only show later
  specs/test_shop.py::test_p95: this is a length of time, and is compared with 400; write ms(400) or seconds(2)\
""")


def test_a_name_that_is_nearly_right() -> None:
    with pytest.raises(Inconclusive) as caught:
        check_claims([typo(number) for number in range(10)], ledger(traces_received=3), TRIED)
    assert str(caught.value) == snapshot("""\
preflight: tests name what is not there, but something with nearly that name is
  tried: 3 iterations with 3 requests (tracestate k6spec=preflight), to which 0 spans came back
  specs/test_shop.py::test_0: order db spans: max duration <= 200 ms: no span has service 'order'; there is 'orders'
  specs/test_shop.py::test_1: order db spans: max duration <= 200 ms: no span has service 'order'; there is 'orders'
  specs/test_shop.py::test_2: order db spans: max duration <= 200 ms: no span has service 'order'; there is 'orders'
  specs/test_shop.py::test_3: order db spans: max duration <= 200 ms: no span has service 'order'; there is 'orders'
  specs/test_shop.py::test_4: order db spans: max duration <= 200 ms: no span has service 'order'; there is 'orders'
  specs/test_shop.py::test_5: order db spans: max duration <= 200 ms: no span has service 'order'; there is 'orders'
  specs/test_shop.py::test_6: order db spans: max duration <= 200 ms: no span has service 'order'; there is 'orders'
  specs/test_shop.py::test_7: order db spans: max duration <= 200 ms: no span has service 'order'; there is 'orders'
  and 2 more
What to do: correct the name; if only the whole load reaches what it names, mark the test @k6spec.no_rehearsal\
""")


def test_no_span_at_all() -> None:
    with pytest.raises(Inconclusive) as caught:
        check_claims([unanswered()], ledger(), TRIED)
    assert str(caught.value) == snapshot("""\
preflight: no span came back, and tests claim something of spans
  tried: 3 iterations with 3 requests (tracestate k6spec=preflight), to which 0 spans came back
  not one span came back for 3 sampled requests. Check, in this order: …
  These claims could not be judged:
    specs/test_shop.py::test_db: db spans: max duration <= 200 ms\
""")


def test_spans_in_traces_of_their_own() -> None:
    with pytest.raises(Inconclusive) as caught:
        check_claims([unanswered()], ledger(spans_foreign=12), TRIED)
    assert str(caught.value) == snapshot("""\
preflight: 12 spans arrived, but none of them in a trace that k6 began
  tried: 3 iterations with 3 requests (tracestate k6spec=preflight), to which 0 spans came back
  These claims could not be judged:
    specs/test_shop.py::test_db: db spans: max duration <= 200 ms
What to do: let the system take the caller's context: OTEL_PROPAGATORS must contain tracecontext (or give the load's propagator=), and no proxy may strip traceparent\
""")


def test_what_is_only_said() -> None:
    assert [
        *remarks([], ledger()),
        *remarks([], ledger(traces_received=3)),
        *remarks([rare()], ledger(traces_received=3, traces_complete=3, spans_dropped=2)),
    ] == snapshot(
        [
            "no span came back: only claims about requests and k6's metrics can be judged",
            "none of 3 traces is complete: the system's first span is not a child of k6's; perhaps a proxy in between replaces the trace context and does not export its own spans",
            "2 spans were dropped, though so few requests were made",
            "specs/test_shop.py::test_refunds: POST /refund requests: count <= 0: no request has name 'POST /refund' (perhaps the load has it)",
        ]
    )
