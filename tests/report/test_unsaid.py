"""Requests of which k6 did not say whether they failed: by their status nobody is told that all went well."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from k6spec.config import Config
from k6spec.history.standard import standard_statistics
from k6spec.report.figures.earlier import earlier_runs
from k6spec.report.figures.operations import request_operations
from k6spec.report.figures.timeline import slices, timeline
from k6spec.report.html.report_page import report_page
from k6spec.report.run_remarks import run_remarks
from k6spec.run import Run
from tests.support.command import k6spec
from tests.support.runs import Request, db, entry, run_of


@pytest.fixture
def run(tmp_path: Path) -> Run:
    spans = [entry(), db()]
    unsaid = [Request(status=status, said=False, spans=spans) for status in (200, 500, 500, 0)]
    return run_of(tmp_path / ".k6spec/runs", [*unsaid, Request(spans=spans)])


def test_the_report_counts_them_by_status(run: Run) -> None:
    over = slices(run.database)
    assert over is not None

    assert [one.failed for one in request_operations(run.database)] == [3]
    assert sum(timeline(run.database, over)["series"][0]["failed"]) > 0
    page = report_page(run, [], earlier_runs(run, None), [])
    assert re.search(r"<dt>Failed</dt><dd>60 %</dd>", page)


def test_a_remark_tells_of_them(run: Run) -> None:
    said = list(run_remarks(run, Config(root=run.folder.path)))

    assert "60 % of the requests failed: 3 of 5 POST /checkout" in said[0]


def test_show_counts_them(run: Run, tmp_path: Path) -> None:
    shown = k6spec("show", "last", cwd=tmp_path).stdout

    assert re.search(r"POST /checkout +5 +3 ", shown)


def test_history_keeps_no_share_that_nobody_knows(run: Run) -> None:
    kept = dict(standard_statistics(run.database))

    assert "requests: p95 duration" in kept
    assert [name for name in kept if "failed" in name] == []
