"""Whether traces have fewer spans under load than without: a sampler, or an SDK that drops, may be the reason.

Told where it cannot be the work itself: of one operation's successful requests, those under the most load against
those under the least. A cache that warms up does the same, so it is a remark and spoils nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from k6spec.query.success import SUCCEEDED
from k6spec.run import Run

_SURE: Final = 4.0
"""Standard errors: chance does that once in some ten thousand times."""

_BY_LOAD: Final = f"""
WITH seen AS (
    SELECT operation, spans, coalesce(planned_vus, planned_rate) AS level FROM traces
    WHERE received AND {SUCCEEDED} AND NOT coalesce(warmup, false)
      AND coalesce(planned_vus, planned_rate) IS NOT NULL
),
edges AS (
    SELECT operation, quantile_cont(level, 1.0 / 3) AS low, quantile_cont(level, 2.0 / 3) AS high FROM seen
    GROUP BY operation
)
SELECT operation, low, high,
       count(*) FILTER (level <= low), avg(spans) FILTER (level <= low),
       coalesce(var_samp(spans) FILTER (level <= low), 0),
       count(*) FILTER (level >= high), avg(spans) FILTER (level >= high),
       coalesce(var_samp(spans) FILTER (level >= high), 0)
FROM seen JOIN edges USING (operation) WHERE low < high GROUP BY operation, low, high ORDER BY operation
"""


def thinning(run: Run, *, fewest: int = 30, fall: float = 0.2) -> Iterator[str]:
    """A line for each operation whose traces have fewer spans the higher the planned load is.

    Args:
        fewest: traces on either side, below which nothing is said.
        fall: by what share they have fewer.
    """
    for operation, low, high, few, before, spread, many, after, spread_after in run.database.rows(_BY_LOAD):
        if min(few, many) < fewest or after > before * (1 - fall):
            continue
        error = (spread / few + spread_after / many) ** 0.5
        if before - after > _SURE * error:
            yield (
                f"traces of {operation} have {before:.1f} spans up to a planned load of {low:g}, and {after:.1f} "
                f"from {high:g} on: does a sampler, or an SDK's full queue, drop spans under load?"
            )
