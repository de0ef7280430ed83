"""Sources for tests: for each, a way to have a backend that holds the golden traces."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from pathlib import Path

from k6spec.collect.sources.base import TraceSource

Loaded = AbstractContextManager[tuple[TraceSource, Collection[str]]]
"""A source whose backend holds the golden traces, and what it cannot keep (see tests/support/golden.py)."""

LOADED: dict[str, Callable[[Path], Loaded]] = {}
"""By id: the source's kind, and after a space which variant of its backend; given a folder of its own."""

SOURCES = LOADED.keys()
