"""The values by which a selection falls into groups."""

from __future__ import annotations

from typing import Final

from k6spec.errors import UsageError
from k6spec.query.conventions import read
from k6spec.query.database import Database
from k6spec.query.logic import Conditions
from k6spec.query.selector import SYSTEM_SPAN, Selector
from k6spec.query.selectors import where
from k6spec.query.spans import in_scope
from k6spec.store.spans import NORMALISED

_SPAN_COLUMNS: Final = {
    **{name: f"s.{name}" for name in ("service", "name", "kind", "status")},
    "scope": "s.scope_name",
    **{field.name: f"s.{field.name}" for field in NORMALISED},
}
_REQUEST_COLUMNS: Final = {
    **{name: name for name in ("method", "url", "proto", "scenario", "stage", "protocol")},
    "name": "operation",
    "status": "status::VARCHAR",
    "group": '"group"',
}


def values_of(
    database: Database, table: str, selector: Selector, key: str, *, most: int
) -> tuple[str, list[str | None]]:
    """SQL for what is grouped by, and its values in the selection, in order; None where there is none.

    Args:
        table: ``spans`` or ``requests``.

    Raises:
        UsageError: there are more than ``most``.
    """
    if table == "spans":
        column = _SPAN_COLUMNS.get(key) or read("s.attributes", key)
        source = "spans s"
        scope: Conditions = (in_scope(selector), SYSTEM_SPAN)
    else:
        column = _REQUEST_COLUMNS.get(key) or f"tags['{key.replace(chr(39), chr(39) * 2)}']"
        source, scope = "requests r", selector.scope
    sql, parameters = where((*scope, *selector.conditions))
    rows = database.rows(
        f"SELECT DISTINCT ({column})::VARCHAR AS v FROM {source} WHERE {sql} ORDER BY v NULLS LAST "
        f"LIMIT {most + 1}",
        parameters,
    )
    if len(rows) > most:
        raise UsageError(
            f"by({key!r}): there are more than {most:,} values; group by something with fewer, such as a "
            "route instead of a URL, or set max_groups"
        )
    return column, [value for (value,) in rows]
