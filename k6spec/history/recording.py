"""What every run leaves in history, whether it was claimed or not: so that later claims find a past."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from k6spec.history.entry import Entry, Statistic, entry_of
from k6spec.judge.bench import Bench
from k6spec.judge.requests import Requests, select_requests
from k6spec.judge.stat import Stat
from k6spec.judge.traces import select_traces
from k6spec.judge.verdict import Verdict
from k6spec.query.database import Database
from k6spec.query.operations import operations_by_root
from k6spec.query.request_selector import http
from k6spec.store.archive import RunFolder

_MOST: Final = 20
"""Of so many operations, the most frequent ones, statistics are kept."""


def record_run(folder: RunFolder) -> Entry:
    """A run's entry, with its standard statistics, from its archive."""
    database = Database(folder.path, archiving=True)
    try:
        bench = Bench(database=database)
        statistics = {
            told.statistic: Statistic(unit=told.unit, value=told.value, members=told.members)
            for told in (stat.told() for stat in _standard(bench))
            if told is not None
        }
        return replace(
            entry_of({**folder.info(), "run_id": folder.run_id}),
            statistics=statistics,
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


def _standard(bench: Bench) -> Iterator[Stat[Any]]:
    names = bench.database.rows(
        f"""SELECT operation FROM requests WHERE scenario IS NOT NULL GROUP BY operation
        ORDER BY count(*) DESC, operation LIMIT {_MOST}"""
    )
    warmed = bench.database.value("SELECT coalesce(bool_or(warmup), false) FROM requests")
    for name in (None, *(name for (name,) in names)):
        requests = select_requests(bench, http(name))
        yield from _of(requests)
        if warmed:
            yield from _of(requests.after_warmup())
        if name is not None:
            yield select_traces(bench, name).calls(db=True).mean
        yield requests.rate


def _of(requests: Requests) -> Iterator[Stat[Any]]:
    duration = requests.duration
    yield from (duration.p50, duration.p95, duration.p99, duration.mean)
    yield requests.failed.rate
