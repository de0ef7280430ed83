"""Where the failures of offending traces begin: the failing spans below which nothing failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from k6spec.explain.sides import Offenders
from k6spec.judge.verdict import Verdict
from k6spec.query.database import Database
from k6spec.store.spans import CLIENT_SERVICE


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """The span that fails in most of the offending traces.

    ``error`` is its exception's type and message, or its status message; ``""`` if it tells neither.
    ``traces`` of ``offending`` traces fail there.
    """

    service: str
    name: str
    error: str
    traces: int
    offending: int


def failing(database: Database, verdict: Verdict, offending: Offenders) -> Failing | None:
    """Where most of the offending traces fail; None if fewer than half of them fail anywhere.

    Asked of failed requests, and of traces with spans that a claim counts. Messages differ by their numbers, so
    spans are grouped by exception type, and the commonest message is shown.

    Args:
        offending: the verdict's offenders.
    """
    if verdict.unit == "ns" or verdict.evidence.population.noun == "trace" or not offending.traces:
        return None
    rows = database.rows(
        f"""WITH offending AS (SELECT unhex(unnest(?)) AS trace_id),
        failed AS (
            SELECT s.*, ([e.attributes FOR e IN s.events IF e.name = 'exception'])[-1] AS exception
            FROM spans s JOIN offending USING (trace_id)
            WHERE s.status = 'error' AND s.service <> '{CLIENT_SERVICE}'),
        deepest AS (
            SELECT * FROM failed f WHERE NOT EXISTS
                (SELECT 1 FROM failed c WHERE c.trace_id = f.trace_id AND c.parent_span_id = f.span_id))
        SELECT service, name, exception['exception.type'] AS type,
               mode(coalesce(exception['exception.message'], nullif(status_message, ''), '')) AS message,
               count(DISTINCT trace_id) AS traces
        FROM deepest GROUP BY service, name, type ORDER BY traces DESC, service, name LIMIT 1""",
        [offending.traces],
    )
    if not rows or rows[0][4] * 2 < len(offending.traces):
        return None
    service, name, kind, message, traces = rows[0]
    error = ": ".join(word for word in (kind, message) if word)
    return Failing(service=service, name=name, error=error, traces=traces, offending=len(offending.traces))
