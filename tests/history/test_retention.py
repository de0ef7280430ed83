"""Which archived runs may go, and which are still needed."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from k6spec.history.retention import plan
from k6spec.history.store import HistoryStore
from k6spec.process import process_begun
from k6spec.store.archive import FORMAT, RunFolder


def described(tmp_path: Path, number: int, **more: Any) -> RunFolder:
    folder = RunFolder(tmp_path / f"2026-11-01T00-00-{number:02d}-{number:08x}")
    folder.path.mkdir()
    folder.write_info({"format": FORMAT, "status": "complete", "verdicts": [], **more})
    return folder


def kept(tmp_path: Path, runs: list[RunFolder], keep: int) -> list[str]:
    """The ids of those that stay, the newest first."""
    fates = plan(runs, HistoryStore(tmp_path / "history"), keep=keep, days=None, now=datetime.now(UTC))
    return [fate.run.run_id for fate in fates if fate.kept is not None]


def test_rounds_stay_as_long_as_the_run_that_is_judged_by_them(tmp_path: Path) -> None:
    runs = [described(tmp_path, number) for number in range(5)]
    pairs = [
        {"base": runs[2].run_id, "candidate": runs[1].run_id},
        {"base": runs[3].run_id},
    ]
    judged = described(tmp_path, 5, ab={"version": "candidate", "round": 2, "rounds": 2, "pairs": pairs})

    stay = kept(tmp_path, [judged, *reversed(runs)], keep=1)

    assert stay == [run.run_id for run in (judged, runs[3], runs[2], runs[1])]


def test_runs_of_a_session_that_goes_on_stay(tmp_path: Path) -> None:
    here = {"pid": os.getpid(), "process_begun": process_begun(os.getpid())}
    loads = [described(tmp_path, 2, **here, status="running"), described(tmp_path, 1, **here)]
    older = described(tmp_path, 0, pid=os.getpid(), process_begun=1.0)

    assert kept(tmp_path, [*loads, older], keep=0) == [run.run_id for run in loads]


def test_a_run_whose_description_is_damaged_stands_in_no_others_way(tmp_path: Path) -> None:
    runs = [described(tmp_path, 2), described(tmp_path, 1), described(tmp_path, 0)]
    (runs[0].path / "run.json").write_text('{"format": 1, "sta')

    assert kept(tmp_path, runs, keep=2) == [run.run_id for run in runs[:2]]
