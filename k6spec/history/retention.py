"""Which archived runs may go: never a pinned one, nor one that a baseline rests on."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import final

from k6spec.errors import ArchiveFault
from k6spec.history.store import HistoryStore
from k6spec.judge.past import Chosen
from k6spec.store.archive import RunFolder


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of a run: it is removed, or ``kept`` for a reason. ``size`` is in bytes."""

    run: RunFolder
    kept: str | None
    size: int


def plan(
    runs: Sequence[RunFolder], store: HistoryStore, *, keep: int | None, days: float | None, now: datetime
) -> list[Fate]:
    """The fate of each run, the newest first.

    Args:
        runs: the newest first.
        keep: the newest so many stay.
        days: those begun within so many days stay.
    """
    kept: dict[RunFolder, str] = {}
    linked: set[str] = set()
    oldest = None if days is None else now - timedelta(days=days)
    for place, run in enumerate(runs):
        if keep is not None and place < keep:
            kept[run] = f"one of the newest {keep}"
        elif oldest is not None and _began(run) >= oldest:
            kept[run] = f"younger than {days:g} days"
        elif _in_use(run):
            kept[run] = "of a session that runs"
        if run in kept:
            linked |= _baselines(run)
    pinned, current = store.marks().pinned, _current(store)
    for run in runs:
        if run in kept:
            continue
        if run.run_id in pinned:
            kept[run] = "pinned"
        elif run.run_id in linked:
            kept[run] = "a baseline of a run that stays"
        elif run.run_id in current:
            kept[run] = "a baseline of the next run"
    return [Fate(run=run, kept=kept.get(run), size=_size(run.path)) for run in runs]


def remove(run: RunFolder) -> None:
    """Removes a run's folder; what history keeps of it stays.

    Raises:
        ArchiveFault: it cannot be removed.
    """
    try:
        shutil.rmtree(run.path)
    except OSError as error:
        raise ArchiveFault(f"{run.path} cannot be removed: {error.strerror}") from error


def _baselines(run: RunFolder) -> set[str]:
    """The runs that its claims were compared with, and the rounds before it of two versions in turns."""
    try:
        info = run.info()
    except ArchiveFault:
        return set()
    compared = {
        run_id
        for verdict in info.get("verdicts", ())
        for run_id in (verdict.get("baseline") or {}).get("runs", ())
    }
    rounds = (info.get("ab") or {}).get("pairs", ())
    return compared | {run_id for pair in rounds for run_id in pair.values()}


def _current(store: HistoryStore) -> set[str]:
    """Of each load and branch the runs that the next one would be compared with."""
    groups: dict[tuple[str, str | None], list[str]] = {}
    for entry in store.entries():
        compared = any(statistic.compared for statistic in entry.statistics.values())
        if compared and not entry.dirty and not entry.broken:
            groups.setdefault((entry.key, entry.branch), []).append(entry.run_id)
    return {run_id for ids in groups.values() for run_id in ids[-Chosen().runs :]}


def _began(run: RunFolder) -> datetime:
    """When it began: the run's id says it, even if its description is damaged."""
    try:
        return datetime.strptime(run.run_id[:19], "%Y-%m-%dT%H-%M-%S").replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(run.path.stat().st_mtime, UTC)


def _in_use(run: RunFolder) -> bool:
    try:
        return run.session_lives()
    except ArchiveFault:
        return False


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
