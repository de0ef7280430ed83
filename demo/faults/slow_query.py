"""The look-up of stock is a slow statement."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func, select

from demo.faults.active import is_on
from demo.faults.fault import Fault

SLEEP_S = 0.3

FAULT = Fault(
    name="slow_query",
    cause=f"The statement that looks up quantities in stock takes {SLEEP_S * 1000:.0f} ms in the database.",
    service="stock",
    span="FROM stock",
)


def slow_columns() -> list[ColumnElement[Any]]:
    """Columns to add to the look-up; a subquery, so that it sleeps once and not once per row."""
    if not is_on(FAULT):
        return []
    return [select(func.pg_sleep(SLEEP_S)).scalar_subquery().label("pause")]
