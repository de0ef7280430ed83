"""A statement in one short line: which tables it asks says more than which columns."""

from __future__ import annotations

import re
from typing import Final

_WIDTH: Final = 90
_COLUMNS: Final = re.compile(r"(\bSELECT\s+)(.*?)(?=\s+FROM\b)", re.IGNORECASE)
_SHOWN: Final = 24


def short_statement(text: str) -> str:
    """The text with white space folded; if it is long, with lists of columns and then its end cut out."""
    line = " ".join(text.split())
    if len(line) > _WIDTH:
        line = _COLUMNS.sub(lambda found: found[1] + _first_columns(found[2]), line)
    return line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…"


def _first_columns(columns: str) -> str:
    if len(columns) <= _SHOWN:
        return columns
    return columns[:_SHOWN].rpartition(",")[0] + (", …" if "," in columns[:_SHOWN] else "…")
