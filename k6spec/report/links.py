"""Links to traces: where the stack shows them, if that outlives the session, else a page of k6spec's own.

The page is made in the run's folder whenever something points to a trace, so that an archived run has it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, final

from k6spec.collect.access import is_loopback
from k6spec.query.database import Database
from k6spec.report.html.trace_page import trace_page
from k6spec.report.trace_tree import TraceTree, build_trace_tree
from k6spec.store.archive import RunFolder

TraceUrl: TypeAlias = Callable[[RunFolder, str, str | None], str | None]
"""Where a trace of a run is shown."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Makes links that work where they are read.

    ``base``: what they begin with where CI archives the runs; otherwise they are ``file://`` addresses, or
    paths relative to ``root`` in CI. ``shown``: where a stack shows a trace of a run, by the run's folder, the
    trace's id and a span's; None if nowhere that will last.
    """

    root: Path
    base: str | None = None
    ci: bool = False
    shown: TraceUrl = lambda _run, _trace_id, _span_id: None

    def to(self, page: Path) -> str:
        """The link to a file below a run's folder."""
        relative = os.path.relpath(page, self.root)
        if self.base is not None:
            return f"{self.base.rstrip('/')}/{relative}"
        return relative if self.ci else page.resolve().as_uri()

    def to_trace(self, run: RunFolder, page: Path, trace_id: str, span_id: str | None = None) -> str:
        """The link to a trace whose own page is ``page``. What is read in CI's report points to no localhost."""
        url = self.shown(run, trace_id, span_id)
        if url is None or (is_loopback(url) and (self.ci or self.base is not None)):
            return self.to(page)
        return url


def read_trace(database: Database, trace_id: str) -> TraceTree | None:
    """One trace of a run, k6's client span on top; None if no span of it was seen."""
    # Spans of one trace lie together, and their numbers tell where: ids would be read to the last.
    known = database.rows("SELECT trace_no FROM traces WHERE trace_id = unhex(?)", [trace_id])
    where = f"trace_no = {known[0][0]}" if known else "trace_id = unhex(?)"
    spans = database.table(f"SELECT * FROM spans WHERE {where}", [] if known else [trace_id])
    return build_trace_tree(spans) if spans.num_rows else None


def trace_file(folder: RunFolder, trace_id: str) -> Path:
    """Where a trace's own page is, or will be."""
    return folder.path / "traces" / f"{trace_id}.html"


def write_trace_page(
    folder: RunFolder, tree: TraceTree, *, highlight: Collection[str] = (), about: Sequence[str] = ()
) -> Path:
    """Writes ``traces/<trace_id>.html`` in the run's folder."""
    page = trace_file(folder, tree.trace_id)
    page.parent.mkdir(exist_ok=True)
    title = f"{tree.operation} · {folder.run_id}"
    page.write_text(trace_page(tree, title=title, highlight=highlight, about=about), encoding="utf-8")
    return page
