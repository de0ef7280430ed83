"""Which source: by its kind's name, among those that installed packages offer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final, TypeAlias, cast

from k6spec.collect.sources.base import TraceSource
from k6spec.options import Options

GROUP: Final = "k6spec.sources"
"""The entry point group: a kind's name, and its ``make``."""

MakeSource: TypeAlias = Callable[[Options, Path], TraceSource]
"""What an entry point names: makes a source of its settings; relative paths in them start at the folder given."""


def kinds() -> list[str]:
    """The kinds that there are."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def make_source(table: Mapping[str, object], *, root: Path, environ: Mapping[str, str]) -> TraceSource:
    """The source that ``[tool.k6spec.source]`` describes; nothing is asked of it yet.

    Args:
        root: relative paths start there.
        environ: for ``${NAME}`` in texts.

    Raises:
        ConfigError: there is no such kind, or a setting of it is missing, wrong or unknown.
    """
    options = Options(table, where="[tool.k6spec.source]", environ=environ)
    kind = options.required("kind")
    points = {point.name: point for point in entry_points(group=GROUP)}
    if kind not in points:
        raise options.wrong("kind", f"use one of {', '.join(sorted(points))}")
    make = cast("MakeSource", points[kind].load())
    source = make(options, root)
    options.end()
    return source
