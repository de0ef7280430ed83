"""``k6spec run``: pytest, with exit codes that a script can tell apart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from k6spec.cli.app import app
from k6spec.cli.completing import run_ids

_PLUGIN: Final = "k6spec.pytest_plugin.exit_codes"
_OURS: Final = {"env": "--k6spec-env", "base_url": "--k6spec-base-url", "stack": "--k6spec-stack"}


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run(
    context: typer.Context,
    specs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SPEC]...", help="Files, folders or node ids, and any option of pytest. [default: specs]"
        ),
    ] = None,
    env: Annotated[str, typer.Option("--env", help="Use the settings of tool.k6spec.env.NAME.")] = "",
    base_url: Annotated[str, typer.Option("--base-url", help="Load a system that somebody else runs.")] = "",
    stack: Annotated[str, typer.Option("--stack", help="Where spans are collected.")] = "",
    replay: Annotated[
        str,
        typer.Option(
            "--replay",
            help="Judge an archived run again, without any load: its id, or last.",
            autocompletion=run_ids,
        ),
    ] = "",
) -> None:
    """Run specs with pytest; every option of pytest works.

    Exit codes: 0 all claims hold; 1 a claim or a test failed; 6 none failed, but some could not be judged; 7 none
    failed, but a fault of the environment kept a load from being measured; 2 to 5 are pytest's own (interrupted,
    internal error, wrong usage, no tests).

    Example: k6spec run specs/test_checkout.py -k p95 --base-url http://127.0.0.1:8000
    """
    given = [*(specs or ()), *context.args]
    if not any(not text.startswith("-") for text in given) and Path("specs").is_dir():
        given.append("specs")
    options = [
        f"{_OURS[name]}={value}"
        for name, value in (("env", env), ("base_url", base_url), ("stack", stack))
        if value
    ]
    options += [f"--k6spec-replay={replay}"] if replay else []
    command = [sys.executable, "-m", "pytest", "-p", _PLUGIN, *options, *given]
    with subprocess.Popen(command, env=os.environ) as process:
        raise typer.Exit(_waited(process))


def _waited(process: subprocess.Popen[bytes]) -> int:
    """Ctrl-C reaches pytest as well: it ends its loads, and says how it ended."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        code = process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
    return code if code >= 0 else 128 - code
