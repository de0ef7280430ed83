"""What the offending traces have in common that the others have not: values of attributes, and spans."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Final, Literal, final

from k6spec.explain.sides import LEAST, Sides
from k6spec.explain.spans import COMPARED, gather
from k6spec.explain.times import EVERYTHING, INSIDE
from k6spec.query.database import Database
from k6spec.query.selectors import where
from k6spec.store.spans import CLIENT_SERVICE

_LEAST_SHARE: Final = 0.7
_LEAST_DIFFERENCE: Final = 0.5
_FALSE_DISCOVERIES: Final = 0.01
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
    """A trait with the share of offending and of other traces that have it, as fractions.

    An ``attribute`` of the system's entry points and own spans (``key`` and ``value``), or a ``span``: ``key`` is
    its service and ``value`` its statement or name; of a claim on spans, one of those or below them, of a claim on
    how many spans a trace has, one that it counts.
    """

    trait: Literal["attribute", "span"]
    key: str
    value: str
    of_offending: float
    of_others: float


def contrast(database: Database, sides: Sides) -> tuple[Contrast, ...]:
    """What tells offending traces from their peers clearly, best first, attributes before spans.

    Of all traits that were compared, those are kept of which chance explains one in a hundred at most (Fisher's
    exact test; false discoveries held down as Benjamini and Hochberg do, Journal of the Royal Statistical Society
    B 57, 1995), that most of the offending have, and that half as many more of them have than of the peers.
    """
    bad, good = len(sides.offending), len(sides.peers)
    if bad < LEAST or good < LEAST:
        return ()
    gather(database, sides)
    counts, parameters = where(sides.counted)
    claimed = [list(sides.offending), list(sides.spans)] if sides.spans else []
    rows = database.rows(
        _traits(INSIDE if claimed else EVERYTHING, counts),
        [list(sides.offending), list(sides.peers), *claimed, _OUTCOMES, *parameters],
    )
    chance_of = {
        (of_bad, of_good): _chance(of_bad, bad, of_good, good) for _trait, _key, _value, of_bad, of_good in rows
    }
    chances = [chance_of[row[3], row[4]] for row in rows]
    highest = _highest_kept(chances)
    found = [
        Contrast(trait=row[0], key=row[1], value=row[2], of_offending=row[3] / bad, of_others=row[4] / good)
        for row, chance in zip(rows, chances, strict=True)
        if chance <= highest
    ]
    clear = [
        each
        for each in found
        if each.of_offending >= _LEAST_SHARE and each.of_offending - each.of_others >= _LEAST_DIFFERENCE
    ]
    return tuple(sorted(clear, key=lambda c: (c.trait != "attribute", c.of_others - c.of_offending, c.key)))


def _traits(inside: str, counts: str) -> str:
    """Attributes of entry points and the system's own spans only: what was asked for, not how it was looked up."""
    return f"""
    WITH RECURSIVE chosen AS (
        SELECT unhex(unnest(?)) AS trace_id, true AS bad
        UNION ALL SELECT unhex(unnest(?)) AS trace_id, false AS bad),
    own AS (
        SELECT s.*, bad FROM {COMPARED} s JOIN chosen USING (trace_id) WHERE s.service <> '{CLIENT_SERVICE}'),
    {inside},
    traits AS (
        SELECT DISTINCT trace_id, bad, 'attribute' AS trait, entry.key AS key, entry.value AS value FROM (
            SELECT trace_id, bad, unnest(map_entries(s.attributes)) AS entry
            FROM {COMPARED} s JOIN chosen USING (trace_id)
            WHERE s.service <> '{CLIENT_SERVICE}' AND s.kind IN ('server', 'consumer', 'internal'))
        WHERE NOT list_contains(?, entry.key)
        UNION ALL
        SELECT DISTINCT trace_id, bad, 'span', s.service, coalesce(s.db_statement, s.name)
        FROM own s WHERE s.node IN (SELECT node FROM inside) AND {counts})
    SELECT trait, key, value, count(*) FILTER (bad) AS of_bad, count(*) FILTER (NOT bad) AS of_good
    FROM traits GROUP BY ALL HAVING count(*) >= {LEAST} AND of_bad > 0 ORDER BY ALL"""


def _chance(bad_with: int, bad: int, good_with: int, good: int) -> float:
    """How probable it is that so many of those with the trait fell among the bad ones, or more (one-sided)."""
    having, others = bad_with + good_with, bad + good - bad_with - good_with
    # Each way is made of the one before it: of thousands of traces a binomial has a thousand digits.
    ways = way = comb(having, bad_with) * comb(others, bad - bad_with)
    for k in range(bad_with, min(having, bad)):
        way = way * (having - k) * (bad - k) // ((k + 1) * (others - bad + k + 1))
        ways += way
    return ways / comb(bad + good, bad)


def _highest_kept(chances: list[float]) -> float:
    ordered = sorted(chances)
    kept = [c for rank, c in enumerate(ordered, 1) if c <= _FALSE_DISCOVERIES * rank / len(ordered)]
    return kept[-1] if kept else -1.0
