"""Traces by whether each has so many spans of some kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from k6spec.query.database import Database
from k6spec.query.logic import Conditions
from k6spec.query.misspelt import any_misspelt
from k6spec.query.near import why_nothing
from k6spec.query.population import Missing, Population, Sighting
from k6spec.query.scope import seconds_of, uninstrumented
from k6spec.query.selector import SYSTEM_SPAN, Selector
from k6spec.query.selectors import where
from k6spec.query.spans import SPANS, in_scope, misspelt_root
from k6spec.query.traces import decided
from k6spec.query.typos import none_named


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """From ``least`` to ``most`` (None: no end) spans that meet the conditions; ``text`` names it."""

    conditions: Conditions
    least: int
    most: int | None
    text: str

    @property
    def sql(self) -> str:
        """Whether a trace's number ``n`` lies within."""
        return f"n >= {self.least}" if self.most is None else f"n BETWEEN {self.least} AND {self.most}"


def read_having(database: Database, selector: Selector, quantities: tuple[Quantity, ...]) -> Population:
    """Each complete trace as 1 (all quantities hold) or 0; of the others nothing is known.

    Where some spans that were asked for exist in no trace at all, and none of them could be missing, the claim
    says nothing: their name is more likely misspelt.
    """
    scope, scope_parameters = where(selector.scope)
    counts: list[str] = []
    tests: list[str] = []
    parameters: list[object] = []
    for place, wanted in enumerate(quantities):
        sql, inner = where((SYSTEM_SPAN, *wanted.conditions))
        counts.append(
            f"LEFT JOIN (SELECT s.trace_id, count(*) AS n FROM spans s WHERE {sql} GROUP BY s.trace_id) k{place} "
            f"ON k{place}.trace_id = t.trace_id"
        )
        tests.append(f"coalesce(k{place}.n, 0)".join(wanted.sql.split("n", 1)))
        parameters += inner
    known, known_parameters = decided(tuple(c for wanted in quantities for c in wanted.conditions))
    judged = f"""
        SELECT t.*, ({" AND ".join(tests)})::INTEGER AS holds, t.complete AND {known} AS known
        FROM (SELECT * FROM traces WHERE {scope}) t {" ".join(counts)}"""
    everything = [*known_parameters, *scope_parameters, *parameters]
    unseen = uninstrumented(database, selector)
    table = database.table(
        f"SELECT holds, known, client_ns, start_ns FROM ({judged}) WHERE NOT list_contains(?, operation)",
        [*everything, list(unseen)],
    )
    known_rows = table["known"].to_numpy().astype(bool)
    values = table["holds"].to_numpy().astype(np.float64)[known_rows]
    starts = table["start_ns"].to_numpy().astype(np.float64)[known_rows]
    typo = ""
    for wanted in quantities:
        typo = typo or none_named(database, wanted.conditions, (in_scope(selector), SYSTEM_SPAN))
    if typo:
        values, starts = np.empty(0), np.empty(0)

    def worst(count: int, largest: bool) -> list[Sighting]:
        rows = database.rows(
            f"""SELECT holds, lower(hex(trace_id)), lower(hex(span_id)), operation, vu, elapsed_ns
            FROM ({judged}) WHERE known ORDER BY holds {"DESC" if largest else "ASC"}, client_ns DESC
            LIMIT {count}""",
            everything,
        )
        return [
            Sighting(value=v, trace_id=t, span_id=s, what=w, service=None, vu=vu, elapsed_ns=e)
            for v, t, s, w, vu, e in rows
        ]

    lost = int(np.count_nonzero(~known_rows))
    return Population(
        noun="trace",
        text=", ".join((selector.text or "traces", *selector.window.words)),
        values=values,
        starts=starts,
        scope=table.num_rows,
        seconds=seconds_of(database, selector),
        missing=Missing(
            client_ns=table["client_ns"].to_numpy().astype(np.float64)[~known_rows],
            seen=np.zeros(lost),
            starts=table["start_ns"].to_numpy().astype(np.float64)[~known_rows],
            uninstrumented=unseen,
        ),
        within=selector.scope,
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
