"""``k6spec push``: an archived run's spans into any endpoint that takes OTLP, again."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit

import typer
from rich.console import Console

from k6spec.cli.app import app, out, tell
from k6spec.cli.archive import DEFAULT_RUNS, RunArgument, RunsOption
from k6spec.cli.completing import trace_ids
from k6spec.collect.push_target import Target, make_target
from k6spec.errors import ConfigError, StackFault, UsageError
from k6spec.stack.kept import KeptFile
from k6spec.store.archive import RunFolder, find_run
from k6spec.units import counted

if TYPE_CHECKING:
    from k6spec.collect.push import Pushed

_SHORTEST_ID: Final = 4


@app.command()
def push(
    run: RunArgument,
    to: Annotated[
        str,
        typer.Option(
            help="Where OTLP is taken: http:// or https:// for HTTP, grpc:// or grpcs:// for gRPC.", metavar="URL"
        ),
    ],
    header: Annotated[
        list[str] | None,
        typer.Option(
            help="Sent along; ${VAR} stands for the value of a variable. Repeatable.", metavar="NAME=VALUE"
        ),
    ] = None,
    ca: Annotated[
        str, typer.Option(help="Certificates to trust in place of those of the system.", metavar="FILE")
    ] = "",
    client_cert: Annotated[str, typer.Option(help="The certificate of the client.", metavar="FILE")] = "",
    client_key: Annotated[str, typer.Option(help="Its key, if in another file.", metavar="FILE")] = "",
    trace: Annotated[
        list[str] | None,
        typer.Option(
            help="Only this trace: its id, or the first 4 digits or more. Repeatable.",
            metavar="ID",
            autocompletion=trace_ids,
        ),
    ] = None,
    ui: Annotated[
        str,
        typer.Option(
            help="Address of the Jaeger behind it, for the link at the end.",
            metavar="URL",
        ),
    ] = "",
    folder: RunsOption = DEFAULT_RUNS,
    as_json: Annotated[bool, typer.Option("--json", help="Say what was pushed as one JSON object.")] = False,
) -> None:
    """Push the spans of a run, with the client spans of k6, to Jaeger, a Collector or whatever takes OTLP.

    Trace and span ids stay as they are.

    Example: k6spec push last --to http://127.0.0.1:4318
    """
    # gRPC logs what we say in words.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    target = make_target(
        to,
        where="k6spec push",
        headers=_headers(header or ()),
        root=Path.cwd(),
        environ=os.environ,
        ca=ca,
        client_cert=client_cert,
        client_key=client_key,
    )
    found = find_run(folder, run)
    trace_ids = chosen_traces(found, trace or ())
    pushed = _push(found, target, trace_ids if trace else None)
    one = min(trace_ids, default=b"").hex()
    link = _link(found, target, one, ui) if one and not pushed.rejected else None
    if as_json:
        tell(
            {
                "run_id": found.run_id,
                "to": target.shown,
                "traces": len(trace_ids),
                "spans": pushed.spans,
                "rejected": pushed.rejected,
                "link": link,
            }
        )
    else:
        _say(found, target, pushed, len(trace_ids), link)
    if pushed.rejected:
        raise StackFault(
            f"{target.shown} rejected {pushed.rejected:,} of {pushed.spans + pushed.rejected:,} spans: "
            f"{pushed.reason or 'it gives no reason'}",
            advice="see the log of what listens there",
        )


def _say(run: RunFolder, target: Target, pushed: Pushed, traces: int, link: str | None) -> None:
    out.print(
        f"pushed {counted(pushed.spans, 'span')} of {counted(traces, 'trace')} of {run.run_id} to {target.shown}",
        soft_wrap=True,
        markup=False,
    )
    if link:
        out.print(f"look at it: {link}", soft_wrap=True, markup=False)


def _headers(given: Sequence[str]) -> dict[str, str]:
    headers = {}
    for number, text in enumerate(given, 1):
        name, equals, value = text.partition("=")
        if not equals or not name:
            # Not shown: who forgot the name gave the secret alone.
            raise ConfigError(f"k6spec push: --header number {number} has no name; write --header NAME=VALUE")
        headers[name] = value
    return headers


def chosen_traces(run: RunFolder, asked: Sequence[str]) -> Collection[bytes]:
    """Ids of the traces that are asked for by beginnings of them; of all traces if none is."""
    from k6spec.collect.push import trace_ids_of

    known = trace_ids_of(run)
    chosen = set()
    for text in asked:
        begin = text.lower().removeprefix("0x")
        if len(begin) < _SHORTEST_ID or not set(begin) <= set("0123456789abcdef"):
            raise UsageError(f"{text!r} is not a trace id", advice="give at least 4 hex digits of one")
        matching = [trace_id for trace_id in known if trace_id.hex().startswith(begin)]
        if not matching:
            raise UsageError(
                f"no trace of {run.run_id} begins with {begin}",
                advice="k6spec show RUN lists the traces that verdicts name",
            )
        if len(matching) > 1:
            raise UsageError(f"{len(matching):,} traces begin with {begin}", advice="give more digits")
        chosen.update(matching)
    return chosen if asked else known


def _push(run: RunFolder, target: Target, trace_ids: Collection[bytes] | None) -> Pushed:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress

    from k6spec.collect.push import push_run

    stderr = Console(stderr=True)
    columns = ("[progress.description]{task.description}", BarColumn(), MofNCompleteColumn(), "spans")
    with Progress(*columns, console=stderr, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("pushing", total=None)

        def tell(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        return push_run(run, target, trace_ids=trace_ids, on_progress=tell)


def _link(run: RunFolder, target: Target, trace_id: str, ui: str) -> str | None:
    """Where a trace can be looked at: at ``ui``, else in the Jaeger of a stack that stays, if it went there."""
    from k6spec.collect.jaeger_link import jaeger_link

    if ui:
        return jaeger_link(ui.rstrip("/"), trace_id)
    kept = None
    with suppress(StackFault, IndexError):
        kept = KeptFile(run.path.resolve().parents[2]).read()  # runs and the stack are below .k6spec
    if kept is None or kept.ui is None:
        return None
    taken_at = {urlsplit(url).netloc for url in (kept.endpoints.otlp_grpc, kept.endpoints.otlp_http)}
    return jaeger_link(kept.ui, trace_id) if urlsplit(target.access.url).netloc in taken_at else None
