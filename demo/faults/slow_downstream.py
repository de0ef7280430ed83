"""The stock service is slow outside its database."""

from __future__ import annotations

import time

from demo.faults.active import is_on
from demo.faults.fault import Fault

SLEEP_S = 0.25

FAULT = Fault(
    name="slow_downstream",
    cause=f"stock spends {SLEEP_S * 1000:.0f} ms of every reservation in its own code, in no database call.",
    service="stock",
    span="POST /reserve",
)


def linger() -> None:
    """Take the time that the fault takes."""
    if is_on(FAULT):
        time.sleep(SLEEP_S)
