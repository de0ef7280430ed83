"""What the offending traces have in common that the others have not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from k6spec.judge.verdict import Verdict
from k6spec.query.database import Database
from k6spec.query.selectors import where
from k6spec.store.spans import CLIENT_SERVICE

_MOST_OFFENDING: Final = 2_000
_LEAST_TRACES: Final = 5
_LEAST_SHARE: Final = 0.7
_LEAST_DIFFERENCE: Final = 0.5
_OUTCOMES: Final = [
    "http.status_code",
    "http.response.status_code",
    "http.response.body.size",
    "http.response_content_length",
    "rpc.grpc.status_code",
    "error.type",
]
"""Attributes that tell how a request went; they are not why."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """An attribute's value with the share of offending and of other traces that carry it, as fractions."""

    key: str
    value: str
    of_offending: float
    of_others: float


def contrast(database: Database, verdict: Verdict) -> Contrast | None:
    """The attribute value that tells offending traces from the others best, if one does so clearly.

    A trace offends if its request, or one of the claim's spans in it, took longer than the limit; the others
    are those of the same operation (the commonest among the offending) in the claim's part of the load.
    Attributes are those of entry points and of the system's own spans: what was asked for, rather than how it
    was looked up.
    """
    population = verdict.evidence.population
    if verdict.unit != "ns" or population.noun == "trace" or verdict.operator in {">", ">="}:
        return None
    worst = population.worst(_MOST_OFFENDING, True)
    offending = [sighting.trace_id for sighting in worst if sighting.trace_id and sighting.value > verdict.limit]
    if len(offending) < _LEAST_TRACES:
        return None
    within, parameters = where(population.within)
    rows = database.rows(
        f"""WITH offending AS (SELECT unhex(unnest(?)) AS trace_id),
        peers AS (
            SELECT c.trace_id, c.trace_id IN (SELECT trace_id FROM offending) AS bad FROM traces c
            WHERE c.received AND {within} AND c.operation =
                (SELECT mode(operation) FROM traces WHERE trace_id IN (SELECT trace_id FROM offending))),
        totals AS (SELECT count(*) FILTER (bad) AS n_bad, count(*) FILTER (NOT bad) AS n_good FROM peers),
        pairs AS (
            SELECT DISTINCT s.trace_id, unnest(map_entries(s.attributes)) AS entry
            FROM spans s JOIN peers USING (trace_id)
            WHERE s.service <> '{CLIENT_SERVICE}' AND s.kind IN ('server', 'consumer', 'internal')),
        shares AS (
            SELECT entry.key AS key, entry.value AS value,
                   count(*) FILTER (bad) / any_value(n_bad) AS of_bad,
                   count(*) FILTER (NOT bad) / any_value(n_good) AS of_good
            FROM pairs JOIN peers USING (trace_id), totals
            WHERE n_good >= {_LEAST_TRACES} GROUP BY ALL)
        SELECT key, value, of_bad, of_good FROM shares
        WHERE NOT list_contains(?, key) AND of_bad >= {_LEAST_SHARE} AND of_bad - of_good >= {_LEAST_DIFFERENCE}
        ORDER BY of_bad - of_good DESC, key LIMIT 1""",
        [offending, *parameters, _OUTCOMES],
    )
    if not rows:
        return None
    key, value, of_bad, of_good = rows[0]
    return Contrast(key=key, value=value, of_offending=of_bad, of_others=of_good)
