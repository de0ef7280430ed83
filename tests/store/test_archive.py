"""A run's folder: whole, aborted, or refused in words."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from k6spec import ArchiveFault, UsageError
from k6spec.process import process_begun
from k6spec.store.archive import create_run, find_run, find_runs


def test_a_new_run_is_private_and_its_id_carries_its_key(tmp_path: Path) -> None:
    run = create_run(tmp_path / ".k6spec" / "runs")

    assert stat.S_IMODE(run.path.stat().st_mode) == 0o700
    assert len(run.key) == 4
    assert run.run_id.endswith(run.key.hex())


def test_archives_are_kept_out_of_git(tmp_path: Path) -> None:
    create_run(tmp_path / ".k6spec" / "runs")

    assert (tmp_path / ".k6spec" / ".gitignore").read_text() == "*\n"


def test_a_place_that_cannot_be_written_says_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(ArchiveFault, match=r"(?s)cannot be made.*set runs = "):
        create_run(tmp_path / "file" / "runs")


def test_verdicts_are_added_and_never_changed(tmp_path: Path) -> None:
    run = create_run(tmp_path)
    run.write_info({"format": 1, "verdicts": [{"claim": "a"}], "kept": True})

    run.add_verdicts([{"claim": "b"}])

    assert run.info() == {"format": 1, "verdicts": [{"claim": "a"}, {"claim": "b"}], "kept": True}


def test_sessions_that_judge_at_once_lose_nothing(tmp_path: Path) -> None:
    run = create_run(tmp_path)
    run.write_info({"format": 1, "verdicts": []})
    code = (
        "import sys, pathlib; from k6spec.store.archive import RunFolder;"
        "run = RunFolder(pathlib.Path(sys.argv[1]));"
        "[run.add_verdicts([{'claim': str(number)}]) for number in range(50)]"
    )

    sessions = [subprocess.Popen([sys.executable, "-c", code, str(run.path)]) for _ in range(3)]

    assert [session.wait(60) for session in sessions] == [0, 0, 0]
    assert len(run.info()["verdicts"]) == 150


def test_a_run_that_was_killed_counts_as_aborted(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    run = create_run(tmp_path)

    run.write_info({"format": 1, "status": "running", "pid": ended.pid})
    assert run.status() == "aborted"
    run.write_info({"format": 1, "status": "running", "pid": os.getpid()})
    assert run.status() == "running"


def test_a_run_whose_pid_was_given_to_another_process_counts_as_aborted(tmp_path: Path) -> None:
    run = create_run(tmp_path)
    mine = {"format": 1, "status": "running", "pid": os.getpid()}

    run.write_info({**mine, "process_begun": process_begun(os.getpid())})
    assert run.status() == "running"
    run.write_info({**mine, "process_begun": "1 another"})
    assert run.status() == "aborted"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"format": 2}', "has format 2, this k6spec reads up to 1"),
        ('{"format": 1', "is damaged"),
        ("[]", "it has no format"),
    ],
)
def test_a_damaged_or_newer_description_is_refused_in_words(tmp_path: Path, content: str, message: str) -> None:
    run = create_run(tmp_path)
    (run.path / "run.json").write_text(content)

    with pytest.raises(ArchiveFault, match=message):
        run.info()
    assert (run.path / "run.json").read_text() == content


def test_a_run_is_found_by_either_end_of_its_id(tmp_path: Path) -> None:
    for name in ("2026-11-01T00-00-00-0000aaaa", "2026-11-02T00-00-00-0000bbbb"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(json.dumps({"format": 1, "status": "complete"}))

    assert find_run(tmp_path, "aaaa").run_id == "2026-11-01T00-00-00-0000aaaa"
    assert find_run(tmp_path, "2026-11-02").run_id == "2026-11-02T00-00-00-0000bbbb"
    assert find_run(tmp_path, "last").run_id == "2026-11-02T00-00-00-0000bbbb"
    with pytest.raises(UsageError, match="2 runs are called '2026'"):
        find_run(tmp_path, "2026")


def test_folders_that_are_no_runs_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()

    assert find_runs(tmp_path) == []
    assert find_runs(tmp_path / "missing") == []
