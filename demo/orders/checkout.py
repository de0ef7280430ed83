"""Place an order."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert

from demo.database.connections import transaction
from demo.database.tables import order_events, order_lines, orders
from demo.faults.lock_contention import take_number
from demo.faults.small_pool import checkout_connections
from demo.orders.catalogue import prices_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Engine

    from demo.orders.stock_client import StockClient


class UnknownError(LookupError):
    """A customer or a product that the shop does not know."""


@dataclass(frozen=True)
class Basket:
    """What a customer wants to buy: quantities by sku."""

    customer: str
    wanted: Mapping[str, int]


@dataclass(frozen=True)
class Receipt:
    """An order that has been placed."""

    order_id: int
    total_cents: int


def place_order(engine: Engine, stock: StockClient, basket: Basket) -> Receipt:
    """Price the basket, reserve it in the stock service and write the order."""
    with checkout_connections(engine) as connect:
        with connect() as connection:
            prices = prices_for(connection, basket.customer, basket.wanted)
        if missing := [sku for sku in basket.wanted if sku not in prices]:
            raise UnknownError(f"no customer {basket.customer} or no product {', '.join(missing)}")
        stock.reserve(basket.wanted)
        with connect() as connection, transaction(connection):
            return _write(connection, basket, prices)


def _write(connection: Connection, basket: Basket, prices: Mapping[str, int]) -> Receipt:
    take_number(connection)
    now = int(time.time())
    total = sum(prices[sku] * quantity for sku, quantity in basket.wanted.items())
    placed = connection.execute(
        insert(orders).values(customer=basket.customer, placed_at=now, total_cents=total).returning(orders.c.id)
    )
    order_id = placed.scalar_one()
    connection.execute(
        insert(order_lines),
        [
            {"order_id": order_id, "position": i, "sku": sku, "quantity": n, "price_cents": prices[sku]}
            for i, (sku, n) in enumerate(basket.wanted.items(), start=1)
        ],
    )
    event = {"order_id": order_id, "customer": basket.customer, "happened_at": now, "note": "order placed"}
    connection.execute(insert(order_events).values(event).inline())
    return Receipt(order_id, total)
