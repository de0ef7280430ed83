"""k6spec explain: what the failure messages said, from the archive."""

from __future__ import annotations

import json
from pathlib import Path

from tests.plugin.conftest import HEAD, declared
from tests.support.command import k6spec
from tests.support.runs import Request, db, entry, make_run

SPEC = (
    HEAD
    + """
def test_db(run: Run) -> None:
    assert run.spans.db().duration.max <= ms(200)

def test_failed(run: Run) -> None:
    assert run.http().failed.rate < percent(1)
"""
)


def judged(folder: Path) -> Path:
    """A project whose one run was judged by pytest."""
    slow = Request(
        name="GET /checkout", ms=500, spans=[entry("GET /checkout", ms=480), db("SELECT stock", ms=412)]
    )
    make_run(folder / ".k6spec/runs/2026-11-01T00-00-00-0000aaaa", [slow], load=declared())
    (folder / "test_spec.py").write_text(SPEC)
    assert k6spec("run", "--replay", "last", "-q", "test_spec.py", cwd=folder).returncode == 1
    return folder


def test_it_says_again_what_failed_with_links(tmp_path: Path) -> None:
    lines = k6spec("explain", "last", cwd=judged(tmp_path)).stdout.splitlines()

    assert lines[0] == "failed test_spec.py::test_db"
    assert lines[1] == "  db spans: max duration 412 ms, limit 200 ms"
    assert lines[2].startswith("    file://")
    assert lines[2].endswith("412 ms  SELECT stock   (orders, VU 1, 00:00)")
    assert lines[-1] == "2026-11-01T00-00-00-0000aaaa: 1 passed, 1 failed"


def test_all_claims_one_test_and_json(tmp_path: Path) -> None:
    project = judged(tmp_path)

    assert "passed test_spec.py::test_failed" in k6spec("explain", "last", "--all", cwd=project).stdout
    assert "test_db" not in k6spec("explain", "last", "--all", "-k", "test_failed", cwd=project).stdout
    (line,) = k6spec("explain", "last", "--json", cwd=project).stdout.splitlines()
    assert json.loads(line)["outcome"] == "failed"
    unknown = k6spec("explain", "last", "-k", "nope", cwd=project)
    assert (unknown.returncode, "has 'nope' in its node id" in unknown.stderr) == (2, True)


def test_damaged_tables_are_told_after_what_was_said(tmp_path: Path) -> None:
    project = judged(tmp_path)
    (project / ".k6spec/runs/2026-11-01T00-00-00-0000aaaa/spans.parquet").write_text("garbage")

    told, as_json = k6spec("explain", "last", cwd=project), k6spec("explain", "last", "--json", cwd=project)

    assert (told.returncode, as_json.returncode) == (7, 7)
    assert told.stdout.startswith("failed test_spec.py::test_db")
    assert json.loads(as_json.stdout)["outcome"] == "failed"
    assert "spans.parquet cannot be read; perhaps only a part of it was copied" in told.stderr
