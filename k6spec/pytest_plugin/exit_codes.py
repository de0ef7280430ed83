"""Exit codes that tell a failed claim from an inconclusive one, and from a fault of the environment.

``k6spec run`` loads this; plain ``pytest`` keeps its own codes. Only its 1 (something failed) is told apart, and
stays 1 if any test failed.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final, final

import pytest

from k6spec.errors import Fault, Inconclusive

INCONCLUSIVE_EXIT: Final = 6
"""Nothing failed, but some claims could not be judged."""

FAULT_EXIT: Final = 7
"""Nothing failed, but a fault of the environment kept a load from being measured."""

_KIND: Final = "_k6spec_kind"


@final
class ExitCodes:
    """Looks at what failed, and how."""

    def __init__(self) -> None:
        self._kinds: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Notes on each report of what kind its error is."""
        report = yield
        report.__dict__[_KIND] = _kind_of(None if call.excinfo is None else call.excinfo.value)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collects what failed; a threshold's report has no exception, and says in words what it is."""
        if report.failed:
            inconclusive = str(report.longrepr).startswith("INCONCLUSIVE")
            self._kinds.add(report.__dict__.get(_KIND) or ("inconclusive" if inconclusive else "failed"))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Tells apart what pytest calls 1."""
        if session.exitstatus == pytest.ExitCode.TESTS_FAILED and "failed" not in self._kinds and self._kinds:
            session.exitstatus = FAULT_EXIT if "fault" in self._kinds else INCONCLUSIVE_EXIT


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(ExitCodes(), "k6spec-exit-codes")


def _kind_of(error: BaseException | None) -> str | None:
    kinds: dict[str, Any] = {"inconclusive": Inconclusive, "fault": Fault, "failed": BaseException}
    return next((kind for kind, cls in kinds.items() if isinstance(error, cls)), None)
