"""``k6spec history``: what is kept of each run, and where it changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.markup import escape
from rich.table import Table

from k6spec.cli.app import Exit, JsonOption, app, out, settings, tell
from k6spec.cli.archive import DEFAULT_RUNS, RunsOption
from k6spec.config import project_root
from k6spec.errors import ArchiveFault, UsageError
from k6spec.history.entry import Entry, from_plain, to_plain
from k6spec.history.facts import commits_between
from k6spec.history.past import HistoryPast
from k6spec.history.store import HistoryStore, Marks, marks_from_plain, marks_to_plain
from k6spec.judge.family import Family
from k6spec.judge.limits import shown
from k6spec.store.archive import RunFolder, find_runs
from k6spec.units import counted

if TYPE_CHECKING:
    from k6spec.history.series import Found

HistoryOption = Annotated[
    Path | None,
    typer.Option("--history", help="The folder of history. [default: that of the settings]", show_default=False),
]
_LISTED: Final = 5

history: Final = typer.Typer(no_args_is_help=True, help="What is kept of each run for claims against baselines.")
app.add_typer(history, name="history")


def opened(folder: Path | None) -> HistoryStore:
    """The history that an option names, else the one of the settings."""
    return HistoryStore(folder or settings().history_folder)


def past_of(folder: Path | None, info: Mapping[str, Any]) -> HistoryPast:
    """Earlier runs, as a run sees them, from its ``run.json``."""
    trunk = settings().baseline_branch
    return HistoryPast(opened(folder), info, family=Family(), trunk=trunk)


@history.command("list")
def list_entries(
    branch: Annotated[str, typer.Option(help="Only runs of this branch.")] = "",
    limit: Annotated[int, typer.Option(help="How many, the newest first.", min=1)] = 20,
    folder: HistoryOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a run, with all it measured.")] = False,
) -> None:
    """List the runs that history knows, the newest first. Runs of one key are compared with one another.

    Example: k6spec history list --branch main
    """
    store = opened(folder)
    found = [entry for entry in store.entries() if not branch or entry.branch == branch][::-1][:limit]
    if as_json:
        for entry in found:
            tell(to_plain(entry))
        return
    if not found:
        out.print(f"history has no runs{f' of {escape(branch)}' if branch else ''} yet ({store.folder})")
        return
    pinned = {run_id: name for name, ids in store.marks().pins.items() for run_id in ids}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("run", "load", "branch", "revision", "key", "pinned"):
        table.add_column(column, no_wrap=column in {"run", "revision", "key"}, min_width=len(column))
    for entry in found:
        revision = f"{entry.revision}{' (changed)' if entry.dirty else ''}"
        cells = (
            entry.run_id,
            ", ".join(entry.scenarios),
            entry.branch or "-",
            revision,
            entry.key,
            pinned.get(entry.run_id, ""),
        )
        table.add_row(*map(escape, cells))
    out.print(table)


@history.command()
def changes(
    branch: Annotated[
        str, typer.Option(help="Runs of this branch. [default: that of the settings, else main]")
    ] = "",
    since: Annotated[
        int | None,
        typer.Option("--last", min=1, help="Only changes within the newest N runs of a load.", metavar="N"),
    ] = None,
    folder: HistoryOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a change.")] = False,
) -> None:
    """Find where statistics changed from one run to the next, and between which commits.

    For nightly runs: a change needs three nights on its far side, and eight in all. Exit code 0 if nothing
    changed, 1 if something did.

    Example: k6spec history changes --last 10
    """
    from k6spec.history.series import changes_in

    store = opened(folder)
    trunk = branch or settings().baseline_branch or _trunk(store.entries())
    found, series = changes_in(store.entries(), branch=trunk)
    if since is not None:
        found = [change for change in found if change.change.at >= change.nights - since]
    if as_json:
        for change in found:
            tell(_plain(change))
    elif not series:
        place = f" of branch {escape(trunk)}" if trunk else ""
        out.print(f"no statistic has the eight runs{place} yet that it takes to look for changes ({store.folder})")
    elif not found:
        out.print(f"no change in {counted(series, 'statistic')}")
    else:
        _show(found, series)
    if found:
        raise typer.Exit(Exit.NO)


@history.command()
def export(
    to: Annotated[Path, typer.Argument(help="The file to write, JSON lines.")],
    folder: HistoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write all of history into one file, pins and accepted beginnings too, for another machine or another tool.

    Example: k6spec history export history.jsonl
    """
    store = opened(folder)
    entries, marks = store.entries(), store.marks()
    lines = [*map(to_plain, entries), *([marks_to_plain(marks)] if marks != Marks() else [])]
    try:
        to.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise ArchiveFault(f"{to} cannot be written: {error.strerror}") from error
    if as_json:
        tell({"path": str(to), "runs": len(entries)})
    else:
        out.print(f"wrote {counted(len(entries), 'run')} to {escape(str(to))}", soft_wrap=True)


