"""Load, latency, throughput and errors over the time of a run, in slices of equal length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, final

from k6spec.query.database import Database
from k6spec.query.success import FAILED

_MOST_SLICES: Final = 240
_FEWEST_A_SLICE: Final = 8  # requests, on average: percentiles of fewer say little
_FEWEST_SLICES: Final = 20
_STEPS: Final = tuple(
    round(seconds * 10**9)
    for seconds in (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400)
)
_MOST_OPERATIONS: Final = 12
_MOST_STAGES: Final = 24
BINS_A_DECADE: Final = 16
"""Of the heat map's durations, which are binned by their logarithm."""

_MADE: Final = "FROM requests WHERE scenario IS NOT NULL"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Slices:
    """``count`` slices of ``step`` nanoseconds each, from ``begin`` (Unix nanoseconds) on."""

    begin: int
    step: int
    count: int

    def of(self, column: str) -> str:
        """SQL of the slice that a moment is in; what comes later is in the last one."""
        return f"least(({column} - {self.begin}) // {self.step}, {self.count - 1})"

    def filled(self, rows: Sequence[tuple[int, Any]], *, absent: Any = None) -> list[Any]:
        """A value for each slice, from rows of slice and value."""
        values = [absent] * self.count
        for slice_, value in rows:
            if 0 <= slice_ < self.count:
                values[slice_] = value
        return values


def slices(database: Database) -> Slices | None:
    """As many slices as are worth drawing; None if k6 made no request in a scenario."""
    begin, end, requests = database.rows(f"SELECT min(start_ns), max(start_ns), count(*) {_MADE}")[0]
    if not requests:
        return None
    length = end - begin + 1
    most = min(_MOST_SLICES, max(_FEWEST_SLICES, requests // _FEWEST_A_SLICE))
    step = next((step for step in _STEPS if length <= most * step), length // most + 1)
    return Slices(begin=begin, step=step, count=-(-length // step))


def timeline(database: Database, over: Slices) -> dict[str, Any]:
    """Plain values for the charts: durations in milliseconds, rates per second, None where there is nothing.

    ``operations`` has the commonest; each of ``series`` and ``heat`` begins with all requests together. The heat
    map is sparse: lists of slice, bin (:data:`BINS_A_DECADE`, of nanoseconds) and count.
    """
    operations = _operations(database)
    return {
        "begin": over.begin / 1e6,
        "step": over.step / 1e9,
        "count": over.count,
        "operations": operations,
        "series": _series(database, over, operations),
        "heat": _heat(database, over, operations),
        "binsADecade": BINS_A_DECADE,
        "stages": _stages(database, over),
        **_load(database, over),
    }


def _operations(database: Database) -> list[str]:
    rows = database.rows(
        f"SELECT operation {_MADE} GROUP BY operation ORDER BY count(*) DESC, operation LIMIT {_MOST_OPERATIONS}"
    )
    return [operation or "" for (operation,) in rows]


def _stages(database: Database, over: Slices) -> list[dict[str, Any]]:
    """Where the stages of profiles begin, in seconds, and where a declared warm-up ends."""
    rows = database.rows(
        f"""SELECT stage, min(start_ns) AS begun {_MADE} AND scenario IN (
            SELECT scenario {_MADE} GROUP BY scenario HAVING count(DISTINCT stage) > 1)
        GROUP BY scenario, stage
        UNION ALL
        SELECT 'warmed up', max(start_ns) {_MADE} AND warmup GROUP BY scenario
        ORDER BY begun LIMIT {_MOST_STAGES}"""
    )
    return [{"name": str(name)[:40], "at": (at - over.begin) / 1e9} for name, at in rows if name is not None]


def _series(database: Database, over: Slices, operations: Sequence[str]) -> list[dict[str, Any]]:
    rows = database.rows(
        f"""SELECT coalesce(operation, ''), grouping(operation) = 1, slice, count(*), count(*) FILTER ({FAILED}),
        quantile_cont(duration_ns, [0.5, 0.95, 0.99]), max(duration_ns)
        FROM (SELECT operation, status, failed, duration_ns, {over.of("start_ns")} AS slice {_MADE})
        GROUP BY GROUPING SETS ((slice), (slice, operation))"""
    )
    per_second = 10**9 / over.step

    def one(of_all: bool, operation: str) -> dict[str, Any]:
        own = [row[2:] for row in rows if row[1] == of_all and (of_all or row[0] == operation)]
        return {
            "requests": over.filled([(at, round(count * per_second, 3)) for at, count, *_ in own], absent=0),
            "failed": over.filled([(at, round(bad * per_second, 3)) for at, _, bad, *_ in own], absent=0),
            **{
                name: over.filled([(at, _ms(quantiles[place])) for at, _, _, quantiles, _ in own])
                for place, name in enumerate(("p50", "p95", "p99"))
            },
            "max": over.filled([(at, _ms(most)) for at, _, _, _, most in own]),
        }

    return [one(True, ""), *(one(False, operation) for operation in operations)]


def _heat(database: Database, over: Slices, operations: Sequence[str]) -> list[list[list[int]]]:
    rows = database.rows(
        f"""WITH cells AS (
            SELECT coalesce(operation, '') AS operation, {over.of("start_ns")} AS slice,
                   floor(log10(greatest(duration_ns, 1000)) * {BINS_A_DECADE})::INTEGER AS bin, count(*) AS n
            {_MADE} GROUP BY ALL),
        counted AS (
            SELECT grouping(operation) = 1 AS of_all, operation, slice, bin, sum(n)::BIGINT AS n
            FROM cells GROUP BY GROUPING SETS ((slice, bin), (slice, bin, operation)))
        SELECT of_all, operation, list(slice ORDER BY slice, bin), list(bin ORDER BY slice, bin),
               list(n ORDER BY slice, bin)
        FROM counted GROUP BY of_all, operation"""
    )
    cells = {(of_all, None if of_all else operation): parts for of_all, operation, *parts in rows}
    return [cells[True, None], *(cells[False, operation] for operation in operations)]


def _load(database: Database, over: Slices) -> dict[str, Any]:
    """VUs, planned and active, the planned rate of iterations, and iterations that k6 dropped (per second)."""
    planned = database.rows(
        f"""SELECT slice, sum(vus), sum(rate) FROM (
            SELECT {over.of("start_ns")} AS slice, scenario, max(planned_vus) AS vus, max(planned_rate) AS rate
            {_MADE} GROUP BY ALL) GROUP BY slice"""
    )
    active = database.rows(
        f"""SELECT {over.of("time_ns")} AS slice, max(value) FROM samples
        WHERE metric = 'vus' AND time_ns >= {over.begin} GROUP BY slice"""
    ) or database.rows(f"SELECT {over.of('start_ns')} AS slice, max(active_vus) {_MADE} GROUP BY slice")
    dropped = database.rows(
        f"""SELECT {over.of("time_ns")} AS slice, sum(value) FROM samples
        WHERE metric = 'dropped_iterations' GROUP BY slice"""
    )
    per_second = 10**9 / over.step
    return {
        "plannedVus": over.filled([(at, vus) for at, vus, _ in planned]),
        "plannedRate": over.filled([(at, rate) for at, _, rate in planned]),
        "activeVus": over.filled(active),
        "dropped": over.filled([(at, round(count * per_second, 3)) for at, count in dropped], absent=0),
    }


def _ms(ns: float) -> float:
    return round(ns / 1e6, 4)
