"""Calls that Ctrl-C does not cut in two."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")


def uninterrupted(call: Callable[[], _T]) -> _T:
    """Makes a call and lets it end before an interrupt, which only the main thread gets, is raised."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()
