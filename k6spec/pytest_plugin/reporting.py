"""Notes how tests ended, and writes reports once the session is over."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from k6spec.declare.location import shown_path
from k6spec.errors import Inconclusive, K6specError
from k6spec.pytest_plugin.messages import line_of
from k6spec.pytest_plugin.state import ITEM, SessionState, session_state
from k6spec.report.base import Case, CaseOutcome, JudgedSession
from k6spec.report.junit import properties
from k6spec.report.registry import write_reports
from k6spec.report.report_file import report_file


def note_case(
    item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport, scrub: Callable[[str], str]
) -> None:
    """Remembers how a test ended, and tells JUnit files of its claims; ``scrub`` takes secrets out."""
    session = session_state(item.config)
    if report.when == "setup":
        session.records.pop(item.nodeid, None)  # of an attempt before
    if report.when == "teardown" or (report.when == "setup" and not report.failed):
        return
    state = item.stash.get(ITEM, None)
    run = None if state is None or state.run is None else state.run.folder
    line = None if call.excinfo is None else line_of(call.excinfo, item.path)
    session.cases[item.nodeid] = Case(
        nodeid=item.nodeid,
        path=shown_path(item.path, item.config.rootpath),
        line=line or (item.location[1] or 0) + 1,
        outcome=_outcome(call, report),
        message=scrub(_message(call, report)),
        run=run,
        verdicts=(),
    )
    if state is not None and run is not None:
        told = properties(state.log.verdicts, run_id=run.run_id, report=session.links.to(report_file(run)))
        item.user_properties.extend((name, scrub(text)) for name, text in told)


def write_all(state: SessionState, *, worker: bool) -> None:
    """Writes the session's reports. Nothing that goes wrong here changes how the session ends.

    Args:
        worker: of pytest-xdist: it knows a part of the tests only, so it writes what is about runs.
    """
    cases = [replace(case, verdicts=state.records.get(nodeid, [])) for nodeid, case in state.cases.items()]
    if not cases:
        return
    judged = JudgedSession(
        root=state.config.root,
        environ=os.environ,
        cases=cases,
        runs=state.pool.runs,
        links=state.links,
        past=state.past,
        config=state.config,
    )
    names = state.config.reports
    if worker:
        names = ("html",) if names is None or "html" in names else ()
    state.said = list(write_reports(judged, names))


def _outcome(call: pytest.CallInfo[None], report: pytest.TestReport) -> CaseOutcome:
    if report.skipped:
        return "known issue" if hasattr(report, "wasxfail") else "skipped"
    if report.passed:
        return "passed"
    error = None if call.excinfo is None else call.excinfo.value
    if isinstance(error, Inconclusive):
        return "inconclusive"
    return "failed" if error is None or isinstance(error, AssertionError) else "error"


def _message(call: pytest.CallInfo[None], report: pytest.TestReport) -> str:
    if call.excinfo is None:
        return "" if report.passed else str(report.longrepr)
    error = call.excinfo.value
    first = (str(error).splitlines() or [""])[0]
    return first if isinstance(error, K6specError) else f"{type(error).__name__}: {first}"
