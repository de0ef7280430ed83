"""``k6spec explain``: what the failure messages of a run said, from the archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.markup import escape

from k6spec.cli.app import app, out, tell
from k6spec.cli.archive import COLOURS, DEFAULT_RUNS, RunArgument, RunsOption
from k6spec.errors import UsageError
from k6spec.report.judged import counts_of, latest
from k6spec.store.archive import RunFolder, find_run


@app.command()
def explain(
    run: RunArgument,
    test: Annotated[str, typer.Option("-k", "--test", help="Only tests whose node id has this text.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Passed and skipped claims too.")] = False,
    folder: RunsOption = DEFAULT_RUNS,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, as run.json has it.")] = False,
) -> None:
    """Say again what the failure messages of a run said: of each claim the latest judgement.

    Example: k6spec explain last -k checkout
    """
    found = find_run(folder, run)
    judged = [v for v in latest(found.info()["verdicts"]) if test in v["nodeid"]]
    if test and not judged:
        raise UsageError(
            f"no test of {found.run_id} has {test!r} in its node id",
            advice="k6spec explain RUN --all lists them",
        )
    told = [v for v in judged if every or v["outcome"] in {"failed", "inconclusive"}]
    if as_json:
        for verdict in told:
            tell(verdict)
    else:
        _tell_all(found, told, judged)
    if found.is_whole():
        found.check_tables()  # what was said stands in run.json, and is told though the tables are damaged


def _tell_all(found: RunFolder, told: Sequence[Mapping[str, Any]], judged: Sequence[Mapping[str, Any]]) -> None:
    if not found.is_whole():
        reason = escape(str(found.info().get("reason", "it was cut off")))
        out.print(f"[red]{found.status()}[/] {reason}", soft_wrap=True)
    for verdict in told:
        _tell(found, verdict)
    counts = counts_of(judged)
    said = ", ".join(f"{counts[outcome]} {outcome}" for outcome in COLOURS if counts[outcome])
    out.print(f"{found.run_id}: {said or 'nothing was claimed of it'}", highlight=False)


def _tell(run: RunFolder, verdict: Mapping[str, Any]) -> None:
    colour = COLOURS[verdict["outcome"]]
    out.print(f"[{colour}]{verdict['outcome']}[/] {escape(verdict['nodeid'])}", soft_wrap=True)
    out.print(f"  {escape(verdict.get('headline') or verdict['claim'])}", soft_wrap=True)
    for line in verdict.get("lines") or _bare(verdict):
        indent = "      " if line.get("kind") == "payload" else "    "
        page = run.path / "traces" / f"{line.get('trace')}.html"
        link = f"{page.resolve().as_uri()}  " if line.get("trace") and page.is_file() else ""
        out.print(escape(f"{indent}{link}{line['text']}"), soft_wrap=True)
    out.print()


def _bare(verdict: Mapping[str, Any]) -> list[dict[str, str]]:
    """Of verdicts that were archived without their message."""
    reason = verdict.get("reason")
    lines = [{"text": f"{verdict['outcome']}: {reason}"}] if reason else []
    lines += [{"text": note} for note in verdict.get("notes") or ()]
    return lines + [{"text": f"trace {trace}"} for trace in verdict.get("trace_ids") or ()]
