"""What pytest shows of verdicts, faults and mistakes: words, not tracebacks of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from k6spec.declare.location import shown_path
from k6spec.errors import ClaimFailed, Fault, Inconclusive, K6specError, UnjudgedClaim, UsageError
from k6spec.judge.verdict import Verdict
from k6spec.pytest_plugin.misnamed import misnamed
from k6spec.pytest_plugin.state import ItemState, SessionState, words
from k6spec.report.failure import failure_message
from k6spec.report.links import Links
from k6spec.report.message import Line, Message
from k6spec.report.report_file import report_file
from k6spec.run import Run

SECTION = "k6spec"


def short_message(error: BaseException, place: str | None) -> str | None:
    """The whole report of an error that is ours, in place of a traceback; None for others."""
    if isinstance(error, AttributeError) and (mistake := misnamed(error)):
        error = UsageError(mistake)
    if not isinstance(error, K6specError):
        return None
    words = {Inconclusive: "INCONCLUSIVE", UnjudgedClaim: "NOT JUDGED", UsageError: "USAGE", Fault: "FAULT"}
    kind = next((word for cls, word in words.items() if isinstance(error, cls)), "ERROR")
    return f"{place}: {kind} {error}" if place else f"{kind} {error}"


def line_of(excinfo: pytest.ExceptionInfo[BaseException], path: Path) -> int | None:
    """The line, from 1 on, of a spec where an error was raised or let through."""
    lines = (entry.lineno + 1 for entry in reversed(excinfo.traceback) if Path(str(entry.path)) == path)
    return next(lines, None)


def place_of(excinfo: pytest.ExceptionInfo[BaseException], path: Path, root: Path) -> str | None:
    """``file:line`` in the spec where an error was raised or let through."""
    line = line_of(excinfo, path)
    return None if line is None else f"{shown_path(path, root)}:{line}"


def verdict_section(state: SessionState, item: ItemState) -> str | None:
    """The evidence of every verdict of the test that did not pass, however the assert was written."""
    if item.run is None:
        return None
    missed = [verdict for verdict in item.log.verdicts if verdict.outcome not in {"passed", "skipped"}]
    for told, verdict in {words(verdict): verdict for verdict in missed}.items():
        item.messages[told] = _explained(item.run, verdict, state.links)
    if not item.messages:
        return None
    report = f"  report: {state.links.to(report_file(item.run.folder))}"
    return "\n\n".join(f"{message}\n{report}" for message in item.messages.values())


def _explained(run: Run, verdict: Verdict, links: Links) -> Message:
    """The whole message; a mistake in an explanation costs the explanation, never the finding."""
    try:
        return failure_message(run, verdict, links)
    except Exception as error:
        text = f"k6spec cannot explain this ({type(error).__name__}: {error}); please report it"
        return Message(headline=verdict.headline, lines=(Line(kind="note", text=text),))


def hides(error: BaseException) -> bool:
    """Whether an expected failure must not hide this error: only a failed claim is ever expected."""
    return isinstance(error, K6specError) and not isinstance(error, ClaimFailed)
