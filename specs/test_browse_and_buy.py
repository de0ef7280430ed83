"""The same shop with a flow written in Python, at a fixed rate of arrivals: an open model."""

from __future__ import annotations

import k6spec
from k6spec import Run, Scenario, constant_arrival_rate, flow, limit, ms, percent

browse_and_buy = Scenario.http(
    flow.get("/products", extract={"sku": "0.sku"}, check={"something is for sale": flow.json("0").exists()}),
    flow.think("100ms", "300ms"),
    flow.group(
        "buy",
        flow.post(
            "/checkout",
            json={"customer": "c{vu}", "items": [{"sku": "{sku}", "quantity": "{wish.quantity}"}]},
            expect=201,
            extract={"order": "order_id"},
        ),
        flow.get("/orders/{order}"),
    ),
    data={"wish": flow.rows([{"quantity": 1}, {"quantity": 2}], pick="random")},
    name="browse_and_buy",
)
pytestmark = k6spec.load(browse_and_buy, constant_arrival_rate(10, "8s", warmup="1s", max_vus=60))


def test_buying_is_fast(run: Run) -> None:
    assert run.http("POST /checkout").after_warmup().duration.p95 < limit("checkout_p95", ms(400))


def test_arrivals_are_kept_up_with(run: Run) -> None:
    assert run.http("POST /checkout").rate >= 8


def test_a_new_order_can_be_read_at_once(run: Run) -> None:
    run.expect(
        run.http("GET /orders/*").failed.rate <= percent(0),
        run.traces(root="GET /orders/*").calls(db=True).max <= 3,
    )
