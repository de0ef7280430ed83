"""The same shop in a container, on Docker's network with Collector and Jaeger: what must hold is the same."""

from __future__ import annotations

import k6spec
from k6spec import Run, Scenario, constant_vus, ms, percent

customers = Scenario.script("../load/shop.js")
pytestmark = k6spec.load(customers, constant_vus(20, "10s", warmup="2s"))


def test_nothing_fails(run: Run) -> None:
    assert run.http().failed.rate < percent(1)


def test_checkout_is_fast(run: Run) -> None:
    assert run.http("POST /checkout").after_warmup().duration.p75 < ms(200)


def test_no_db_span_over_200_ms(run: Run) -> None:
    assert run.spans.db().after_warmup().over(ms(200)).rate <= percent(0.3)


def test_order_history_has_no_n_plus_one(run: Run) -> None:
    assert run.traces(root="GET /orders").repeated(db=True).max <= 3


def test_stock_answers_quickly(run: Run) -> None:
    reservations = run.spans("POST /reserve", service="stock", kind="server")
    assert reservations.after_warmup().duration.p75 < ms(150)
