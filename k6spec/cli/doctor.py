"""The command ``doctor``."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table

from k6spec.cli.app import Exit, app, out, tell
from k6spec.config import Config, load_config, project_root

if TYPE_CHECKING:
    from k6spec.doctor.examine import Examination

_COLOURS: Final = {"ok": "green", "warning": "yellow", "problem": "red", "not needed": "dim"}


@app.command()
def doctor(
    env: Annotated[str | None, typer.Option("--env", help="Use the settings of tool.k6spec.env.NAME.")] = None,
    stack: Annotated[
        str | None, typer.Option("--stack", help="Look at this one, whatever the settings name.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    collector_snippet: Annotated[
        bool,
        typer.Option(
            "--collector-snippet", help="Only print what a Collector that is not ours needs to feed k6spec."
        ),
    ] = False,
) -> None:
    """Look for what would keep loads from running, and say how to correct it.

    It starts k6spec's own receiver for a moment, asks what the settings name, and changes nothing. Exit code 0 if
    nothing keeps loads from running on the stack that the settings choose, else 1.

    Example: k6spec doctor --stack docker
    """
    config = load_config(project_root(), os.environ, {"env": env, "stack": stack})
    if collector_snippet:
        from k6spec.doctor.snippet import snippet_text

        print(snippet_text(config.receiver), end="")
        return
    found = _examined(config)
    if as_json:
        findings = [asdict(finding) for finding in found.findings]
        tell({"stack": found.stack, "hindrances": found.hindrances, "findings": findings})
    else:
        _show(found)
    if found.hindrances:
        raise typer.Exit(Exit.NO)


def _examined(config: Config) -> Examination:
    # Its checks import gRPC, which other commands do without.
    from k6spec.doctor.examine import examine

    return examine(config, os.environ)


def _show(found: Examination) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for finding in found.findings:
        colour = _COLOURS[finding.status]
        told = escape(finding.seen)
        if finding.advice and finding.status != "ok":
            told += f"\n[italic]{escape(finding.advice)}[/]"
        table.add_row(f"[{colour}]{finding.status}[/]", escape(finding.topic), told)
    out.print(table)
    stack = f"the {found.stack} stack" if found.stack else "a stack"
    if found.hindrances:
        out.print(f"\n[red]loads cannot run on {stack} yet: problems to mend: {found.hindrances}[/]")
    else:
        out.print(f"\n[green]nothing keeps loads from running on {stack}[/]")
