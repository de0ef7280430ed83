"""Links to traces: a page of k6spec's own in the run's folder, made when something points to it."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import final

from k6spec.query.database import Database
from k6spec.report.html.trace_page import trace_page
from k6spec.report.trace_tree import TraceTree, build_trace_tree
from k6spec.store.archive import RunFolder


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Makes links that work where they are read.

    ``base``: what they begin with where CI archives the runs; otherwise they are ``file://`` addresses, or
    paths relative to ``root`` in CI.
    """

    root: Path
    base: str | None = None
    ci: bool = False

    def to(self, page: Path) -> str:
        """The link to a file below a run's folder."""
        relative = os.path.relpath(page, self.root)
        if self.base is not None:
            return f"{self.base.rstrip('/')}/{relative}"
        return relative if self.ci else page.resolve().as_uri()


def read_trace(database: Database, trace_id: str) -> TraceTree | None:
    """One trace of a run, k6's client span on top; None if no span of it was seen."""
    spans = database.table("SELECT * FROM spans WHERE trace_id = unhex(?)", [trace_id])
    return build_trace_tree(spans) if spans.num_rows else None


def write_trace_page(
    folder: RunFolder, tree: TraceTree, *, highlight: Collection[str] = (), subtitle: str = ""
) -> Path:
    """Writes ``traces/<trace_id>.html`` in the run's folder."""
    page = folder.path / "traces" / f"{tree.trace_id}.html"
    page.parent.mkdir(exist_ok=True)
    title = f"{tree.operation} · {folder.run_id}"
    page.write_text(trace_page(tree, title=title, highlight=highlight, subtitle=subtitle), encoding="utf-8")
    return page
