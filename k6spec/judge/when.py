"""When the requests of a claim began: the parts of the load that it speaks of."""

from __future__ import annotations

from typing import Final

from k6spec.judge.verdict import Verdict
from k6spec.query.database import Database
from k6spec.query.selectors import where

_PIECES: Final = 240
_GAP: Final = 3  # pieces, at the least; …
_PAUSES: Final = 6  # … else so many times the mean time between two requests: chance cuts no part in two


def windows(database: Database, verdict: Verdict) -> list[tuple[int, int]] | None:
    """From - to, in Unix nanoseconds, to a 240th of the load; None where the claim is about all of it.

    A part ends where other requests began and none of the claim's own did for a while.
    """
    within = verdict.evidence.population.within
    if len(within) <= 1:  # that a request was made in a scenario is always asked
        return None
    sql, parameters = where(within)
    rows = database.rows(
        f"""WITH whole AS (
            SELECT min(start_ns) AS low, greatest(1, (max(start_ns) - min(start_ns)) // {_PIECES}) AS width
            FROM requests WHERE scenario IS NOT NULL),
        told AS (
            SELECT (start_ns - low) // width AS piece, start_ns, {sql} AS own
            FROM requests r, whole WHERE scenario IS NOT NULL)
        SELECT piece, min(start_ns) FILTER (own), max(start_ns) FILTER (own), count(*) FILTER (own)
        FROM told GROUP BY piece ORDER BY piece""",
        parameters,
    )
    own = [row for row in rows if row[3]]
    if not own:
        return []
    gap = max(_GAP, _PAUSES * (own[-1][0] - own[0][0] + 1) / sum(count for *_, count in own))
    found: list[tuple[int, int]] = []
    before, others = 0, False
    for piece, low, high, count in rows:
        if not count:
            others = True
            continue
        if found and not (others and piece - before > gap):
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
        before, others = piece, False
    return found
