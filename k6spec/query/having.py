"""Traces by whether each has so many spans of some kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from k6spec.query.database import Database
from k6spec.query.logic import Conditions
from k6spec.query.misspelt import any_misspelt
from k6spec.query.near import why_nothing
from k6spec.query.population import Population, Sighting
from k6spec.query.scope import lost_traces, seconds_of, trace_columns
from k6spec.query.selector import SYSTEM_SPAN, Selector
from k6spec.query.spans import SPANS, in_scope, misspelt_root
from k6spec.query.traces import count_spans, decided, instrumented
from k6spec.query.typos import none_named


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """From ``least`` to ``most`` (None: no end) spans that meet the conditions; ``text`` names it."""

    conditions: Conditions
    least: int
    most: int | None
    text: str

    def holds(self, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each number lies within."""
        enough = numbers >= self.least
        return enough if self.most is None else enough & (numbers <= self.most)


def read_having(database: Database, selector: Selector, quantities: tuple[Quantity, ...]) -> Population:
    """Each complete trace as 1 (all quantities hold) or 0; of the others nothing is known.

    Where some spans that were asked for exist in no trace at all, and none of them could be missing, the claim
    says nothing: their name is more likely misspelt.
    """
    traces = trace_columns(database)
    holds = np.ones(len(traces), np.bool_)
    for wanted in quantities:
        holds &= wanted.holds(count_spans(database, wanted.conditions))
    chosen = instrumented(database, selector)
    clear = traces.complete & decided(database, tuple(c for wanted in quantities for c in wanted.conditions))
    known, lost = np.flatnonzero(chosen & clear), np.flatnonzero(chosen & ~clear)
    missing = lost_traces(database, selector, lost, seen=np.zeros(len(lost)))
    values, starts = holds[known].astype(np.float64), traces.began[known]
    typo = ""
    for wanted in quantities:
        typo = typo or none_named(database, wanted.conditions, (SYSTEM_SPAN,))
    if typo:
        values, starts = np.empty(0), np.empty(0)

    def worst(count: int, largest: bool) -> list[Sighting]:
        met = holds[known]
        order = np.lexsort((-traces.client_ns[known], ~met if largest else met))[:count]
        shown = known[order].tolist()
        rows = database.rows(
            """SELECT trace_no, lower(hex(trace_id)), lower(hex(span_id)), operation, vu, elapsed_ns FROM traces
            WHERE list_contains(?, trace_no)""",
            [shown],
        )
        found = {
            number: Sighting(
                value=int(holds[number]), trace_id=t, span_id=s, what=w, service=None, vu=vu, elapsed_ns=e
            )
            for number, t, s, w, vu, e in rows
        }
        return [found[number] for number in shown]

    return Population(
        noun="trace",
        text=", ".join((selector.text or "traces", *selector.window.words)),
        values=values,
        starts=starts,
        scope=len(known) + missing.traces,
        seconds=seconds_of(database, selector),
        missing=missing,
        within=selector.scope,
        window=selector.window.conditions,
        worst=worst,
        traces_beyond=lambda limit, over: int(np.count_nonzero(values > limit if over else values < limit)),
        why_empty=lambda: typo or why_nothing(database, "traces c", "trace", selector.root, selector.scope),
        misspelt=lambda: (
            misspelt_root(database, selector)
            or any(
                any_misspelt(database, SPANS, wanted.conditions, (in_scope(selector), SYSTEM_SPAN))
                for wanted in quantities
            )
        ),
    )
