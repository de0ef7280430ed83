"""When the requests of a claim began: the parts of the load that it speaks of."""

from __future__ import annotations

from typing import Final

from k6spec.judge.verdict import Verdict
from k6spec.query.database import Database
from k6spec.query.selectors import where

_PIECES: Final = 240
_GAP: Final = 3  # pieces: requests come now and then, and a part is not cut by each pause between two


def windows(database: Database, verdict: Verdict) -> list[tuple[int, int]] | None:
    """From - to, in Unix nanoseconds, to a 240th of the load; None where the claim is about all of it."""
    within = verdict.evidence.population.within
    if len(within) <= 1:  # that a request was made in a scenario is always asked
        return None
    sql, parameters = where(within)
    rows = database.rows(
        f"""WITH whole AS (
            SELECT min(start_ns) AS low, greatest(1, (max(start_ns) - min(start_ns)) // {_PIECES}) AS width
            FROM requests WHERE scenario IS NOT NULL)
        SELECT (start_ns - low) // width AS piece, min(start_ns), max(start_ns)
        FROM requests r, whole WHERE {sql} GROUP BY piece ORDER BY piece""",
        parameters,
    )
    found: list[tuple[int, int]] = []
    before = -_GAP - 1
    for piece, low, high in rows:
        if piece - before > _GAP:
            found.append((low, high))
        else:
            found[-1] = (found[-1][0], high)
        before = piece
    return found
