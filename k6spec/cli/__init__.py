"""The ``k6spec`` command."""

from __future__ import annotations

from enum import Enum

from rich.console import Console
from rich.markup import escape

from k6spec.cli import archive as archive
from k6spec.cli import baseline as baseline
from k6spec.cli import compare as compare
from k6spec.cli import doctor as doctor
from k6spec.cli import explain as explain
from k6spec.cli import export as export
from k6spec.cli import gc as gc
from k6spec.cli import history as history
from k6spec.cli import init as init
from k6spec.cli import push as push
from k6spec.cli import report as report
from k6spec.cli import run as run
from k6spec.cli import script as script
from k6spec.cli import stack as stack
from k6spec.cli.app import app
from k6spec.errors import K6specError


class Exit(int, Enum):
    """Exit codes."""

    OK = 0
    USAGE = 2


def main() -> None:
    """Runs the command; a user's mistake ends in one line and exit code 2."""
    try:
        app()
    except K6specError as error:
        Console(stderr=True, highlight=False).print(f"k6spec: {escape(str(error))}", soft_wrap=True)
        raise SystemExit(Exit.USAGE) from None
