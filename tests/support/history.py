"""Histories made by hand: entries of earlier runs, drawn with the noise that real runs have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from k6spec.history.entry import Entry, Statistic, entry_of
from k6spec.history.store import HistoryStore
from k6spec.judge.verdict import Unit

GIT = {"commit": "c" * 40, "committed": "2026-10-01T00:00:00+00:00", "branch": "main", "dirty": False}

_MEASURED = {"statistics", "operations", "critical_operations"}


def commit(number: int) -> str:
    """The commit of that night."""
    return f"{number:010x}" * 4


def entry(info: Mapping[str, Any], number: int, statistics: Mapping[str, Statistic], **more: Any) -> Entry:
    """An entry of the same key as ``info``, made on day ``number`` of October 2026 (from 1)."""
    git = {**GIT, "commit": commit(number), **more.pop("git", {})}
    plain = {
        **info,
        "run_id": f"2026-10-{number:02d}T00-00-00-{number:08x}",
        "started": f"2026-10-{number:02d}T00:00:00+00:00",
        "session": f"night-{number}",
        "git": git,
        **more,
    }
    made = entry_of(plain)
    return Entry(
        **{name: getattr(made, name) for name in made.__slots__ if name not in _MEASURED},
        statistics=statistics,
        operations=more.get("operations", {}),
        critical_operations=more.get("critical_operations", {}),
    )


def nights(
    folder: Path,
    info: Mapping[str, Any],
    statistic: str,
    values: Sequence[float],
    *,
    unit: Unit = "ns",
    members: int = 1000,
    **more: Any,
) -> HistoryStore:
    """A history of one statistic, a night a value."""
    store = HistoryStore(folder)
    for number, value in enumerate(values, 1):
        told = Statistic(unit=unit, value=value, members=members, compared=True)
        store.add(entry(info, number, {statistic: told}, **more))
    return store
