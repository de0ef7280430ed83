"""The parts of the load that a claim speaks of: when its window was open."""

from __future__ import annotations

from typing import Final

from k6spec.judge.verdict import Verdict
from k6spec.query.database import Database
from k6spec.query.selectors import where

_PIECES: Final = 240
_GAP: Final = 3  # pieces: single requests of another stage or scenario in between cut nothing in two


def windows(database: Database, verdict: Verdict) -> list[tuple[int, int]] | None:
    """From - to, in Unix nanoseconds, to a 240th of the load; None where the claim has no window.

    A part ends where requests outside of the window began, and none within it.
    """
    conditions = verdict.evidence.population.window
    if not conditions:
        return None
    sql, parameters = where(conditions)
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
    found: list[tuple[int, int]] = []
    before, others = 0, False
    for piece, low, high, own in rows:
        if not own:
            others = True
            continue
        if found and not (others and piece - before > _GAP):
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
        before, others = piece, False
    return found
