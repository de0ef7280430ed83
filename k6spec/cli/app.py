"""The command line's parts that every command uses."""

from __future__ import annotations

import json
import os
from enum import IntEnum
from typing import Annotated, Final

import typer
from rich.console import Console

from k6spec._version import __version__
from k6spec.config import Config, load_config, project_root

app: Final = typer.Typer(
    help="Performance specs with k6 and OpenTelemetry. Specs run with pytest; this looks at what they archived, "
    "and after the stack that they use.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # in rich's own markup [tool.k6spec] would be a tag
    epilog="Examples:  k6spec runs   |   k6spec show last   |   k6spec trace 4f2a91c0",
)
out: Final = Console(highlight=False, soft_wrap=False)
"""Where commands print for people."""

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def settings() -> Config:
    """Those of the project that the command is run in.

    Raises:
        ConfigError: one is wrong.
    """
    return load_config(project_root(), os.environ, {})


class Exit(IntEnum):
    """Exit codes of all commands; ``run`` has pytest's own besides (2 to 5)."""

    OK = 0
    NO = 1
    """A claim failed, or the answer is no."""
    USAGE = 2
    """A mistake in the command, or a run that is not there."""
    OPEN = 6
    """It cannot be said: inconclusive."""
    FAULT = 7
    """A fault of the environment."""
    INTERRUPTED = 130
    """By Ctrl-C."""


def tell(value: object) -> None:
    """Prints for scripts: one object, on one line."""
    print(json.dumps(value))


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        out.print(__version__)
        raise typer.Exit
