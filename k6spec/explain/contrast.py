"""What the offending traces have in common that the others have not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from k6spec.judge.verdict import Verdict
from k6spec.query.database import Database
from k6spec.store.spans import CLIENT_SERVICE

_LEAST_TRACES: Final = 5
_LEAST_SHARE: Final = 0.7
_LEAST_DIFFERENCE: Final = 0.5


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

    A trace offends if one of the claim's spans is over the limit; only duration claims over spans have such.
    """
    population = verdict.evidence.population
    if verdict.unit != "ns" or population.noun != "span" or verdict.operator in {">", ">="}:
        return None
    offending = [sighting.trace_id for sighting in population.worst(2_000, True) if sighting.value > verdict.limit]
    if len(offending) < _LEAST_TRACES:
        return None
    rows = database.rows(
        f"""WITH offending AS (SELECT unhex(unnest(?)) AS trace_id),
        peers AS (
            SELECT c.trace_id, c.trace_id IN (SELECT trace_id FROM offending) AS bad FROM traces c
            WHERE c.received AND c.operation IN
                (SELECT operation FROM traces WHERE trace_id IN (SELECT trace_id FROM offending))),
        pairs AS (
            SELECT DISTINCT s.trace_id, entry.key AS key, entry.value AS value
            FROM (SELECT trace_id, unnest(map_entries(attributes)) AS entry FROM spans
                  WHERE service <> '{CLIENT_SERVICE}' AND kind IN ('server', 'consumer', 'internal')) s),
        totals AS (SELECT count(*) FILTER (WHERE bad) AS bad, count(*) FILTER (WHERE NOT bad) AS good FROM peers)
        SELECT key, value, count(*) FILTER (WHERE bad) / any_value(totals.bad) AS of_bad,
               count(*) FILTER (WHERE NOT bad) / greatest(any_value(totals.good), 1) AS of_good
        FROM pairs JOIN peers USING (trace_id), totals
        WHERE totals.good >= {_LEAST_TRACES}
        GROUP BY key, value
        HAVING of_bad >= {_LEAST_SHARE} AND of_bad - of_good >= {_LEAST_DIFFERENCE}
        ORDER BY of_bad - of_good DESC, key LIMIT 1""",
        [offending],
    )
    if not rows:
        return None
    key, value, of_bad, of_good = rows[0]
    return Contrast(key=key, value=value, of_offending=of_bad, of_others=of_good)
