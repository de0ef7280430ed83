"""The tables of the shop; money is in cents, times are seconds since 1970."""

from sqlalchemy import Column, ForeignKey, Identity, Index, Integer, MetaData, String, Table

SEEDED_ORDERS = 20_000
EVENTS_PER_ORDER = 30

metadata = MetaData()

products = Table(
    "products",
    metadata,
    Column("sku", String(20), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("price_cents", Integer, nullable=False),
)

stock = Table(
    "stock",
    metadata,
    Column("sku", String(20), ForeignKey("products.sku"), primary_key=True),
    Column("quantity", Integer, nullable=False),
)

customers = Table(
    "customers",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("discount_percent", Integer, nullable=False),
)

orders = Table(
    "orders",
    metadata,
    Column("id", Integer, Identity(start=SEEDED_ORDERS + 1), primary_key=True),
    Column("customer", String(20), ForeignKey("customers.id"), nullable=False),
    Column("placed_at", Integer, nullable=False),
    Column("total_cents", Integer, nullable=False),
)

order_lines = Table(
    "order_lines",
    metadata,
    Column("order_id", Integer, ForeignKey("orders.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("sku", String(20), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("price_cents", Integer, nullable=False),
)

order_events = Table(
    "order_events",
    metadata,
    Column("id", Integer, Identity(start=SEEDED_ORDERS * EVENTS_PER_ORDER + 1), primary_key=True),
    Column("order_id", Integer, nullable=False),
    Column("customer", String(20), nullable=False),
    Column("happened_at", Integer, nullable=False),
    Column("note", String(200), nullable=False),
)

order_history_index = Index("order_events_by_customer", order_events.c.customer, order_events.c.order_id)

order_numbers = Table(
    "order_numbers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("last_number", Integer, nullable=False),
)
