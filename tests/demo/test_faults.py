"""Each fault changes what it says it changes, and only while it is on."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import TYPE_CHECKING

import httpx
import pytest
from demo_receiver import CLIENT, SERVER, Receiver, Span, Traceparent

if TYPE_CHECKING:
    from collections.abc import Callable

    from demo_shop import Shop


def timed(request: Callable[[], httpx.Response]) -> float:
    """The duration of a successful request in seconds."""
    start = time.perf_counter()
    assert request().is_success
    return time.perf_counter() - start


def at_once(request: Callable[[], httpx.Response], times: int) -> list[httpx.Response]:
    """The answers to requests that are sent at the same time."""
    with ThreadPoolExecutor(times) as pool:
        return [sent.result() for sent in [pool.submit(request) for _ in range(times)]]


def test_switch_replaces_the_faults_of_both_services(healthy: Shop) -> None:
    assert healthy.switch("slow_query", "errors").json() == ["errors", "slow_query"]
    assert healthy.switch("n_plus_one").json() == ["n_plus_one"]
    assert healthy.http.get("/_faults").json() == ["n_plus_one"]
    assert httpx.get(f"{healthy.stock}/_faults").json() == ["n_plus_one"]
    assert healthy.switch().json() == []


def test_unknown_fault_is_refused_with_the_names_and_changes_nothing(healthy: Shop) -> None:
    from demo.faults import FAULTS

    healthy.switch("errors")
    answer = healthy.switch("slow_query", "gremlins")
    assert answer.status_code == 400
    assert "gremlins" in answer.json()["error"]
    assert all(name in answer.json()["error"] for name in FAULTS)
    assert healthy.http.get("/_faults").json() == ["errors"]


def test_body_that_is_no_list_is_refused(healthy: Shop) -> None:
    assert healthy.http.post("/_faults", json={"slow_query": True}).status_code == 400
    assert healthy.http.post("/_faults", content="slow_query").status_code == 400


@pytest.mark.parametrize(
    ("fault", "sku", "least_s"),
    [
        ("slow_query", "sku-1", 0.3),
        ("slow_downstream", "sku-1", 0.25),
        ("hot_key", "sku-hot", 0.3),
        ("lock_contention", "sku-1", 0.15),
        ("small_pool", "sku-1", 0.1),
        ("errors", "sku-1", 0.2),
    ],
)
def test_sleeping_fault_delays_a_checkout_until_switched_off(
    healthy: Shop, fault: str, sku: str, least_s: float
) -> None:
    usual = min(timed(lambda: healthy.checkout(sku)) for _ in range(3))
    healthy.switch(fault)
    assert timed(lambda: healthy.checkout(sku)) >= least_s
    healthy.switch()
    assert min(timed(lambda: healthy.checkout(sku)) for _ in range(3)) < usual + least_s


def test_slow_query_shows_in_the_statement(healthy: Shop, receiver: Receiver) -> None:
    healthy.switch("slow_query")
    slow = blamed("slow_query", healthy, receiver)
    assert all("pg_sleep" in span.statement and span.duration_s >= 0.3 for span in slow)


def test_hot_key_spares_the_other_products(healthy: Shop, receiver: Receiver) -> None:
    healthy.switch("hot_key")
    assert blamed("hot_key", healthy, receiver, sku="sku-hot")[0].duration_s >= 0.3
    context = Traceparent()
    healthy.checkout("sku-1", traceparent=str(context))
    assert not any("demand" in span.statement for span in receiver.trace(context, services=2))


def test_slow_downstream_is_in_no_database_span(healthy: Shop, receiver: Receiver) -> None:
    healthy.switch("slow_downstream")
    context = Traceparent()
    healthy.checkout(traceparent=str(context))
    in_stock = [span for span in receiver.trace(context, services=2) if span.service == "stock"]
    server = next(span for span in in_stock if span.kind == SERVER)
    assert server.duration_s - sum(span.duration_s for span in in_stock if span.kind == CLIENT) >= 0.25


def test_n_plus_one_repeats_the_statement_for_lines(healthy: Shop, receiver: Receiver) -> None:
    def statements() -> Counter[str]:
        context = Traceparent()
        assert len(healthy.history(traceparent=str(context)).json()) == 10
        return Counter(span.statement for span in receiver.trace(context) if "order_lines" in span.statement)

    assert list(statements().values()) == [1]
    healthy.switch("n_plus_one")
    assert list(statements().values()) == [10]


def test_missing_index_slows_the_history_until_the_index_is_back(healthy: Shop) -> None:
    def usual() -> float:
        return median(timed(healthy.history) for _ in range(7))

    before = usual()
    healthy.switch("missing_index")
    assert usual() > 3 * before
    healthy.switch()
    assert usual() < 3 * before


def test_small_pool_makes_other_requests_wait_in_connect(healthy: Shop, receiver: Receiver) -> None:
    healthy.switch("small_pool")
    contexts = [Traceparent() for _ in range(4)]
    queue = iter(contexts)
    at_once(lambda: healthy.checkout(traceparent=str(next(queue))), times=4)
    waits = sorted(
        span.duration_s
        for context in contexts
        for span in receiver.trace(context, services=2)
        if (span.service, span.name) == ("orders", "connect")
    )
    assert len(waits) == 4
    assert waits[-1] >= 0.3


def test_lock_contention_makes_checkouts_wait_for_each_other(healthy: Shop, receiver: Receiver) -> None:
    healthy.switch("lock_contention")
    contexts = [Traceparent() for _ in range(4)]
    queue = iter(contexts)
    start = time.perf_counter()
    at_once(lambda: healthy.checkout(traceparent=str(next(queue))), times=4)
    assert time.perf_counter() - start >= 4 * 0.15
    waits = [
        span.duration_s
        for context in contexts
        for span in receiver.trace(context, services=2)
        if span.statement == "BEGIN IMMEDIATE"
    ]
    assert max(waits) >= 0.15


def test_errors_refuses_a_share_of_many_checkouts_and_records_why(healthy: Shop, receiver: Receiver) -> None:
    healthy.switch("errors")
    assert healthy.checkout().status_code == 201
    contexts = [Traceparent() for _ in range(12)]
    queue = iter(contexts)
    answers = at_once(lambda: healthy.checkout(traceparent=str(next(queue))), times=12)
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) == {201, 503}
    assert statuses[201] >= 4
    recorded = [
        span
        for context in contexts
        for span in receiver.trace(context, services=2)
        if span.service == "stock" and "exception" in span.events
    ]
    assert len(recorded) == statuses[503]


@pytest.mark.parametrize(
    "fault", ["slow_query", "n_plus_one", "missing_index", "small_pool", "slow_downstream", "hot_key"]
)
def test_evidence_of_the_fault_is_in_the_trace(healthy: Shop, receiver: Receiver, fault: str) -> None:
    healthy.switch(fault)
    assert blamed(fault, healthy, receiver, sku="sku-hot")


def blamed(fault: str, shop: Shop, receiver: Receiver, sku: str = "sku-1") -> list[Span]:
    """The spans that the registry blames for the fault, of one checkout and one look at the history."""
    from demo.faults import FAULTS

    known = FAULTS[fault]
    checkout, history = Traceparent(), Traceparent()
    shop.checkout(sku, traceparent=str(checkout))
    shop.history(traceparent=str(history))
    spans = [*receiver.trace(checkout, services=2), *receiver.trace(history)]
    assert known.span is not None
    if known.attribute is not None:
        key, value = known.attribute
        assert any(span.attributes.get(key) == value for span in spans if span.kind == SERVER)
    return [s for s in spans if s.service == known.service and (known.span in s.name or known.span in s.statement)]
