"""One product is slow to reserve, all others are fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from demo.database.seed import HOT_SKU
from demo.database.tables import order_lines
from demo.faults.active import is_on
from demo.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

SLEEP_S = 0.3

FAULT = Fault(
    name="hot_key",
    cause=f"Reserving {HOT_SKU} runs a statement of {SLEEP_S * 1000:.0f} ms that no other product needs.",
    service="stock",
    span="AS demand",
    attribute=("shop.sku", HOT_SKU),
)


def count_demand(connection: Connection, skus: Collection[str]) -> None:
    """Count the sales of the hot product if it is among those to reserve."""
    if is_on(FAULT) and HOT_SKU in skus:
        pause = select(func.pg_sleep(SLEEP_S)).scalar_subquery().label("pause")
        demand = select(func.count().label("demand"), pause).where(order_lines.c.sku == HOT_SKU)
        connection.execute(demand).one()
