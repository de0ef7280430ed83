"""Whether requests failed that no claim may speak of: a login that fails leaves the rest of the journey out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from k6spec.query.success import FAILED
from k6spec.run import Run
from k6spec.units import format_ratio

_SHOWN: Final = 3
_OPERATIONS: Final = f"""
SELECT operation, count(*) FILTER ({FAILED}) AS failed, count(*) AS sent FROM requests
GROUP BY operation ORDER BY failed DESC, operation
"""


def failing(run: Run, *, above: float) -> Iterator[str]:
    """A remark on a run of whose requests more than a share ``above`` failed."""
    found = run.database.rows(_OPERATIONS)
    failed, sent = (sum(row[column] for row in found) for column in (1, 2))
    if failed <= above * sent:
        return
    worst = ", ".join(f"{row[1]:,} of {row[2]:,} {row[0]}" for row in found[:_SHOWN] if row[1])
    yield (
        f"{format_ratio(failed / sent)} of the requests failed: {worst}; what an iteration does after a "
        "failure may have been left out"
    )
