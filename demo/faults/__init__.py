"""The faults of the shop, each in a file of its own together with what is known of its cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo.faults import (
    errors,
    hot_key,
    lock_contention,
    missing_index,
    n_plus_one,
    slow_downstream,
    slow_query,
    small_pool,
)
from demo.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["FAULTS", "Fault", "UnknownFaultError", "known", "listed"]

FAULTS: dict[str, Fault] = {
    module.FAULT.name: module.FAULT
    for module in (
        slow_query,
        n_plus_one,
        missing_index,
        small_pool,
        slow_downstream,
        hot_key,
        lock_contention,
        errors,
    )
}


class UnknownFaultError(ValueError):
    """A name that is no fault; the message lists the names."""


def known(names: Iterable[object]) -> frozenset[str]:
    """The names as a set, all of them faults."""
    wanted = [name.strip() if isinstance(name, str) else name for name in names]
    unknown = [str(name) for name in wanted if name not in FAULTS]
    if unknown:
        raise UnknownFaultError(f"unknown fault {', '.join(unknown)}; known: {', '.join(FAULTS)}")
    return frozenset(str(name) for name in wanted)


def listed(text: str) -> frozenset[str]:
    """The faults of a comma-separated list such as SHOP_FAULTS."""
    return known(name for name in text.split(",") if name.strip())
