"""Which traces offend against a claim, and which others they can be compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

from k6spec.judge.verdict import Verdict
from k6spec.query.database import Database
from k6spec.query.selectors import where

MOST: Final = 2_000
"""Traces of each side that are looked at: more tell no more, and cost time."""

_SHORTEST_NS: Final = 1_000  # below it a limit is no time: calls, or the half between failed (1) and not (0)

LEAST: Final = 5
"""Traces that a side needs: fewer may differ by chance in anything."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Trace ids in hex, all of one ``operation``: ``offending`` ones, worst first; ``peers`` that kept the limit.

    There are no peers where there would be fewer than five.
    """

    operation: str
    offending: tuple[str, ...]
    peers: tuple[str, ...]


def sides(database: Database, verdict: Verdict, offending: Sequence[str]) -> Sides | None:
    """The traces that broke the limit, and those of the same operation and part of the load that kept it.

    Offending traces of other operations than the commonest among them are left out. None where nothing offends.

    Args:
        offending: the verdict's offenders.
    """
    if not offending:
        return None
    within, parameters = where(verdict.evidence.population.within)
    rows = database.rows(
        f"""WITH offending AS (SELECT unhex(unnest(?)) AS trace_id),
        kind AS (SELECT mode(operation) AS operation FROM traces JOIN offending USING (trace_id))
        SELECT c.trace_id IN (SELECT trace_id FROM offending) AS bad, lower(hex(c.trace_id)), c.operation
        FROM traces c JOIN kind USING (operation) WHERE c.received AND {within}
        ORDER BY hash(c.trace_id)""",
        [offending, *parameters],
    )
    kept = {trace for is_bad, trace, _operation in rows if is_bad}
    bad = [trace for trace in offending if trace in kept]
    peers = [trace for is_bad, trace, _operation in rows if not is_bad]
    if not bad:
        return None
    return Sides(
        operation=rows[0][2],
        offending=tuple(bad[:MOST]),
        peers=tuple(peers[:MOST]) if len(peers) >= LEAST else (),
    )


def by_time(verdict: Verdict) -> bool:
    """Whether it is a length of time that breaks the limit."""
    return (verdict.evidence.offence or 0) >= _SHORTEST_NS


def offenders(verdict: Verdict) -> list[str]:
    """Ids, in hex, of traces in which something broke the verdict's upper limit, worst first.

    None where it has no upper limit that a single request, span or trace could break.
    """
    offence = verdict.evidence.offence
    if offence is None:
        return []
    worst = verdict.evidence.population.worst(MOST, True)
    return list(dict.fromkeys(s.trace_id for s in worst if s.trace_id and s.value > offence))
