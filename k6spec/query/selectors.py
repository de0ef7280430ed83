"""Conditions on spans, requests and traces, in SQL and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, final

GLOB: Final = frozenset("*?[")
"""Any of these makes a text a glob."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition: SQL over the aliases ``s`` (span), ``r`` (request) and ``c`` (trace context).

    Attributes:
        column: SQL of what is compared; with ``value`` (a text) or ``asked`` (other words), and ``what`` (its
            name for people), it serves the message when nothing matches.
        state: on how things went (a status, a limit) rather than on what they are: that none is found is then a
            finding, not a typo.
        keys: the map column that ``column`` reads a key of; a misspelt key is told from a value that is not there.
        how: how ``parts`` make it; ``related``: by a relation to a span that meets the parts.
        local: it looks at nothing but the thing itself.
        certain: what was not received cannot make it untrue. ``no parent is slow`` is not certain.
        doubts: conditions on spans; where one is met, the answer would need the clocks of two hosts.
    """

    sql: str
    parameters: tuple[object, ...] = ()
    column: str | None = None
    value: str | None = None
    state: bool = False
    what: str | None = None
    asked: str | None = None
    keys: str | None = None
    how: Literal["leaf", "all", "any", "not", "related"] = "leaf"
    parts: tuple[Condition, ...] = ()
    local: bool = True
    certain: bool = True
    doubts: tuple[Condition, ...] = ()


def equals(column: str, value: object, *, state: bool = False) -> Condition:
    """The column has exactly this value; a text with ``*``, ``?`` or ``[`` is a glob."""
    if isinstance(value, str) and GLOB & set(value):
        return Condition(
            sql=f"({column} GLOB ? OR {column} = ?)",
            parameters=(value, value),
            column=column,
            value=value,
            state=state,
        )
    return Condition(sql=f"{column} = ?", parameters=(value,), column=column, value=str(value), state=state)


def where(conditions: tuple[Condition, ...]) -> tuple[str, list[object]]:
    """All conditions as one SQL expression, with its parameters."""
    sql = " AND ".join(condition.sql for condition in conditions) or "true"
    return sql, [parameter for condition in conditions for parameter in condition.parameters]
