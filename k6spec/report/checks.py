"""Checks that never held: k6 fails nothing for them, and of a flow's extraction they end each iteration there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from k6spec.run import Run

_SHOWN: Final = 3
_NEVER: Final = """
SELECT "check", count(*) FROM samples WHERE metric = 'checks' AND "check" IS NOT NULL
GROUP BY "check" HAVING max(value) = 0 ORDER BY count(*) DESC, "check"
"""


def never_held(run: Run) -> Iterator[str]:
    """A remark on checks that failed each time."""
    found = run.database.rows(_NEVER)
    if not found:
        return
    shown = ", ".join(f"{check!r} ({count:,} times)" for check, count in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    yield f"checks that failed each time: {shown}{more}; a flow ends where a value to extract is missing"
