"""Conditions on spans, requests and traces, in SQL and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

_GLOB: Final = frozenset("*?[")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition: SQL over the aliases ``s`` (span), ``r`` (request) and ``c`` (trace context).

    ``column`` and ``value`` serve the message when nothing matches. ``state`` marks conditions on how things
    went (a status, a limit) rather than on what they are: that none is found is then a finding, not a typo.
    """

    sql: str
    parameters: tuple[object, ...] = ()
    column: str | None = None
    value: str | None = None
    state: bool = False


def equals(column: str, value: object, *, state: bool = False) -> Condition:
    """The column has exactly this value; a text with ``*``, ``?`` or ``[`` is a glob."""
    if isinstance(value, str) and _GLOB & set(value):
        return Condition(
            sql=f"({column} GLOB ? OR {column} = ?)",
            parameters=(value, value),
            column=column,
            value=value,
            state=state,
        )
    return Condition(sql=f"{column} = ?", parameters=(value,), column=column, value=str(value), state=state)


def either(columns: tuple[str, ...], value: str) -> Condition:
    """One of the columns has this value (or matches the glob)."""
    parts = [equals(column, value) for column in columns]
    return Condition(
        sql="(" + " OR ".join(part.sql for part in parts) + ")",
        parameters=tuple(parameter for part in parts for parameter in part.parameters),
        column=columns[0],
        value=value,
    )


def attribute(map_column: str, key: str, value: object) -> Condition:
    """The attribute has this value, compared as text (``True`` is ``true``)."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return equals(f"{map_column}['{key.replace(chr(39), chr(39) * 2)}']", text)


def where(conditions: tuple[Condition, ...]) -> tuple[str, list[object]]:
    """All conditions as one SQL expression, with its parameters."""
    sql = " AND ".join(condition.sql for condition in conditions) or "true"
    return sql, [parameter for condition in conditions for parameter in condition.parameters]
