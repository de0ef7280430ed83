"""Calls from one service to another: what was seen of them at both ends.

A call whose other end never gives a span is uninstrumented: nobody waits for it. Where the other end ever gives
one, a call without is loss: the batch of the callee's SDK was not received, and the trace is there in part only.
Spans that lie outside the call that made them tell that the clocks of two hosts differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from k6spec.query.database import Database
from k6spec.store.spans import CLIENT_SERVICE

_NUMBERS: Final = "'[0-9a-fA-F-]*[0-9][0-9a-fA-F-]*', '*', 'g'"
"""Arguments that take ids out of a URL, so that calls of one route are one edge."""

_CALLS: Final = f"""
WITH calls AS (
    SELECT trace_id, node, service AS caller, name, coalesce(server_address, '') AS address,
           regexp_replace(coalesce(regexp_extract(url, '^[^?#]*'), ''), {_NUMBERS}) AS place,
           status IS NOT DISTINCT FROM 'error' AS failed
    FROM spans WHERE service <> '{CLIENT_SERVICE}' AND kind = 'client' AND category IN ('http_client', 'rpc')
),
answers AS (
    SELECT DISTINCT parent_node AS node FROM spans WHERE kind = 'server' AND parent_node IS NOT NULL
),
edges AS (
    SELECT caller, name, address, place, count(*) AS calls, count(answers.node) AS answered
    FROM calls LEFT JOIN answers USING (node) GROUP BY caller, name, address, place
)
"""
_EDGES: Final = f"{_CALLS} SELECT caller, name, address, calls, answered FROM edges ORDER BY ALL"
_PARTED: Final = f"""
{_CALLS} SELECT DISTINCT lower(hex(trace_id)) FROM calls JOIN edges USING (caller, name, address, place)
WHERE edges.answered > 0 AND NOT failed AND node NOT IN (SELECT node FROM answers)
"""

_OUTSIDE: Final = """
WITH calls AS (
    SELECT p.clock AS caller, s.clock AS callee, p.start_ns - s.start_ns AS early_ns,
           s.start_ns + s.duration_ns - p.start_ns - p.duration_ns AS late_ns
    FROM spans s JOIN spans p ON p.node = s.parent_node
    WHERE s.kind = 'server' AND p.kind = 'client' AND s.duration_ns <= p.duration_ns
),
usual AS (SELECT caller, callee, median(late_ns) AS usual_ns FROM calls GROUP BY caller, callee)
SELECT count(*), coalesce(max(greatest(early_ns, late_ns)), 0),
       coalesce(bool_or(early_ns > $1 OR usual_ns > $1), false)
FROM calls JOIN usual USING (caller, callee) WHERE greatest(early_ns, late_ns) > $1
"""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """``uninstrumented``: calls that never had an answer, in words. ``parted``: ids, in hex, of traces in part."""

    uninstrumented: tuple[str, ...]
    parted: frozenset[str]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Server spans that lie outside the client span that called them, though they are no longer; by how much.

    ``clocks_differ``: a span that begins before its call tells so, and so do two processes most of whose calls end
    late; a server that ends a few spans after its answer was read does not.
    """

    spans: int
    most_ns: int
    clocks_differ: bool


def read_edges(database: Database) -> Edges:
    """Looks at both ends of every call.

    Where traces are sampled on their way, one that came without the callee's part is one in part all the same.
    Calls without an answer are told from the database's ``uninstrumented_from`` on: of fewer each may have
    failed on its way.
    """
    never: dict[str, int] = {}
    for caller, name, address, calls, answered in database.rows(_EDGES):
        if not answered:
            words = f"{caller}: {name}" + (f" to {address}" if address else "")
            never[words] = never.get(words, 0) + calls
    least = database.uninstrumented_from
    told = tuple(f"{words} ({calls:,} calls)" for words, calls in never.items() if calls >= least)
    parted = frozenset(trace for (trace,) in database.rows(_PARTED))
    return Edges(uninstrumented=told, parted=parted)


def read_outside(database: Database, tolerated_ns: int) -> Outside:
    """Looks at every call that has both ends."""
    spans, most, differ = database.rows(_OUTSIDE, [tolerated_ns])[0]
    return Outside(spans=spans, most_ns=most, clocks_differ=differ)
