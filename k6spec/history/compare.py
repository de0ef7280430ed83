"""Two runs side by side: what of the requests changed, and in which operation behind them the time went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, final

from k6spec.judge.bench import Bench
from k6spec.judge.requests import select_requests
from k6spec.judge.stat import Stat
from k6spec.judge.verdict import Unit
from k6spec.query.database import Database
from k6spec.query.operations import SPAN_NAME
from k6spec.query.request_selector import http
from k6spec.store.archive import RunFolder
from k6spec.store.spans import CLIENT_SERVICE

_MOST: Final = 20
OUTSIDE: Final = "outside the system's spans"
"""What k6's client span has by itself: network, connecting, and what no span of the system covers."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A statistic in both runs; None where one has no such requests."""

    operation: str
    statistic: str
    unit: Unit
    first: float | None
    second: float | None

    @property
    def change(self) -> float | None:
        """As a share of the first, of a fraction the difference itself; None where neither can be said."""
        if self.first is None or self.second is None:
            return None
        if self.unit == "fraction":
            return self.second - self.first
        return self.second / self.first - 1 if self.first else None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What an operation behind a request took of a trace on average in both runs: self time, in ns, and calls."""

    root: str
    service: str
    what: str
    first_ns: float
    second_ns: float
    first_calls: float
    second_calls: float

    @property
    def added_ns(self) -> float:
        """How much it added to a trace."""
        return self.second_ns - self.first_ns


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """``pairs``: of the requests. ``moved``: of the traces, what added or saved most first."""

    pairs: tuple[Pair, ...]
    moved: tuple[Moved, ...]


def compare(first: RunFolder, second: RunFolder) -> Comparison:
    """What changed from the first run to the second."""
    databases = (Database(first.path), Database(second.path))
    try:
        one, two = (_statistics(database) for database in databases)
        before, after = (_parts(database) for database in databases)
    finally:
        for database in databases:
            database.close()
    return Comparison(pairs=tuple(_paired(one, two)), moved=tuple(_moved(before, after)))


_Statistics = dict[tuple[str, str], tuple[Unit, float]]
_Parts = dict[str, dict[tuple[str, str], tuple[float, float]]]


def _statistics(database: Database) -> _Statistics:
    bench = Bench(database=database)
    rows = database.rows(
        f"""SELECT operation FROM requests WHERE scenario IS NOT NULL GROUP BY operation
        ORDER BY count(*) DESC, operation LIMIT {_MOST}"""
    )
    found: _Statistics = {}
    for (operation,) in rows:
        requests = select_requests(bench, http(operation))
        duration = requests.duration
        stats: dict[str, Stat[Any]] = {
            "p50": duration.p50,
            "p95": duration.p95,
            "p99": duration.p99,
            "mean": duration.mean,
            "failed": requests.failed.rate,
            "rate": requests.rate,
        }
        for name, stat in stats.items():
            if (told := stat.told()) is not None:
                found[operation, name] = (told.unit, told.value)
    return found


def _paired(one: _Statistics, two: _Statistics) -> list[Pair]:
    return [
        Pair(
            operation=operation,
            statistic=statistic,
            unit=(one.get((operation, statistic)) or two[operation, statistic])[0],
            first=one[operation, statistic][1] if (operation, statistic) in one else None,
            second=two[operation, statistic][1] if (operation, statistic) in two else None,
        )
        for operation, statistic in dict.fromkeys((*one, *two))
    ]


def _parts(database: Database) -> _Parts:
    """Of each operation of requests what each operation behind it took of a trace: self time and calls."""
    totals: Mapping[str, int] = dict(
        database.rows(
            "SELECT operation, count(*) FROM traces c WHERE complete AND scenario IS NOT NULL GROUP BY operation"
        )
    )
    rows = database.rows(
        f"""SELECT c.operation, s.service, coalesce(s.db_statement, {SPAN_NAME}) AS what,
        sum(s.self_ns)::DOUBLE, count(*)
        FROM spans s JOIN traces c USING (trace_id) WHERE c.complete AND c.scenario IS NOT NULL GROUP BY ALL"""
    )
    found: _Parts = {root: {} for root in totals}
    for root, service, what, ns, calls in rows:
        name = (service, OUTSIDE if service == CLIENT_SERVICE else what)
        had_ns, had_calls = found[root].get(name, (0.0, 0.0))
        found[root][name] = (had_ns + ns / totals[root], had_calls + calls / totals[root])
    return found


def _moved(before: _Parts, after: _Parts) -> list[Moved]:
    moved = []
    for root in sorted(set(before) & set(after)):
        for service, what in sorted({*before[root], *after[root]}):
            first = before[root].get((service, what), (0.0, 0.0))
            second = after[root].get((service, what), (0.0, 0.0))
            moved.append(
                Moved(
                    root=root,
                    service=service,
                    what=what,
                    first_ns=first[0],
                    second_ns=second[0],
                    first_calls=first[1],
                    second_calls=second[1],
                )
            )
    return sorted(moved, key=lambda each: abs(each.added_ns), reverse=True)
