"""The products and their prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from demo.database.tables import customers, products

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection


def list_products(connection: Connection) -> list[dict[str, Any]]:
    """All products, as {"sku", "name", "price"}; prices are in units, not cents."""
    rows = connection.execute(select(products).order_by(products.c.sku))
    return [{"sku": row.sku, "name": row.name, "price": row.price_cents / 100} for row in rows]


def prices_for(connection: Connection, customer: str, skus: Collection[str]) -> dict[str, int]:
    """The customer's discounted price in cents by sku; empty for an unknown customer."""
    query = (
        select(products.c.sku, products.c.price_cents, customers.c.discount_percent)
        .join(customers, customers.c.id == customer)
        .where(products.c.sku.in_(skus))
    )
    rows = connection.execute(query)
    return {row.sku: row.price_cents * (100 - row.discount_percent) // 100 for row in rows}
