"""What a request leaves in the traces of a healthy shop."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from demo_receiver import CLIENT, SERVER, Receiver, Traceparent

if TYPE_CHECKING:
    from demo_shop import Shop


def test_checkout_continues_the_callers_trace_through_both_services(healthy: Shop, receiver: Receiver) -> None:
    context = Traceparent()
    assert healthy.checkout(traceparent=str(context)).status_code == 201

    spans = receiver.trace(context, services=2)
    servers = {span.service: span for span in spans if span.kind == SERVER}
    assert (servers["orders"].name, servers["orders"].parent_id) == ("POST /checkout", context.span_id)
    assert servers["stock"].name == "POST /reserve"
    by_id = {span.span_id: span for span in spans}
    call = by_id[servers["stock"].parent_id]
    assert (call.service, call.kind, call.parent_id) == ("orders", CLIENT, servers["orders"].span_id)
    database = {
        service: [s.statement.split()[0] for s in spans if s.statement and s.service == service]
        for service in servers
    }
    assert database == {
        "orders": ["SELECT", "BEGIN", "INSERT", "INSERT", "INSERT"],
        "stock": ["SELECT", "BEGIN", "UPDATE"],
    }
    assert all(by_id[s.parent_id].kind == SERVER for s in spans if "db.system" in s.attributes)


def test_checkout_marks_its_spans_with_correlation_and_business_attributes(
    healthy: Shop, receiver: Receiver
) -> None:
    context = Traceparent()
    headers = {"X_Correlation_ID": "abc123", "X_Test_Scenario": "order-checkout"}
    healthy.checkout("sku-7", traceparent=str(context), **headers)

    servers = [span for span in receiver.trace(context, services=2) if span.kind == SERVER]
    for span in servers:
        assert span.attributes["k6.correlation_id"] == "abc123"
        assert span.attributes["test.scenario"] == "order-checkout"
        assert span.attributes["shop.sku"] == "sku-7"
    assert {span.attributes.get("shop.customer") for span in servers} == {"c1", None}


def test_request_without_correlation_headers_gets_no_correlation_attributes(
    healthy: Shop, receiver: Receiver
) -> None:
    context = Traceparent()
    healthy.history(traceparent=str(context))

    attributes = {key for span in receiver.trace(context) for key in span.attributes}
    assert not attributes & {"k6.correlation_id", "test.scenario"}


def test_healthy_requests_need_few_database_calls(healthy: Shop, receiver: Receiver) -> None:
    checkout, history = Traceparent(), Traceparent()
    healthy.checkout(traceparent=str(checkout))
    healthy.history(traceparent=str(history))

    for context, services, limit in ((checkout, 2, 12), (history, 1, 3)):
        calls = Counter(
            span.statement or span.name
            for span in receiver.trace(context, services)
            if "db.system" in span.attributes
        )
        assert calls.total() <= limit
        assert max(calls.values()) <= 3


def test_health_checks_and_fault_switches_leave_no_spans(healthy: Shop, receiver: Receiver) -> None:
    healthy.http.get("/healthz")
    healthy.switch("missing_index")
    healthy.switch()
    context = Traceparent()
    healthy.checkout(traceparent=str(context))
    receiver.trace(context, services=2)

    assert receiver.names >= {"POST /checkout", "POST /reserve"}
    assert not any("_faults" in name or "healthz" in name for name in receiver.names)
    assert not any(name.startswith(("DROP", "CREATE", "PRAGMA")) for name in receiver.names)
