"""Writes a run's ``report.html``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from filelock import FileLock

from k6spec.config import Config
from k6spec.errors import ArchiveFault
from k6spec.history.past import HistoryPast
from k6spec.report.figures.earlier import earlier_runs
from k6spec.report.figures.traces import Chosen, chosen_traces
from k6spec.report.html.report_page import report_page
from k6spec.report.judged import latest
from k6spec.report.links import trace_file, write_trace_page
from k6spec.report.run_remarks import run_remarks
from k6spec.run import Run
from k6spec.store.archive import RunFolder

REPORT: Final = "report.html"


def report_file(folder: RunFolder) -> Path:
    """Where a run's report is, or will be."""
    return folder.path / REPORT


def write_report(folder: RunFolder, past: HistoryPast | None = None, config: Config | None = None) -> Path:
    """Makes the report anew, with all that was judged of the run so far, beside earlier runs.

    Args:
        config: what is worth a remark; by default as without any setting.

    Raises:
        ArchiveFault: the run did not end, or is damaged.
        OSError: the file cannot be written.
    """
    if not folder.is_whole():
        reason = folder.info().get("reason", "it did not end")
        raise ArchiveFault(f"{folder.run_id} has no report: {folder.status()}, {reason}")
    target = report_file(folder)
    draft = target.with_suffix(f".{os.getpid()}.tmp")
    with FileLock(folder.path / ".report.lock"):  # pytest-xdist's workers: the last one knows all verdicts
        run = Run(folder)
        try:
            traces = chosen_traces(run.database, latest(folder.info()["verdicts"]))
            _write_pages(folder, traces)
            earlier = earlier_runs(run, past)
            page = report_page(run, traces, earlier, list(run_remarks(run, config or Config(root=folder.path))))
        finally:
            run.database.close()
        draft.write_text(page, encoding="utf-8")
        draft.replace(target)
    return target


def _write_pages(folder: RunFolder, traces: Iterable[Chosen]) -> None:
    """Those that the report links to, and those of failures again: several may point to one trace."""
    for chosen in traces:
        if chosen.on_own_page or trace_file(folder, chosen.tree.trace_id).exists():
            write_trace_page(folder, chosen.tree, highlight=chosen.marked, about=chosen.reasons)
