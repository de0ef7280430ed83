"""Checkouts queue for one row."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from demo.database.tables import order_numbers
from demo.faults.active import is_on
from demo.faults.fault import Fault

if TYPE_CHECKING:
    from sqlalchemy import Connection

HOLD_S = 0.15

FAULT = Fault(
    name="lock_contention",
    cause=f"Each checkout holds the lock on one shared counter for {HOLD_S * 1000:.0f} ms, the others wait.",
    service="orders",
    span="BEGIN IMMEDIATE",
    span_postgresql="FOR UPDATE",
)


def take_number(connection: Connection) -> None:
    """Count the order in the shared row within the caller's transaction, slowly.

    SQLite ignores FOR UPDATE: there the caller's BEGIN IMMEDIATE holds the lock of the whole database,
    so reservations of the stock service wait as well.
    """
    if not is_on(FAULT):
        return
    counter = order_numbers.c.id == 1
    last = connection.execute(select(order_numbers.c.last_number).where(counter).with_for_update()).scalar_one()
    time.sleep(HOLD_S)
    connection.execute(update(order_numbers).where(counter).values(last_number=last + 1))
