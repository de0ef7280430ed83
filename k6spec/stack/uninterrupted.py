"""Calls that Ctrl-C does not cut in two."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


def uninterrupted(call: Callable[[], _T]) -> _T:
    """Makes a call and lets it end before an interrupt, which only the main thread gets, is raised."""
    if threading.current_thread() is not threading.main_thread():
        return call()
    interrupts: list[int] = []
    before = signal.signal(signal.SIGINT, lambda signum, _frame: interrupts.append(signum))
    try:
        return call()
    finally:
        signal.signal(signal.SIGINT, before)
        if interrupts:
            signal.raise_signal(signal.SIGINT)
