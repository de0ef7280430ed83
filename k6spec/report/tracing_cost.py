"""What tracing itself costs: requests of the control share, which are sent unsampled, beside the sampled ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from k6spec.query.success import SUCCEEDED
from k6spec.run import Run
from k6spec.units import format_ns

_FEWEST: Final = 30

# By operation: the share is random, yet of few requests it may fall on the quick ones.
_MEDIANS: Final = f"""
SELECT operation, count(*) FILTER (WHERE control), median(duration_ns) FILTER (WHERE control),
       median(duration_ns) FILTER (WHERE sampled)
FROM requests WHERE {SUCCEEDED} AND NOT coalesce(warmup, false) AND trace_id IS NOT NULL
GROUP BY operation HAVING count(*) FILTER (WHERE control) >= ? AND count(*) FILTER (WHERE sampled) >= ?
ORDER BY operation
"""


def tracing_cost(run: Run) -> Iterator[str]:
    """A line for each operation with enough requests of the control share."""
    if not run.database.value("SELECT coalesce(bool_or(control), false) FROM requests"):
        return
    rows = run.database.rows(_MEDIANS, [_FEWEST, _FEWEST])
    for operation, count, without, traced in rows:
        yield (
            f"{operation}: median {format_ns(traced)} traced, {format_ns(without)} untraced "
            f"({traced / without - 1:+.0%}, {count:,} requests of the control share)"
        )
    if not rows:
        yield f"too few requests in the control share to say what tracing costs: under {_FEWEST} an operation"
