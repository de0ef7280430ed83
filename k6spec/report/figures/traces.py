"""The traces that a report carries: those that verdicts point to, and the slowest request of each operation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, final

from k6spec.query.database import Database
from k6spec.report.judged import MISSED
from k6spec.report.trace_tree import TraceTree, build_trace_tree
from k6spec.units import format_ns

_MOST_NAMED: Final = 24
_MOST_SLOW: Final = 4
_MOST_SPANS: Final = 2_000


@final
@dataclass(slots=True, kw_only=True)
class Chosen:
    """A trace with the reasons why it is shown; ``marked`` are the spans (hex) that they are about."""

    tree: TraceTree
    reasons: list[str] = field(default_factory=list)
    marked: list[str] = field(default_factory=list)
    named: bool = False
    """A verdict points to it as one that offends."""
    at_ns: int = 0
    """When its request began, Unix nanoseconds."""
    status: int | None = None

    @property
    def on_own_page(self) -> bool:
        """Whether it is too long to be carried by the report, which then links to a page beside it."""
        return self.tree.span_count > _MOST_SPANS


def chosen_traces(database: Database, verdicts: Iterable[Mapping[str, Any]]) -> list[Chosen]:
    """Those of the verdicts first, in their order; whatever is named and not there is left out."""
    wanted: dict[str, Chosen | None] = {}
    for verdict in verdicts:
        if verdict["outcome"] not in MISSED:
            continue
        pointed = [line for line in verdict.get("lines", ()) if line.get("trace")]
        pointed = pointed or [{"trace": trace} for trace in verdict.get("trace_ids", ())]
        for line in pointed:
            if line["trace"] not in wanted and len(wanted) >= _MOST_NAMED:
                continue
            chosen = _found(database, line["trace"], wanted)
            if chosen is None:
                continue
            headline = verdict.get("headline", verdict["claim"])
            is_twin = line.get("kind") == "twin"
            chosen.named |= not is_twin
            _add(chosen.reasons, f"healthy beside: {headline}" if is_twin else headline)
            if line.get("span"):
                _add(chosen.marked, line["span"])
    for operation, trace, longest in database.rows(
        """SELECT operation, lower(hex(arg_max(trace_id, client_ns))), max(client_ns) FROM traces
        WHERE received AND scenario IS NOT NULL GROUP BY operation ORDER BY count(*) DESC, operation LIMIT ?""",
        [_MOST_SLOW],
    ):
        chosen = _found(database, trace, wanted)
        if chosen is not None:
            _add(chosen.reasons, f"the slowest {operation}: {format_ns(longest)}")
    there = [chosen for chosen in wanted.values() if chosen is not None]
    _add_requests(database, there)
    return there


def _found(database: Database, trace: str, wanted: dict[str, Chosen | None]) -> Chosen | None:
    if trace not in wanted:
        spans = database.table("SELECT * FROM spans WHERE trace_id = unhex(?)", [trace])
        wanted[trace] = Chosen(tree=build_trace_tree(spans)) if spans.num_rows else None
    return wanted[trace]


def _add_requests(database: Database, traces: list[Chosen]) -> None:
    rows = database.rows(
        """SELECT lower(hex(trace_id)), start_ns, status
        FROM traces JOIN (SELECT unhex(unnest(?::VARCHAR[])) AS trace_id) USING (trace_id)""",
        [[chosen.tree.trace_id for chosen in traces]],
    )
    of_trace = {trace: (start, status) for trace, start, status in rows}
    for chosen in traces:
        chosen.at_ns, chosen.status = of_trace.get(chosen.tree.trace_id, (chosen.tree.start_ns, None))


def _add(texts: list[str], text: str) -> None:
    if text not in texts:
        texts.append(text)
