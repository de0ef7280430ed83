"""Requests and spans by operation: how many, how long, how much of the time is their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from k6spec.query.database import Database
from k6spec.query.success import FAILED

MOST: Final = 300
"""Operations that are listed; the rest is told by its number."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOperation:
    """Requests of one operation. ``rate`` is per second over the whole load, percentiles are nanoseconds."""

    name: str
    count: int
    rate: float
    failed: int
    p50: float
    p90: float
    p95: float
    p99: float
    most: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SpanOperation:
    """Spans of one service, kind, name and statement; of all traces, k6's client spans included.

    ``own``: their self time, and ``share``: its share of all self time, as a fraction. ``critical``: their share
    of the time on all requests' critical paths. Times in nanoseconds.
    """

    service: str
    kind: str
    name: str
    statement: str | None
    count: int
    traces: int
    errors: int
    p50: float
    p95: float
    p99: float
    most: float
    own: float
    share: float
    critical: float


def request_operations(database: Database) -> list[RequestOperation]:
    """The commonest first."""
    rows = database.rows(
        f"""WITH whole AS (
            SELECT greatest(max(end_ns) - min(start_ns), 1) / 1e9 AS seconds FROM requests
            WHERE scenario IS NOT NULL)
        SELECT coalesce(operation, ''), count(*), count(*) / any_value(seconds), count(*) FILTER ({FAILED}),
               quantile_cont(duration_ns, [0.5, 0.9, 0.95, 0.99]), max(duration_ns)
        FROM requests, whole WHERE scenario IS NOT NULL
        GROUP BY operation ORDER BY count(*) DESC, operation LIMIT {MOST}"""
    )
    return [
        RequestOperation(
            name=name, count=count, rate=rate, failed=failed, p50=p50, p90=p90, p95=p95, p99=p99, most=most
        )
        for name, count, rate, failed, (p50, p90, p95, p99), most in rows
    ]


def span_operations(database: Database) -> tuple[list[SpanOperation], int]:
    """Those with the most self time first, and how many operations there are."""
    rows = database.rows(
        f"""WITH grouped AS (
            SELECT service, kind, name, db_statement, count(*) AS n, count(DISTINCT trace_no) AS traces,
                   count(*) FILTER (status = 'error') AS errors,
                   quantile_cont(duration_ns, [0.5, 0.95, 0.99]) AS q, max(duration_ns) AS most,
                   sum(self_ns) AS own, sum(critical_self_ns) AS critical
            FROM spans GROUP BY service, kind, name, db_statement)
        SELECT coalesce(service, 'unknown_service'), coalesce(kind, 'unspecified'), coalesce(name, ''),
               db_statement, n, traces, errors, q, most, own::DOUBLE,
               coalesce(own / nullif(sum(own) OVER (), 0), 0)::DOUBLE,
               coalesce(critical / nullif(sum(critical) OVER (), 0), 0)::DOUBLE, count(*) OVER ()
        FROM grouped ORDER BY own DESC, n DESC, service, name LIMIT {MOST}"""
    )
    found = [
        SpanOperation(
            service=service,
            kind=kind,
            name=name,
            statement=statement,
            count=count,
            traces=traces,
            errors=errors,
            p50=p50,
            p95=p95,
            p99=p99,
            most=most,
            own=own,
            share=share,
            critical=critical,
        )
        for service, kind, name, statement, count, traces, errors, (
            p50,
            p95,
            p99,
        ), most, own, share, critical, _ in rows
    ]
    return found, int(rows[0][-1]) if rows else 0
