"""Takes secrets out of what pytest and its plugins tell of a test: tracebacks, local variables, output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast, final

import pytest


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Cleaned:
    """Stands for a traceback: its text, and where it ended, as pytest's summary and JUnit files want it."""

    text: str
    reprcrash: Any

    def toterminal(self, terminal: Any) -> None:
        terminal.line(self.text)

    def __str__(self) -> str:
        return self.text


def hide_secrets(report: pytest.TestReport, scrub: Callable[[str], str]) -> None:
    """Replaces the texts of a report that ``scrub`` changes; a traceback without secrets keeps its colours."""
    report.sections = [(name, scrub(text)) for name, text in report.sections]
    shown = report.longrepr
    if isinstance(shown, tuple):
        path, line, reason = shown
        report.longrepr = (path, line, scrub(reason))
    elif isinstance(shown, str):
        report.longrepr = scrub(shown)
    elif shown is not None and (clean := scrub(report.longreprtext)) != report.longreprtext:
        crash = getattr(shown, "reprcrash", None)
        ended = None if crash is None else replace(crash, message=scrub(crash.message))
        report.longrepr = cast("Any", _Cleaned(text=clean, reprcrash=ended))
