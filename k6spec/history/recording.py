"""What every run leaves in history, whether it was claimed or not: so that later claims find a past."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from k6spec.history.entry import Entry, Statistic, entry_of
from k6spec.history.standard import standard_statistics
from k6spec.judge.health import Health, Tolerances
from k6spec.judge.verdict import Verdict
from k6spec.query.database import Database
from k6spec.query.operations import operations_by_root
from k6spec.store.archive import RunFolder


def record_run(folder: RunFolder, tolerated: Tolerances) -> Entry:
    """A run's entry, with its standard statistics, from its archive."""
    info = folder.info()
    hung = any(Health(**info["health"]).hung(tolerated))
    database = Database(folder.path, archiving=True)
    try:
        return replace(
            entry_of({**info, "run_id": folder.run_id}),
            broken=bool(info.get("stopped")) or hung,
            statistics=dict(standard_statistics(database)),
            operations=operations_by_root(database, critical=False),
            critical_operations=operations_by_root(database, critical=True),
        )
    finally:
        database.close()


def claimed(verdicts: Iterable[Verdict]) -> dict[str, Statistic]:
    """What a test's verdicts measured."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {
        verdict.statistic: Statistic(
            unit=verdict.unit,
            value=verdict.observed,
            members=len(verdict.evidence.population.values),
            compared=_against_baseline(verdict),
            failed=now if _against_baseline(verdict) and verdict.outcome == "failed" else None,
        )
        for verdict in verdicts
        if verdict.statistic and verdict.observed is not None
    }


def _against_baseline(verdict: Verdict) -> bool:
    return verdict.outcome == "skipped" or verdict.evidence.compared is not None
