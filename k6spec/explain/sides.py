"""Which traces offend against a claim, and which others they can be compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Final, final

from k6spec.judge.verdict import Verdict
from k6spec.query.database import Database
from k6spec.query.population import Sighting
from k6spec.query.selectors import Condition, where

MOST: Final = 2_000
"""Traces of each side that are looked at: more tell no more, and cost time."""

_SHORTEST_NS: Final = 1_000  # below it a limit is no time: calls, or the half between failed (1) and not (0)

LEAST: Final = 5
"""Traces that a side needs: fewer may differ by chance in anything."""

_FEWEST: Final = 3
_MOST_RANKED: Final = 40_000
"""Traces among which a median one, or those that kept the limit, are looked for."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Trace ids in hex, all of one ``operation``: ``offending`` ones, worst first; ``peers`` that kept the limit.

    There are no peers where there would be fewer than five. ``spans``: of a claim on spans, the ids in hex of
    those that broke the limit. ``counted``: of a claim on how many spans a trace has, conditions on those spans.
    ``with_worst``: the worst of all that offend, of whatever operation, is among them.
    """

    operation: str
    offending: tuple[str, ...]
    peers: tuple[str, ...]
    spans: tuple[str, ...] = ()
    counted: tuple[Condition, ...] = ()
    with_worst: bool = True


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Offenders:
    """What broke a limit: ``excess``, of each trace how far its members are above it in all, worst trace first.

    ``spans``: those members, of a claim on spans. Ids are hex. ``beyond``: in how many traces something broke it,
    those that are not looked at included.
    """

    excess: Mapping[str, float]
    spans: tuple[str, ...]
    beyond: int = 0

    @property
    def traces(self) -> list[str]:
        """The ids, worst first."""
        return list(self.excess)


def sides(database: Database, verdict: Verdict, offending: Offenders) -> Sides | None:
    """The traces that broke the limit, and those of the same operation and part of the load that kept it.

    Of several operations the one that is furthest above the limit, all its traces together, is looked at. None
    where nothing offends.
    """
    if not offending.excess:
        return None
    within, parameters = where(verdict.evidence.population.within)
    rows = database.rows(
        f"""WITH offending AS (SELECT unhex(unnest(?)) AS trace_id, unnest(?::DOUBLE[]) AS excess),
        kind AS (
            SELECT operation FROM traces JOIN offending USING (trace_id)
            GROUP BY operation ORDER BY sum(excess) DESC, operation LIMIT 1)
        SELECT c.trace_id IN (SELECT trace_id FROM offending) AS bad, lower(hex(c.trace_id)), c.operation
        FROM traces c JOIN kind USING (operation) WHERE c.received AND {within}
        ORDER BY hash(c.trace_id)""",
        [offending.traces, list(offending.excess.values()), *parameters],
    )
    kept = {trace for is_bad, trace, _operation in rows if is_bad}
    bad = [trace for trace in offending.traces if trace in kept]
    if not bad:
        return None
    peers = [trace for is_bad, trace, _operation in rows if not is_bad]
    if offending.beyond > len(offending.excess):
        peers = _within_limit(verdict, peers[:_MOST_RANKED])
    return Sides(
        operation=rows[0][2],
        offending=tuple(bad[:MOST]),
        peers=tuple(peers[:MOST]) if len(peers) >= LEAST else (),
        spans=offending.spans,
        counted=verdict.evidence.population.counted,
        with_worst=bad[0] == offending.traces[0],
    )


def median_offender(verdict: Verdict) -> Sighting | None:
    """Of all traces in which something broke the limit, each with the member that did so most, the median one.

    None where fewer than three broke it or all by the same, and where so many did that it would take long to find.
    """
    population, offence = verdict.evidence.population, verdict.evidence.offence
    if offence is None or not isfinite(offence):
        return None
    beyond = population.values[population.values > offence]
    if len(beyond) < _FEWEST or beyond.min() == beyond.max():
        return None
    traces = population.traces_beyond(offence, True) if population.noun == "span" else len(beyond)
    place = traces // 2
    if not _FEWEST <= traces <= _MOST_RANKED:
        return None
    found = population.worst(place + 1, True)
    return found[place] if len(found) > place else None


def by_time(verdict: Verdict) -> bool:
    """Whether it is a length of time that breaks the limit."""
    return (verdict.evidence.offence or 0) >= _SHORTEST_NS


def offenders(verdict: Verdict) -> Offenders:
    """In which traces something broke the verdict's upper limit.

    In none where it has no upper limit that a single request, span or trace could break.
    """
    population, offence = verdict.evidence.population, verdict.evidence.offence
    if offence is None:
        return Offenders(excess={}, spans=())
    excess: dict[str, float] = {}
    spans: list[str] = []
    for sighting in population.worst(MOST, True):
        if sighting.trace_id is None or sighting.value <= offence:
            continue
        excess[sighting.trace_id] = excess.get(sighting.trace_id, 0.0) + sighting.value - offence
        if population.noun == "span" and sighting.span_id:
            spans.append(sighting.span_id)
    return Offenders(excess=excess, spans=tuple(spans), beyond=population.traces_beyond(offence, True))


def _within_limit(verdict: Verdict, traces: list[str]) -> list[str]:
    """Those of the traces in which nothing broke the limit."""
    population, offence = verdict.evidence.population, verdict.evidence.offence
    if population.part is None or offence is None:
        return []
    while traces:
        chosen = Condition(
            sql="trace_id IN (SELECT unhex(unnest(string_split(?, ','))))", parameters=(",".join(traces),)
        )
        part = population.part(chosen)
        if not part.traces_beyond(offence, True):
            break
        broke = {each.trace_id for each in part.worst(len(traces), True) if each.value > offence}
        if not broke:
            return []
        traces = [trace for trace in traces if trace not in broke]
    return traces
