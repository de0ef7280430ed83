"""The set of faults that are switched on in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from demo.faults.fault import Fault

_active: frozenset[str] = frozenset()


def is_on(fault: Fault) -> bool:
    """Whether the fault is switched on now."""
    return fault.name in _active


def active() -> list[str]:
    """The names of the faults that are on, sorted."""
    return sorted(_active)


def switch(names: Iterable[str]) -> None:
    """Replace the set of active faults; the names have been checked by `demo.faults.known`."""
    global _active
    _active = frozenset(names)
