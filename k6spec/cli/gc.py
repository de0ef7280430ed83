"""``k6spec gc``: removes archived runs that nobody needs any more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from rich.markup import escape

from k6spec.cli.app import app, out, tell
from k6spec.cli.archive import DEFAULT_RUNS, RunsOption, cleaned
from k6spec.cli.history import HistoryOption, opened
from k6spec.errors import UsageError
from k6spec.history.retention import plan, remove
from k6spec.store.archive import find_runs
from k6spec.units import counted

_MB: Final = 1_000_000


@app.command()
def gc(
    keep: Annotated[int | None, typer.Option("--keep", min=0, help="Keep the newest N runs.", metavar="N")] = None,
    days: Annotated[
        float | None, typer.Option("--days", min=0, help="Keep runs of the last N days.", metavar="N")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    folder: RunsOption = DEFAULT_RUNS,
    history: HistoryOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a run.")] = False,
) -> None:
    """Remove archived runs that are neither new nor needed: pinned runs, and those that a baseline rests on, stay.

    What history keeps of removed runs stays as well: baselines don't change. Runs that were killed are redacted.

    Example: k6spec gc --keep 50 --days 14 --dry-run
    """
    if keep is None and days is None:
        raise UsageError("say what is to stay: k6spec gc --keep 50, or --days 14, or both")
    found = find_runs(folder) if dry_run else cleaned(folder)
    fates = plan(found, opened(history), keep=keep, days=days, now=datetime.now(UTC))
    gone = [fate for fate in fates if fate.kept is None]
    if not dry_run:
        for fate in gone:
            remove(fate.run)
    if as_json:
        for fate in fates:
            removed = fate.kept is None
            tell({"run_id": fate.run.run_id, "removed": removed, "kept": fate.kept, "bytes": fate.size})
        return
    word = "would remove" if dry_run else "removed"
    for fate in gone:
        out.print(f"{word} {escape(fate.run.run_id)}  {fate.size / _MB:,.1f} MB")
    reasons: dict[str, int] = {}
    for fate in fates:
        if fate.kept is not None:
            reasons[fate.kept] = reasons.get(fate.kept, 0) + 1
    stay = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
    total = sum(fate.size for fate in gone) / _MB
    out.print(
        f"{word} {counted(len(gone), 'run')}, {total:,.1f} MB; "
        f"{len(fates) - len(gone)} stay{f' ({stay})' if stay else ''}"
    )
