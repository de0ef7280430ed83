"""The ``k6spec`` command."""

from __future__ import annotations

import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import Final, NoReturn

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
from k6spec.cli.app import Exit, app
from k6spec.cli.completing import complete_at_the_first_tab
from k6spec.errors import K6specError, UsageError

_ORDER: Final = (
    *("init", "run", "doctor"),
    *("runs", "show", "explain", "trace", "report", "compare", "export", "push", "gc"),
    *("script", "up", "status", "down"),
)
"""Of commands in the help: as a newcomer comes to need them."""
app.registered_commands.sort(key=lambda command: _ORDER.index(getattr(command.callback, "__name__", "")))


def main() -> None:
    """Runs the command; mistakes and faults end in words and an exit code of their own."""
    complete_at_the_first_tab()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names in scripts that the terminal's encoding lacks
    try:
        app()
    except UsageError as error:
        _end(error, Exit.USAGE)
    except (K6specError, OSError) as error:
        _end(error, Exit.FAULT)


def _end(error: Exception, code: Exit) -> NoReturn:
    Console(stderr=True, highlight=False).print(f"k6spec: {escape(str(error))}", soft_wrap=True)
    with suppress(OSError):
        sys.stdout.flush()
    raise SystemExit(code) from None
