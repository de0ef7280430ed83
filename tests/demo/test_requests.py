"""What the shop answers when it is healthy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from demo_shop import Shop


def test_checkout_shows_up_in_the_customers_orders_and_reduces_the_stock(healthy: Shop) -> None:
    before = httpx.get(f"{healthy.stock}/stock/sku-9").json()["quantity"]
    items = [{"sku": "sku-9", "quantity": 2}, {"sku": "sku-10", "quantity": 1}]
    placed = healthy.http.post("/checkout", json={"customer": "c5", "items": items})
    assert placed.status_code == 201
    receipt = placed.json()

    newest = healthy.http.get("/orders", params={"customer": "c5"}).json()[0]
    assert (newest["order_id"], newest["total"]) == (receipt["order_id"], receipt["total"])
    assert [{key: line[key] for key in ("sku", "quantity")} for line in newest["lines"]] == items
    assert sum(line["amount"] for line in newest["lines"]) == pytest.approx(receipt["total"])
    assert healthy.http.get(f"/orders/{receipt['order_id']}").json()["lines"] == newest["lines"]
    assert httpx.get(f"{healthy.stock}/stock/sku-9").json()["quantity"] == before - 2


def test_products_include_the_hot_one(healthy: Shop) -> None:
    products = healthy.http.get("/products").json()
    assert len(products) == 200
    assert {"sku-1", "sku-hot"} <= {product["sku"] for product in products}


def test_history_has_the_same_ten_orders_in_every_shop(healthy: Shop) -> None:
    orders = healthy.http.get("/orders", params={"customer": "c7"}).json()
    assert [order["order_id"] for order in orders] == list(range(18074, 0, -2000))
    assert all(order["lines"] and order["customer"] == "c7" for order in orders)


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"customer": "c1", "items": [{"sku": "sku-sold-out", "quantity": 1}]}, 409, "0 of sku-sold-out"),
        ({"customer": "nobody", "items": [{"sku": "sku-1", "quantity": 1}]}, 404, "no customer nobody"),
        ({"customer": "c1", "items": [{"sku": "sku-0", "quantity": 1}]}, 404, "sku-0"),
        ({"customer": "c1", "items": [{"sku": "sku-1", "quantity": 0}]}, 400, "quantity above 0"),
        ({"customer": "c1", "items": []}, 400, "items"),
        ({"items": [{"sku": "sku-1", "quantity": 1}]}, 400, "customer"),
        (["c1"], 400, "customer"),
    ],
)
def test_checkout_refuses_what_it_cannot_sell(healthy: Shop, body: Any, status: int, message: str) -> None:
    answer = healthy.http.post("/checkout", json=body)
    assert answer.status_code == status
    assert message in answer.json()["error"]


@pytest.mark.parametrize(("path", "status"), [("/orders", 400), ("/orders/99999999", 404), ("/nothing", 404)])
def test_unanswerable_questions_get_a_json_error(healthy: Shop, path: str, status: int) -> None:
    answer = healthy.http.get(path)
    assert answer.status_code == status
    assert answer.json()["error"]
