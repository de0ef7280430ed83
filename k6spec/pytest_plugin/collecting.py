"""Mistakes in declarations, as collection errors: file, line and what to write; no traceback of ours."""

from __future__ import annotations

import pytest

from k6spec.errors import K6specError


def dress_collect_report(report: pytest.CollectReport) -> None:
    """Puts our own message in place of a traceback, where the error is ours."""
    call = getattr(report, "call", None)
    error = None if call is None or call.excinfo is None else call.excinfo.value
    if isinstance(error, K6specError):
        report.longrepr = f"{type(error).__name__}: {error}"
