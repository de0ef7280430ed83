"""Order lines are read order by order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo.faults.active import is_on
from demo.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

FAULT = Fault(
    name="n_plus_one",
    cause="GET /orders reads the lines of each order with a statement of its own instead of one for all.",
    service="orders",
    span="FROM order_lines",
)


def batches(order_ids: Sequence[int]) -> list[Sequence[int]]:
    """The groups of orders whose lines are read together: one group of all, or one per order."""
    if is_on(FAULT):
        return [[order_id] for order_id in order_ids]
    return [order_ids] if order_ids else []
