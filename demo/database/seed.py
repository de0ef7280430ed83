"""Deterministic data, written once: every row is a formula of its number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, inspect, select, text

from demo.database.connections import transaction
from demo.database.tables import EVENTS_PER_ORDER, SEEDED_ORDERS, metadata, order_history_index, order_numbers

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

PRODUCTS = 200
CUSTOMERS = 2_000
HOT_SKU = "sku-hot"
SOLD_OUT_SKU = "sku-sold-out"

_NUMBERED = PRODUCTS - 2  # products called sku-1, sku-2, ...; the last two have names of their own
_EPOCH = 1_700_000_000
_NOTE = (  # long, because the width of order_events decides how slow it is to read without its index
    "The parcel was scanned by the carrier in the depot and handed on to the next one; "
    "delivery is expected within the time that the customer was told."
)

_STATEMENTS = (
    f"""INSERT INTO products (sku, name, price_cents)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {PRODUCTS})
        SELECT CASE i WHEN {PRODUCTS - 1} THEN '{HOT_SKU}' WHEN {PRODUCTS} THEN '{SOLD_OUT_SKU}'
               ELSE 'sku-' || i END, 'Product ' || i, 199 + i * 37 % 5000 FROM n""",
    f"""INSERT INTO stock (sku, quantity)
        SELECT sku, CASE sku WHEN '{SOLD_OUT_SKU}' THEN 0 ELSE 1000000 END FROM products""",
    f"""INSERT INTO customers (id, name, discount_percent)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {CUSTOMERS})
        SELECT 'c' || i, 'Customer ' || i, i % 4 * 5 FROM n""",
    f"""INSERT INTO orders (id, customer, placed_at, total_cents)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {SEEDED_ORDERS})
        SELECT i, 'c' || (i * 7919 % {CUSTOMERS} + 1), {_EPOCH} + i * 60, 0 FROM n""",
    f"""INSERT INTO order_lines (order_id, position, sku, quantity, price_cents)
        SELECT o.id, p.position, 'sku-' || ((o.id * 31 + p.position * 17) % {_NUMBERED} + 1),
               (o.id + p.position) % 3 + 1, 199 + (o.id + p.position) * 37 % 5000
        FROM orders o JOIN (SELECT 1 AS position UNION ALL SELECT 2 UNION ALL SELECT 3) p
        ON p.position <= o.id % 3 + 1""",
    """UPDATE orders SET total_cents =
        (SELECT sum(quantity * price_cents) FROM order_lines WHERE order_id = orders.id)""",
    f"""INSERT INTO order_events (id, order_id, customer, happened_at, note)
        WITH RECURSIVE n(i) AS
            (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {SEEDED_ORDERS * EVENTS_PER_ORDER - 1})
        SELECT i + 1, i / {EVENTS_PER_ORDER} + 1,
               'c' || ((i / {EVENTS_PER_ORDER} + 1) * 7919 % {CUSTOMERS} + 1), {_EPOCH} + i * 2,
               '{_NOTE}' FROM n""",
    f"INSERT INTO order_numbers (id, last_number) VALUES (1, {SEEDED_ORDERS})",
)


def seed(engine: Engine) -> None:
    """Create the tables and their data unless an earlier run has done so."""
    with engine.connect() as connection, transaction(connection):
        if inspect(connection).has_table("order_numbers") and _seeded(connection):
            return
        metadata.create_all(connection)
        order_history_index.drop(connection)
        for statement in _STATEMENTS:
            connection.execute(text(statement))
        order_history_index.create(connection)  # cheaper over the finished table
    with engine.connect() as connection, transaction(connection):
        connection.execute(text("ANALYZE"))


def _seeded(connection: Connection) -> bool:
    return bool(connection.execute(select(func.count()).select_from(order_numbers)).scalar())
