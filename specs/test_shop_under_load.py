"""Fifty customers at once: a k6 script, a ramp, and what must hold of requests, spans and traces."""

from __future__ import annotations

import k6spec
from k6spec import Run, Scenario, ms, percent, ramping_vus, seconds, stage

customers = Scenario.script("load/shop.js")
pytestmark = k6spec.load(customers, ramping_vus(stage("2s", 50, name="ramp"), stage("8s", 50, name="peak")))


def test_checkout_is_fast(run: Run) -> None:
    assert run.http("POST /checkout").during(stage="peak").duration.p75 < ms(200)


def test_nothing_fails(run: Run) -> None:
    assert run.http().failed.rate < percent(1)


def test_no_db_span_over_200_ms_under_50_vus(run: Run) -> None:
    assert run.spans.db().during(vus=50).duration.max <= ms(200)


def test_order_history_is_looked_up_quickly(run: Run) -> None:
    history = run.spans.db(service="orders", statement="*FROM order_events*")
    assert history.during(stage="peak").duration.median < ms(10)


def test_order_history_has_no_n_plus_one(run: Run) -> None:
    assert run.traces(root="GET /orders").repeated(db=True).max <= 3


def test_a_database_connection_is_at_hand(run: Run) -> None:
    assert run.spans("connect", service="orders").during(stage="peak").duration.p95 < ms(50)


def test_stock_answers_quickly(run: Run) -> None:
    reservations = run.spans("POST /reserve", service="stock", kind="server")
    assert reservations.during(stage="peak").duration.p75 < ms(150)


def test_service_level(run: Run) -> None:
    """Several claims of one test: every miss is reported at once."""
    run.expect(
        run.http().duration.p99 < seconds(2),
        run.spans.db().over(ms(200)).rate <= percent(0.3),
        run.traces(root="POST /checkout").calls(db=True).max <= 12,
        run.spans(status="error").count <= 0,
    )
