"""The report of a run of a million spans: seconds to write it, its size, and seconds until Chromium shows it.

Shown means: opened from disk, charts and tables drawn, the first waterfall there.
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from playwright.sync_api import sync_playwright

from benchmarks.judge import make
from k6spec import ms
from k6spec.judge.record import record
from k6spec.report.failure import failure_message
from k6spec.report.links import Links
from k6spec.report.report_file import write_report
from k6spec.run import Run
from k6spec.store.archive import REQUESTS, SPANS, RunFolder

_CHROMIUM = "/usr/bin/chromium"


def measure() -> dict[str, float]:
    """For a tenth of a million spans and for a million."""
    figures = {}
    for spans in (100_000, 1_000_000):
        with TemporaryDirectory() as folder:
            path = _judged(Path(folder) / "2026-11-01T00-00-00-00000001", spans // 10)
            begun = time.monotonic()
            report = write_report(RunFolder(path))
            figures[f"{spans:,} spans: written in, s"] = time.monotonic() - begun
            figures[f"{spans:,} spans: size, kB"] = report.stat().st_size / 1000
            figures[f"{spans:,} spans: opened in, s"] = _opened(report)
    return figures


def _judged(path: Path, traces: int) -> Path:
    """A run with a claim that fails, and what a session would have told of it."""
    folder = RunFolder(make(path, traces))
    _spread(folder.path, traces)
    info = folder.info()
    told = {
        "started": "2026-11-01T00:00:00+00:00",
        "spec": "specs/test_shop.py:1",
        "profile": {"scenarios": {"buy": {"profile": {"executor": "constant-vus", "vus": 50}}}},
        "environment": {"base_url": "http://127.0.0.1:8000"},
        "versions": {"k6spec": "0", "k6": "0"},
    }
    folder.write_info({**info, **told})
    run = Run(folder)
    verdict = run.spans.db().duration.max <= ms(20)
    lines = failure_message(run, verdict, Links(root=path)).plain()
    folder.add_verdicts([record(verdict, nodeid="test_shop.py::test_db", session="s", lines=lines)])
    run.database.close()
    return path


def _spread(path: Path, traces: int) -> None:
    """Over ten minutes, and over some two thousand statements: as many slices and rows as a report may have."""
    step = 600 * 10**9 // traces
    changes = {
        REQUESTS: f"""start_ns + request_id * {step} AS start_ns, end_ns + request_id * {step} AS end_ns,
            elapsed_ns + request_id * {step} AS elapsed_ns""",
        SPANS: "db_statement || ' -- ' || (hash(trace_id) % 400) AS db_statement",
    }
    for name, replaced in changes.items():
        file, draft = path / name, path / f"{name}.tmp"
        duckdb.sql(
            f"COPY (SELECT * REPLACE ({replaced}) FROM '{file}') TO '{draft}' (FORMAT parquet, COMPRESSION zstd)"
        )
        draft.replace(file)


def _opened(report: Path) -> float:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        begun = time.monotonic()
        page.goto(report.as_uri())
        page.locator("#waterfall .row").first.wait_for()
        page.evaluate("new Promise(requestAnimationFrame)")
        taken = time.monotonic() - begun
        browser.close()
    return taken
