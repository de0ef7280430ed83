"""Sources for tests: for each, a way to have a backend that holds the golden traces."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from pathlib import Path

from k6spec.collect.sources.base import TraceSource
from tests.support import source_clickhouse, source_jaeger, source_oneuptime, source_otlp_file, source_tempo

Loaded = AbstractContextManager[tuple[TraceSource, Collection[str]]]
"""A source whose backend holds the golden traces, and what it cannot keep (see tests/support/golden.py)."""

LOADED: dict[str, Callable[[Path], Loaded]] = {
    **source_clickhouse.LOADED,
    **source_jaeger.LOADED,
    **source_oneuptime.LOADED,
    **source_otlp_file.LOADED,
    **source_tempo.LOADED,
}
"""By id: the source's kind, and after a space which variant of its backend; given a folder of its own."""

SOURCES = LOADED.keys()
