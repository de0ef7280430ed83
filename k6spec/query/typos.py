"""Told apart: spans that there are none of because of how things went, and spans that nobody ever had."""

from __future__ import annotations

from k6spec.query.database import Database
from k6spec.query.logic import Conditions, anchors, identity
from k6spec.query.near import why_nothing
from k6spec.query.selectors import where


def none_named(database: Database, conditions: Conditions, inside: Conditions) -> str:
    """Why a name among the conditions is likely misspelt; empty where all that is spoken of exists."""
    for group in (identity(conditions), *anchors(conditions)):
        sql, parameters = where((*inside, *group))
        if not database.value(f"SELECT count(*) > 0 FROM (SELECT 1 FROM spans s WHERE {sql} LIMIT 1)", parameters):
            return why_nothing(database, "spans s", "span", group, (), inside)
    return ""
