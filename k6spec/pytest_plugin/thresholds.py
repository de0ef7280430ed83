"""k6's thresholds as claims of the test that made the load: a report of its own for each that does not hold."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, Final, cast

import pytest

from k6spec.judge.thresholds import ThresholdVerdict, threshold_verdicts
from k6spec.pytest_plugin.state import ITEM, session_state
from k6spec.store.archive import RunFolder

_REPORTED: Final = pytest.StashKey[set[RunFolder]]()


def report_thresholds(item: pytest.Item) -> None:
    """Judges the thresholds of the test's run, unless another test of the session has.

    They belong to the load rather than to any test's body, so neither a passing nor an expectedly failing test
    hides one.
    """
    state = item.stash.get(ITEM, None)
    if state is None or state.run is None:
        return
    reported = item.config.stash.setdefault(_REPORTED, set())
    folder = state.run.folder
    if folder in reported:
        return
    reported.add(folder)
    verdicts = list(threshold_verdicts(state.run.info, state.run.database))
    session = session_state(item.config)
    records = [verdict.record(nodeid=item.nodeid, session=session.session_id) for verdict in verdicts]
    folder.add_verdicts(records)
    session.records.setdefault(item.nodeid, []).extend(records)
    capture = cast("Any", item.config.pluginmanager.get_plugin("capturemanager"))
    # What pytest prints of a report while the test is torn down would else be the test's captured output.
    with nullcontext() if capture is None else capture.global_and_fixture_disabled():
        for verdict in verdicts:
            if verdict.outcome != "passed":
                item.ihook.pytest_runtest_logreport(report=_report(item, verdict))


def _report(item: pytest.Item, verdict: ThresholdVerdict) -> pytest.TestReport:
    path, line, name = item.location
    word = "INCONCLUSIVE " if verdict.outcome == "inconclusive" else ""
    return pytest.TestReport(
        nodeid=item.nodeid,
        location=(path, line, f"{name} [{verdict.claim}]"),
        keywords=dict.fromkeys(item.keywords, 1),
        outcome="failed",
        longrepr=f"{word}{verdict.headline}",
        when="call",
    )
