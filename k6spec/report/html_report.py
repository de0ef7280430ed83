"""``report.html`` for each run that a session judged."""

from __future__ import annotations

from collections.abc import Iterator

from k6spec.report.base import JudgedSession
from k6spec.report.report_file import write_report


def write(session: JudgedSession) -> Iterator[str]:
    """Makes them anew; a run whose report cannot be made takes no other's away."""
    judged = {case.run for case in session.cases if case.verdicts}
    for folder in session.runs:
        if folder not in judged:
            continue
        try:
            past = None if session.past is None else session.past(folder.info())
            yield f"report: {session.links.to(write_report(folder, past, session.config))}"
        except Exception as error:
            yield f"there is no report of {folder.run_id}: {type(error).__name__}: {error}"
