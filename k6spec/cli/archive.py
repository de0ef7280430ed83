"""Commands that look at archived runs: ``runs``, ``show``, ``trace``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.markup import escape
from rich.table import Table

from k6spec.cli.app import app, out, settings, tell
from k6spec.cli.completing import DEFAULT_RUNS as DEFAULT_RUNS
from k6spec.cli.completing import run_ids, trace_ids
from k6spec.collect.leftovers import clean_leftovers
from k6spec.errors import ArchiveFault, UsageError
from k6spec.report.judged import OUTCOMES, counts_of, issue, latest, numbers, told
from k6spec.report.load_words import described_load
from k6spec.store.archive import RunFolder, find_run, find_runs
from k6spec.units import format_ns

if TYPE_CHECKING:
    from k6spec.query.database import Database
    from k6spec.report.trace_tree import TraceTree


def _there(context: typer.Context, option: typer.CallbackParam, folder: Path) -> Path:
    """The folder that is given, else that of the settings, which the first load may have yet to make."""
    source = context.get_parameter_source(option.name or "")
    if source is None or source.name != "COMMANDLINE":
        folder, here = settings().runs_folder, Path.cwd()
        return folder.relative_to(here) if folder.is_relative_to(here) else folder
    if not folder.is_dir():
        raise UsageError(f"--runs: there is no folder {folder}", advice="left out, it is that of the settings")
    return folder


RunsOption = Annotated[
    Path,
    typer.Option(
        "--runs",
        help="The folder of archived runs. [default: that of the settings]",
        show_default=False,
        callback=_there,
    ),
]
COLOURS: Final = {"passed": "green", "failed": "red", "inconclusive": "yellow", "skipped": "blue"}
"""Of outcomes."""

_WIDE: Final = 70
"""Characters; from there on a table of runs has room for its numbers."""

RUN: Final = typer.Argument(
    help="A run id, a part of its beginning or end, a path, or last.", autocompletion=run_ids
)
RunArgument = Annotated[str, RUN]


def cleaned(folder: Path) -> list[RunFolder]:
    """The runs, the newest first; what those left that were killed is redacted or removed first."""
    clean_leftovers(folder, settings(), os.environ)
    return find_runs(folder)


@app.command()
def runs(
    folder: RunsOption = DEFAULT_RUNS,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    limit: Annotated[int, typer.Option(help="How many, the newest first.", min=1)] = 20,
) -> None:
    """List archived runs, the newest first.

    Example: k6spec runs --limit 5
    """
    found = cleaned(folder)[:limit]
    if as_json:
        for run in found:
            tell(_overview(run))
        return
    if not found:
        out.print(f"no runs in {folder} yet; pytest specs/ makes some")
        return
    out.print(_table(map(_overview, found)))


@app.command()
def show(
    run: RunArgument,
    folder: RunsOption = DEFAULT_RUNS,
    as_json: Annotated[bool, typer.Option("--json", help="run.json as it is.")] = False,
) -> None:
    """Show a run: what was loaded, the ledger, and every verdict.

    Example: k6spec show last
    """
    found = find_run(folder, run)
    info = found.info()
    if as_json:
        tell(info)
        return
    out.print(f"[bold]{found.run_id}[/]  {found.status()}  {escape(str(info.get('spec') or ''))}")
    if not found.is_whole():
        out.print(escape(str(info.get("reason", "it was cut off"))))
    for name, profile in described_load(info):
        out.print(f"  {escape(name)}: {escape(profile)}")
    out.print(f"  against {escape(info['environment']['base_url'])}, stack {info['stack']['name']}")
    if "ledger" in info:
        _print_measured(found)
    for verdict in info["verdicts"]:
        out.print(_verdict_line(verdict), soft_wrap=True)


@app.command()
def trace(
    trace_id: Annotated[
        str,
        typer.Argument(help="A trace id in hex, or its beginning (at least 4 digits).", autocompletion=trace_ids),
    ],
    run: Annotated[
        str,
        typer.Option(help="The run to look in; by default all, the newest first.", autocompletion=run_ids),
    ] = "",
    folder: RunsOption = DEFAULT_RUNS,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, with a list of its spans.")] = False,
) -> None:
    """Show a trace as a waterfall, with the client span of k6 on top.

    Example: k6spec trace 4f2a91c0
    """
    from k6spec.query.database import Database
    from k6spec.report.links import read_trace
    from k6spec.report.waterfall import render_waterfall

    prefix = trace_id.lower().removeprefix("0x")
    if len(prefix) < 4 or not set(prefix) <= set("0123456789abcdef"):
        raise UsageError(f"{trace_id!r} is not a trace id", advice="give at least 4 hex digits of one")
    searched = [find_run(folder, run)] if run else [found for found in find_runs(folder) if found.is_whole()]
    for found in searched:
        database = Database(found.path)
        ids = database.rows(
            "SELECT DISTINCT lower(hex(trace_id)) AS id FROM spans WHERE starts_with(id, ?) LIMIT 5",
            [prefix],
        )
        if len(ids) > 1:
            names = ", ".join(full for (full,) in ids)
            raise UsageError(f"{len(ids)} traces begin with {prefix}: {names}", advice="give more digits")
        if ids:
            tree = read_trace(database, ids[0][0])
            assert tree is not None
            if as_json:
                tell({"run_id": found.run_id, "trace_id": ids[0][0], "spans": list(_spans(tree))})
                return
            out.print(f"[bold]{ids[0][0]}[/] in {found.run_id}")
            out.print(render_waterfall(tree))
            return
    raise UsageError(
        f"no trace begins with {prefix}; runs searched in {folder}: {len(searched)}",
        advice="k6spec show RUN lists the traces that verdicts name",
    )


def _spans(tree: TraceTree) -> Iterator[dict[str, Any]]:
    """As the waterfall has them: below each span its children, in the order in which they began."""
    for depth, node in tree.walk():
        yield {
            "span_id": node.span_id,
            "parent_span_id": node.parent_span_id,
            "depth": depth,
            "service": node.service,
            "name": node.name,
            "kind": node.kind,
            "status": node.status,
            "start_ns": node.start_ns,
            "duration_ns": node.duration_ns,
            "self_ns": node.self_ns,
            "attributes": dict(node.attributes),
        }


def _overview(run: RunFolder) -> dict[str, Any]:
    try:
        info, status = run.info(), run.status()
    except ArchiveFault:
        info, status = {}, "unreadable"
    ledger = info.get("ledger", {})
    judged = latest(info.get("verdicts", ()))
    return {
        "run_id": run.run_id,
        "status": status,
        "started": info.get("started"),
        "scenarios": sorted(info.get("profile", {}).get("scenarios", ())),
        "requests": ledger.get("requests_sent", 0),
        "traces_complete": ledger.get("traces_complete", 0),
        **counts_of(judged),
    }


def _table(rows: Iterable[dict[str, Any]]) -> Table:
    """On a narrow terminal without the columns that would leave the others a few characters each."""
    wide = out.width >= _WIDE
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("run", no_wrap=True, min_width=28)
    if wide:
        table.add_column("load", overflow="fold")
        table.add_column("requests", justify="right")
        table.add_column("traces", justify="right")
    table.add_column("verdicts", overflow="fold", min_width=18)
    for row in rows:
        counts = (
            (escape(", ".join(row["scenarios"])), f"{row['requests']:,}", f"{row['traces_complete']:,}")
            if wide
            else ()
        )
        table.add_row(row["run_id"], *counts, escape(_verdicts(row)))
    return table


def _verdicts(row: dict[str, Any]) -> str:
    judged = ", ".join(told(row, outcome) for outcome in OUTCOMES if row[outcome]) or "none"
    return judged if row["status"] == "complete" else str(row["status"])


def _verdict_line(verdict: dict[str, Any]) -> str:
    colour = COLOURS[verdict["outcome"]]
    nothing = "none was seen" if verdict["outcome"] == "passed" else "nothing matched"
    seen, _limit = numbers(verdict["observed"], verdict["limit"], verdict["unit"])
    more = f" [dim]{escape(known)}[/]" if (known := issue(verdict)) else ""
    more += f"  traces {' '.join(verdict['trace_ids'])}" if verdict["trace_ids"] else ""
    return f"  [{colour}]{verdict['outcome']}[/] {escape(verdict['claim'])} ({escape(seen or nothing)}){more}"


def _print_measured(folder: RunFolder) -> None:
    from k6spec.report.run_remarks import run_remarks
    from k6spec.run import Run

    run = Run(folder)
    out.print(f"  {escape(str(run.ledger))}")
    _print_operations(run.database)
    for remark in run_remarks(run, settings()):
        out.print(f"  {escape(remark)}")


def _print_operations(database: Database) -> None:
    from k6spec.query.success import FAILED

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("  request", "count", "failed", "p50", "p95", "max"):
        table.add_column(column, justify="left" if column.strip() == "request" else "right")
    rows = database.rows(
        f"""SELECT operation, count(*), count(*) FILTER (WHERE {FAILED}), quantile_cont(duration_ns, 0.5),
        quantile_cont(duration_ns, 0.95), max(duration_ns) FROM requests WHERE scenario IS NOT NULL
        GROUP BY operation ORDER BY operation"""
    )
    for operation, count, failed, p50, p95, most in rows:
        numbers = (format_ns(value) for value in (p50, p95, most))
        table.add_row(f"  {escape(operation)}", f"{count:,}", f"{failed:,}", *numbers)
    out.print(table)
