"""The spans of the traces that are compared: all that is asked of them is asked of a table of these alone."""

from __future__ import annotations

from typing import Final

from k6spec.explain.sides import Sides
from k6spec.explain.waiting import DATABASE
from k6spec.query.database import Database

COMPARED: Final = "compared"
"""The table: columns of ``spans``, and ``database``: which one a database span is about."""

_ASKED_FOR: Final = ", ".join(
    f"s.{name}"
    for name in (
        *("trace_id", "trace_no", "span_id", "node", "parent_node", "service", "name", "kind", "attributes"),
        *("category", "db_statement", "critical_self_ns"),
    )
)


def gather(database: Database, sides: Sides) -> None:
    """Makes the table of both sides' spans, unless it is there; it takes the place of that of other sides.

    A few thousand traces lie all over the run, so each question to ``spans`` would read it from end to end.
    """
    columns = "s.*" if sides.counted else _ASKED_FOR  # a claim may count spans by anything
    database.keep(
        COMPARED,
        f"""SELECT {columns}, {DATABASE} AS database FROM spans s WHERE s.trace_no IN (
            SELECT trace_no FROM traces WHERE trace_id IN (SELECT unhex(unnest(?))))""",
        [[*sides.offending, *sides.peers]],
    )
