"""The orders of a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from demo.database.tables import order_events, order_lines, orders
from demo.faults.n_plus_one import batches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

LATEST = 10

_LINE = (
    order_lines.c.order_id,
    order_lines.c.sku,
    order_lines.c.quantity,
    (order_lines.c.price_cents * order_lines.c.quantity).label("amount_cents"),
)


def latest_orders(connection: Connection, customer: str) -> list[dict[str, Any]]:
    """The customer's latest orders with their lines, newest first."""
    newest = (
        select(order_events.c.order_id, func.max(order_events.c.happened_at).label("changed_at"))
        .where(order_events.c.customer == customer)
        .group_by(order_events.c.order_id)
        .order_by(order_events.c.order_id.desc())
        .limit(LATEST)
        .subquery("newest")
    )
    query = (
        select(orders, newest.c.changed_at)
        .join(newest, newest.c.order_id == orders.c.id)
        .order_by(orders.c.id.desc())
    )
    found = connection.execute(query).all()
    lines: dict[int, list[Row[Any]]] = {}
    for order_ids in batches([order.id for order in found]):
        for line in _lines(connection, order_ids):
            lines.setdefault(line.order_id, []).append(line)
    return [_document(order, lines.get(order.id, [])) | {"changed_at": order.changed_at} for order in found]


def one_order(connection: Connection, order_id: int) -> dict[str, Any] | None:
    """An order with its lines, or None."""
    order = connection.execute(select(orders).where(orders.c.id == order_id)).one_or_none()
    return None if order is None else _document(order, _lines(connection, [order_id]))


def _lines(connection: Connection, order_ids: Sequence[int]) -> Sequence[Row[Any]]:
    query = select(*_LINE).where(order_lines.c.order_id.in_(order_ids))
    return connection.execute(query.order_by(order_lines.c.order_id, order_lines.c.position)).all()


def _document(order: Row[Any], lines: Sequence[Row[Any]]) -> dict[str, Any]:
    return {
        "order_id": order.id,
        "customer": order.customer,
        "placed_at": order.placed_at,
        "total": order.total_cents / 100,
        "lines": [
            {"sku": line.sku, "quantity": line.quantity, "amount": line.amount_cents / 100} for line in lines
        ],
    }
