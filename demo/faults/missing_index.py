"""The index behind the order history is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo.database.connections import transaction
from demo.database.tables import order_history_index
from demo.faults.active import is_on
from demo.faults.fault import Fault

if TYPE_CHECKING:
    from sqlalchemy import Engine

FAULT = Fault(
    name="missing_index",
    cause="order_events has no index on customer, so the order history reads the whole table.",
    service="orders",
    span="FROM order_events",
)


def apply(engine: Engine) -> None:
    """Drop or create the index so that the database agrees with the active faults."""
    with engine.connect() as connection, transaction(connection):
        if is_on(FAULT):
            order_history_index.drop(connection, checkfirst=True)
        else:
            order_history_index.create(connection, checkfirst=True)
