"""The nearest healthy twin of an offending trace: the same kind of request, asked nearly the same, and well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from k6spec.explain.sides import Sides
from k6spec.explain.spans import COMPARED, gather
from k6spec.query.database import Database
from k6spec.store.spans import CLIENT_SERVICE


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """A peer's trace (id in hex).

    It ``shares`` so many attribute values of the entry points of how many, began so far ``apart``, and its client
    waited so long.
    """

    trace_id: str
    shares: int
    of: int
    apart_ns: int
    client_ns: int


def twin(database: Database, trace_id: str, sides: Sides) -> Twin | None:
    """The peer that shares most attribute values with the trace, and of those the nearest in time."""
    gather(database, sides)
    rows = database.rows(
        f"""WITH asked AS (
            SELECT trace_id, unnest(map_entries(s.attributes)) AS entry FROM {COMPARED} s
            WHERE s.kind IN ('server', 'consumer') AND s.service <> '{CLIENT_SERVICE}'
            AND (s.trace_id = unhex(?) OR s.trace_id IN (SELECT unhex(unnest(?))))),
        own AS (SELECT DISTINCT entry FROM asked WHERE trace_id = unhex(?)),
        alike AS (
            SELECT trace_id, count(DISTINCT entry) AS shares FROM asked JOIN own USING (entry) GROUP BY trace_id)
        SELECT lower(hex(c.trace_id)), coalesce(shares, 0) AS shares, (SELECT count(*) FROM own),
               abs(c.start_ns - (SELECT start_ns FROM traces WHERE trace_id = unhex(?))) AS apart, c.client_ns
        FROM traces c LEFT JOIN alike USING (trace_id) WHERE c.trace_id IN (SELECT unhex(unnest(?)))
        ORDER BY shares DESC, apart, c.trace_id LIMIT 1""",
        [trace_id, list(sides.peers), trace_id, trace_id, list(sides.peers)],
    )
    if not rows:
        return None
    found, shares, of, apart, client = rows[0]
    return Twin(trace_id=found, shares=shares, of=of, apart_ns=apart, client_ns=int(client))
