"""Nightly series out of history, and the changes in them with the commits between which they came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from k6spec.history.changes import SHORTEST, Change, find_changes
from k6spec.history.entry import Entry
from k6spec.judge.verdict import Unit


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A statistic changed after the run ``last`` (of the old level) and by ``first`` (of the new one)."""

    key: str
    statistic: str
    unit: Unit
    change: Change
    last: Entry
    first: Entry
    nights: int


def changes_in(entries: Sequence[Entry], *, branch: str | None) -> tuple[list[Found], int]:
    """All changes in runs of a branch, the latest first, and how many series were long enough to be looked at.

    ``entries``: the oldest first. Runs of a changed work tree are left out.
    """
    runs: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        if not entry.dirty and (branch is None or entry.branch == branch):
            for statistic in entry.statistics:
                runs.setdefault((entry.key, statistic), []).append(entry)
    runs = {name: found for name, found in runs.items() if len(found) >= SHORTEST}
    names = {f"{key} {statistic}": (key, statistic) for key, statistic in runs}
    series = {
        name: [entry.statistics[statistic].value for entry in runs[key, statistic]]
        for name, (key, statistic) in names.items()
    }
    found = [
        Found(
            key=names[name][0],
            statistic=names[name][1],
            unit=runs[names[name]][change.at].statistics[names[name][1]].unit,
            change=change,
            last=runs[names[name]][change.at - 1],
            first=runs[names[name]][change.at],
            nights=len(runs[names[name]]),
        )
        for name, changes in find_changes(series).items()
        for change in changes
    ]
    return sorted(found, key=lambda each: (each.first.started, abs(each.change.share)), reverse=True), len(series)
