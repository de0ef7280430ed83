"""k6's samples as client spans: each trace's true root."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from k6spec.collect.client_spans import client_spans
from k6spec.store.requests import REQUESTS

MS = 1_000_000


def request(number: int = 0, **more: Any) -> dict[str, Any]:
    """A request of 10 ms that reused a connection."""
    begin = 1_790_000_000_000_000_000 + number * 100 * MS
    return {
        "request_id": number,
        "scenario": "buy",
        "name": "GET /orders",
        "operation": "GET /orders",
        "method": "GET",
        "url": "http://127.0.0.1/orders",
        "status": 200,
        "error": "",
        "failed": False,
        "start_ns": begin,
        "end_ns": begin + 10 * MS,
        "duration_ns": 10 * MS,
        "total_ns": 10 * MS,
        "blocked_ns": 0,
        "connecting_ns": 0,
        "tls_ns": 0,
        "sending_ns": 1 * MS,
        "waiting_ns": 8 * MS,
        "receiving_ns": 1 * MS,
        "vu": 3,
        "trace_id": number.to_bytes(16, "big"),
        "span_id": b"\x01" * 8,
        "sampled": True,
        "hop": 0,
        "tags": [("customer", "c1")],
    } | more


def spans(*requests: dict[str, Any]) -> list[dict[str, Any]]:
    """The client spans, as rows."""
    table = pa.Table.from_pylist(list(requests), schema=REQUESTS)
    return [row for batch in client_spans(table) for row in batch.to_pylist()]


def test_a_request_is_a_client_span_of_k6() -> None:
    (span,) = spans(request())

    assert (span["service"], span["kind"], span["name"]) == ("k6", "client", "GET /orders")
    assert (span["duration_ns"], span["parent_span_id"], span["status"]) == (10 * MS, None, "unset")
    attributes = dict(span["attributes"])
    assert attributes["url.full"] == "http://127.0.0.1/orders"
    assert attributes["k6.tag.customer"] == "c1"
    assert (attributes["k6.vu"], dict(span["attribute_types"])["k6.vu"]) == ("3", "int")


def test_a_name_that_k6_gives_in_place_of_a_url_is_no_url() -> None:
    (span,) = spans(request(url="GET /orders"))

    assert span["url"] is None
    assert "url.full" not in dict(span["attributes"])


def test_phases_follow_one_another_without_counting_the_connection_twice() -> None:
    (span,) = spans(
        request(end_ns=1_790_000_000_015_000_000, blocked_ns=5 * MS, connecting_ns=2 * MS, tls_ns=2 * MS)
    )

    begin = span["start_ns"]
    phases = [
        (event["name"], (event["time_ns"] - begin) // MS, int(dict(event["attributes"])["duration_ns"]) // MS)
        for event in span["events"]
    ]
    assert phases == [
        ("k6.blocked", 0, 1),
        ("k6.connecting", 1, 2),
        ("k6.tls_handshaking", 3, 2),
        ("k6.sending", 5, 1),
        ("k6.waiting", 6, 8),
        ("k6.receiving", 14, 1),
    ]


def test_a_redirect_chain_is_one_span_with_its_hops() -> None:
    begin = 1_790_000_000_000_000_000
    first = request(status=302)
    second = request(hop=1, request_id=1, start_ns=begin + 10 * MS, end_ns=begin + 30 * MS, status=200)

    (span,) = spans(first, second)

    assert span["duration_ns"] == 30 * MS
    assert dict(span["attributes"])["http.response.status_code"] == "200"
    assert [event["name"] for event in span["events"]].count("k6.hop") == 2


def test_a_failed_request_is_an_error_with_its_reason() -> None:
    (span,) = spans(request(status=0, failed=True, error="connection refused"))

    assert (span["status"], span["status_message"]) == ("error", "connection refused")


def test_a_request_that_was_not_sampled_has_none() -> None:
    assert spans(request(sampled=False), request(1, trace_id=None, span_id=None, sampled=None)) == []


def test_a_grpc_call_is_a_client_span_of_its_protocol() -> None:
    call = {"protocol": "grpc", "operation": "/echo.Echo/Say", "name": "/echo.Echo/Say", "method": "echo.Echo/Say"}
    (span,) = spans(request(**call, url="grpc://127.0.0.1/echo", failed=True, error="NOT_FOUND", error_code=5))

    assert (span["kind"], span["category"], span["name"]) == ("client", "rpc", "/echo.Echo/Say")
    attributes = dict(span["attributes"])
    assert (attributes["rpc.system.name"], attributes["rpc.response.status_code"]) == ("grpc", "NOT_FOUND")
    assert "http.request.method" not in attributes
    assert span["status"] == "error"


def test_a_handshake_is_a_client_span_with_the_status_that_switches_protocols() -> None:
    (span,) = spans(request(protocol="websocket", operation="GET /feed", url="ws://127.0.0.1/feed", status=101))

    assert (span["kind"], span["category"], span["http_status"]) == ("client", "http_client", 101)
    assert dict(span["attributes"])["url.full"] == "ws://127.0.0.1/feed"