@history.command("import")
def import_entries(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files that k6spec history export wrote.", metavar="[FILE]...")
    ] = None,
    from_runs: Annotated[
        bool, typer.Option("--from-runs", help="Take up archived runs that history does not know.")
    ] = False,
    runs: RunsOption = DEFAULT_RUNS,
    folder: HistoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take up runs from exported files, or from the archive. What history knows of a run already stays.

    Example: k6spec history import history.jsonl
    """
    if not files and not from_runs:
        raise UsageError("there is nothing to import", advice="name files, or give --from-runs")
    store = opened(folder)
    known = {entry.run_id for entry in store.entries()}
    added = 0
    for entry in [entry for file in files or () for entry in _read(file)]:
        if isinstance(entry, Marks):
            store.add_marks(entry)
        elif entry.run_id not in known:
            store.add(entry)
            known.add(entry.run_id)
            added += 1
    for run in find_runs(runs) if from_runs else ():
        if run.run_id not in known and run.is_whole() and not run.info().get("ab"):  # rounds are no nights
            store.add(_recorded(run))
            added += 1
    total = len(store.entries())
    if as_json:
        tell({"added": added, "runs": total})
    else:
        out.print(f"took up {counted(added, 'run')}; history has {total:,}")


def _recorded(run: RunFolder) -> Entry:
    from k6spec.history.recording import record_run
    from k6spec.judge.health import Tolerances

    return record_run(run, Tolerances.of(settings()))


def _read(file: Path) -> list[Entry | Marks]:
    try:
        lines = file.read_text(encoding="utf-8").split("\n")  # names may hold what else ends a line
        return [_told(json.loads(line), f"{file}:{number}") for number, line in enumerate(lines, 1) if line]
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not what k6spec history export writes: it is no text") from error
    except json.JSONDecodeError as error:
        raise UsageError(f"{file} is not what k6spec history export writes: {error}") from error


def _told(plain: Any, where: str) -> Entry | Marks:
    if isinstance(plain, dict) and "pins" in plain:
        return marks_from_plain(plain, where)
    return from_plain(plain, where)


def _trunk(entries: list[Entry]) -> str | None:
    branches = {entry.branch for entry in entries}
    return next((name for name in ("main", "master") if name in branches), None)


def _plain(found: Found) -> dict[str, Any]:
    return {
        "key": found.key,
        "statistic": found.statistic,
        "unit": found.unit,
        "before": found.change.before,
        "after": found.change.after,
        "change": found.change.share if abs(found.change.share) != float("inf") else None,
        "p": found.change.p,
        "last_run": found.last.run_id,
        "last_commit": found.last.commit,
        "last_version": found.last.version,
        "first_run": found.first.run_id,
        "first_commit": found.first.commit,
        "first_version": found.first.version,
    }


def _show(found: list[Found], series: int) -> None:
    """Changes that came in the same night of the same load, together."""
    groups: dict[tuple[str, str], list[Found]] = {}
    for change in found:
        groups.setdefault((change.last.run_id, change.first.run_id), []).append(change)
    for together in groups.values():
        last, first = together[0].last, together[0].first
        out.print(
            f"[bold]{escape(last.revision)} .. {escape(first.revision)}[/]  "
            f"({last.started[:10]} to {first.started[:10]}, {escape(', '.join(first.scenarios))})"
        )
        for change in together:
            before, after = (shown(value, change.unit) for value in (change.change.before, change.change.after))
            share = change.change.share
            by = "" if abs(share) == float("inf") else f" ({share * 100:+.1f} %)"
            out.print(f"  {escape(change.statistic)}: {before} -> {after}{by}", soft_wrap=True)
        _print_commits(last, first)
    out.print(f"{counted(len(found), 'change')} in {counted(series, 'statistic')}")


def _print_commits(last: Entry, first: Entry) -> None:
    if last.commit is None or first.commit is None:
        return
    if last.commit == first.commit:
        out.print("  the specs' commit is the same: look at the system's version, or at the machine")
        return
    out.print(f"  git log {last.commit[:10]}..{first.commit[:10]}")
    commits = commits_between(project_root(), last.commit, first.commit, most=_LISTED + 1)
    for line in (commits or [])[:_LISTED]:
        out.print(f"    {escape(line)}", soft_wrap=True)
    if commits and len(commits) > _LISTED:
        out.print("    …")
