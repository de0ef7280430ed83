"""Which reports a session ends with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from importlib.metadata import entry_points
from typing import Final, cast

from k6spec.report.base import JudgedSession, Report

GROUP: Final = "k6spec.reports"
"""The entry point group of reports that other packages bring."""

_OWN: Final = {
    "html": "k6spec.report.html_report",
    "github": "k6spec.report.github",
    "gitlab": "k6spec.report.gitlab",
}


def write_reports(session: JudgedSession, names: Sequence[str] | None) -> Iterator[str]:
    """Writes those that are named, or all that the environment wants; what goes wrong is told, never raised."""
    for name in (*_OWN, *_others()) if names is None else names:
        try:
            yield from _load(name)(replace(session, asked=names is not None))
        except Exception as error:
            yield f"there is no {name} report: {type(error).__name__}: {error}"


def _load(name: str) -> Report:
    if name in _OWN:
        return cast("Report", import_module(_OWN[name]).write)
    points = {point.name: point for point in entry_points(group=GROUP)}
    if name not in points:
        raise LookupError(f"reports are {', '.join([*_OWN, *points])}")
    return cast("Report", points[name].load())


def _others() -> list[str]:
    return sorted({point.name for point in entry_points(group=GROUP)} - set(_OWN))
