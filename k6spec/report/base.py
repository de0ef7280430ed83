"""What a report is given: everything that a session judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, final

from k6spec.config import Config
from k6spec.history.past import HistoryPast
from k6spec.report.links import Links
from k6spec.store.archive import RunFolder

CaseOutcome: TypeAlias = Literal["passed", "failed", "inconclusive", "error", "known issue", "skipped"]
"""Of a test: ``error`` is a fault of the measurement, or a mistake in the spec."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A test that asked for a run. ``path`` (relative to the root) and ``line`` (from 1) are where it failed.

    ``message``: what it failed of, in a line. ``verdicts``: as ``run.json`` keeps them.
    """

    nodeid: str
    path: str
    line: int
    outcome: CaseOutcome
    message: str
    run: RunFolder | None
    verdicts: Sequence[Mapping[str, Any]]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedSession:
    """All tests and runs of a session.

    ``asked``: the settings name the report, whatever the environment. ``past``: earlier runs as a run sees them,
    from its ``run.json``. ``config``: the session's settings.
    """

    root: Path
    environ: Mapping[str, str]
    cases: Sequence[Case]
    runs: Sequence[RunFolder]
    links: Links
    asked: bool = False
    past: Callable[[Mapping[str, Any]], HistoryPast] | None = None
    config: Config | None = None


Report: TypeAlias = Callable[[JudgedSession], Iterable[str]]
"""Writes a report and tells, in lines for the terminal, where it is; nothing where it isn't wanted."""
