"""What a shell offers for runs and traces when Tab is pressed."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import typer

from k6spec.errors import K6specError
from k6spec.store.archive import RunFolder, find_run, find_runs

DEFAULT_RUNS: Final = Path(".k6spec/runs")
_MOST: Final = 50
_AT_ONCE: Final = '[[ $zsh_eval_context[-1] != loadautofunc ]] || %(complete_func)s "$@"'


def complete_at_the_first_tab() -> None:
    """Typer's script for zsh only registers itself when the first Tab loads it; it is to complete as well."""
    with suppress(ImportError, AttributeError, KeyError):  # not public: a Typer without it has its own ways
        from typer import _completion_shared as typers

        typers._completion_scripts["zsh"] += f"{_AT_ONCE}\n"


def run_ids(context: typer.Context, incomplete: str) -> list[str]:
    """``last``, and the newest runs."""
    names = ["last", *(run.run_id for run in _newest(context))]
    return [name for name in names if name.startswith(incomplete)]


def trace_ids(context: typer.Context, incomplete: str) -> list[str]:
    """The traces that verdicts name, of the run that is given, else of the newest runs."""
    named = (trace_id for run in _chosen(context) for trace_id in _named(run))
    return list(dict.fromkeys(trace_id for trace_id in named if trace_id.startswith(incomplete)))[:_MOST]


def _chosen(context: typer.Context) -> list[RunFolder]:
    name = context.params.get("run")
    try:
        return [find_run(_folder(context), name)] if name else _newest(context)
    except K6specError:
        return []


def _named(run: RunFolder) -> list[str]:
    try:
        verdicts: list[dict[str, Any]] = run.info().get("verdicts", [])
    except K6specError:
        return []  # nobody who presses Tab wants to read that a file is damaged
    return [trace_id for verdict in verdicts for trace_id in verdict["trace_ids"]]


def _newest(context: typer.Context) -> list[RunFolder]:
    return find_runs(_folder(context))[:_MOST]


def _folder(context: typer.Context) -> Path:
    folder: Path = context.params.get("folder") or DEFAULT_RUNS
    return folder
