"""Look up and reduce the quantities in stock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select, update

from demo.database.connections import transaction
from demo.database.tables import stock
from demo.faults import errors, hot_key, slow_downstream, slow_query

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Connection, Engine

_TAKE = (
    update(stock)
    .where(stock.c.sku == bindparam("taken_sku"), stock.c.quantity >= bindparam("taken"))
    .values(quantity=stock.c.quantity - bindparam("taken"))
)


class OutOfStockError(Exception):
    """There is less of a product than was asked for."""


def look_up(connection: Connection, skus: Collection[str]) -> dict[str, int]:
    """The quantity by sku; unknown products are left out."""
    query = select(stock.c.sku, stock.c.quantity, *slow_query.slow_columns()).where(stock.c.sku.in_(skus))
    return {row.sku: row.quantity for row in connection.execute(query)}


def reserve(engine: Engine, wanted: Mapping[str, int]) -> None:
    """Take all of the wanted quantities (by sku) or none."""
    with errors.in_flight():
        slow_downstream.linger()
        with engine.connect() as connection:
            hot_key.count_demand(connection, wanted)
            available = look_up(connection, wanted)
            for sku, quantity in wanted.items():
                if available.get(sku, 0) < quantity:
                    raise OutOfStockError(f"{available.get(sku, 0)} of {sku} in stock, {quantity} wanted")
            with transaction(connection):
                taken = connection.execute(
                    _TAKE, [{"taken_sku": sku, "taken": wanted[sku]} for sku in sorted(wanted)]
                )
                if taken.rowcount < len(wanted):
                    raise OutOfStockError("sold to another customer at the same moment")
