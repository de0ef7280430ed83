"""``k6spec report``: a run's report, made anew."""

from __future__ import annotations

import webbrowser
from typing import Annotated

import typer

from k6spec.cli.app import app, out, settings, tell
from k6spec.cli.archive import DEFAULT_RUNS, RunArgument, RunsOption
from k6spec.cli.history import HistoryOption, past_of
from k6spec.errors import ArchiveFault
from k6spec.store.archive import disk_fault, find_run


@app.command()
def report(
    run: RunArgument = "last",
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    folder: RunsOption = DEFAULT_RUNS,
    history: HistoryOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Say where it is as one JSON object.")] = False,
) -> None:
    """Make the report of a run (report.html in its folder) with all that was judged of it, and say where it is.

    Example: k6spec report last --open
    """
    from k6spec.report.report_file import write_report

    found = find_run(folder, run)
    try:
        path = write_report(found, past_of(history, found.info()), settings())
    except OSError as error:
        fault = disk_fault(error, found.path)
        raise fault or ArchiveFault(f"the report cannot be written in {found.path}: {error.strerror}") from error
    if as_json:
        tell({"run_id": found.run_id, "path": str(path.resolve())})
    else:
        out.print(str(path), soft_wrap=True, markup=False)
    if show and not webbrowser.open(path.resolve().as_uri()):
        raise ArchiveFault("no browser could be started", advice=f"open {path} yourself")
