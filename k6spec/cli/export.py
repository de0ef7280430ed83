"""``k6spec export``: an archived run in other tools' formats."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated, Final, Literal, get_args

import typer
from rich.markup import escape

from k6spec.cli.app import app, out, tell
from k6spec.cli.archive import DEFAULT_RUNS, RunArgument, RunsOption
from k6spec.cli.completing import trace_ids
from k6spec.cli.push import chosen_traces
from k6spec.errors import ArchiveFault, UsageError
from k6spec.store.archive import RunFolder, find_run

_Format = Literal["otlp", "jaeger", "parquet", "csv"]
_SUFFIX: Final[dict[str, str]] = {
    "otlp": ".otlp.jsonl",
    "jaeger": ".jaeger.json",
    "parquet": "-parquet",
    "csv": "-csv",
}


@app.command()
def export(
    run: RunArgument,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="FORMAT",
            help="otlp (JSON lines, as the file exporter of the Collector writes them), "
            "jaeger (for upload in its UI), parquet or csv (a folder of tables).",
            autocompletion=lambda: list(_SUFFIX),
        ),
    ],
    target: Annotated[
        Path | None, typer.Option("--out", help="Where. [default: RUN with a suffix, here]", show_default=False)
    ] = None,
    trace: Annotated[
        list[str] | None,
        typer.Option(
            help="Only this trace (otlp, jaeger): its id, or the first 4 digits or more. Repeatable.",
            autocompletion=trace_ids,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    folder: RunsOption = DEFAULT_RUNS,
    as_json: Annotated[bool, typer.Option("--json", help="Say what was written as one JSON object.")] = False,
) -> None:
    """Write a run, or some of its traces, in the format of another tool.

    Example: k6spec export last --to jaeger --trace 4f2a91c0
    """
    if to not in _SUFFIX:
        raise UsageError(f"--to {to}: write {', '.join(get_args(_Format))}")
    if trace and to in {"parquet", "csv"}:
        raise UsageError(f"--trace goes with otlp and jaeger; {to} is of whole tables")
    found = find_run(folder, run)
    if not found.is_whole():
        raise ArchiveFault(f"{found.run_id} is {found.status()}: there is nothing whole to export")
    path = target or Path(f"{found.run_id}{_SUFFIX[to]}")
    found.check_tables()
    written = _written(found, to, path, trace or [], force=force)
    if as_json:
        tell({"run_id": found.run_id, "format": to, "path": str(path.resolve()), **written})
        return
    said = ", ".join(f"{count:,} {what}" for what, count in written.items())
    out.print(f"wrote {said} of {found.run_id} to {escape(str(path))}", soft_wrap=True)


def _written(run: RunFolder, to: str, path: Path, trace: list[str], *, force: bool) -> dict[str, int]:
    from k6spec.collect.export import write_csv, write_jaeger, write_otlp, write_parquet

    if path.exists() or path.is_symlink():
        if not force:
            raise UsageError(f"{path} is there already: give --force, or another --out")
        if path.is_dir() and to in {"otlp", "jaeger"}:
            raise UsageError(f"{path} is a folder: {to} is one file")
        if path.is_dir() and any(p.suffix not in {".csv", ".parquet"} or p.is_dir() for p in path.iterdir()):
            raise UsageError(f"{path} holds other things than tables: it is not replaced")
    ids = chosen_traces(run, trace) if trace else None
    try:
        if path.is_dir():
            shutil.rmtree(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        if to == "otlp":
            return {"spans": write_otlp(run, path, ids)}
        if to == "jaeger":
            return {"spans": write_jaeger(run, path, ids)}
        return {"tables": write_parquet(run, path) if to == "parquet" else write_csv(run, path)}
    except OSError as error:
        raise ArchiveFault(f"{path} cannot be written: {error.strerror or error}") from error
