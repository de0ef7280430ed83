"""The stock service refuses work when it is busy."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from demo.faults.active import is_on
from demo.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 2
WORK_S = 0.2

FAULT = Fault(
    name="errors",
    cause=f"With more than {LIMIT} reservations in flight, stock refuses every second one of the excess.",
    service="stock",
    span="POST /reserve",
)


class OverloadedError(RuntimeError):
    """A reservation was refused because too many are in flight."""


_lock = threading.Lock()
_in_flight = 0
_over_limit = 0


@contextmanager
def in_flight() -> Iterator[None]:
    """Count the block as a reservation in flight, refuse it if the fault says so."""
    global _in_flight, _over_limit
    if not is_on(FAULT):
        yield
        return
    with _lock:
        _in_flight += 1
        count = _in_flight
        _over_limit += count > LIMIT
        refused = count > LIMIT and _over_limit % 2 == 1
    try:
        if refused:
            raise OverloadedError(f"{count} reservations in flight, {LIMIT} are possible")
        time.sleep(WORK_S)
        yield
    finally:
        with _lock:
            _in_flight -= 1
