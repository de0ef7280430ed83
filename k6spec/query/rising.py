"""Requests in the order in which a rate of arrivals rose, in windows: what was planned, and how it went."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from k6spec.query.database import Database
from k6spec.query.selector import Selector
from k6spec.query.selectors import where
from k6spec.query.success import FAILED

_WINDOWS: Final = 50
_SHORTEST_NS: Final = 1e9
_FEWEST: Final = 100  # requests: of fewer a percentile says little


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Requests that began one after another. Rates are planned iterations per second; times Unix nanoseconds.

    ``failed``: 1 or 0, by status where k6 did not say, which is so of ``unsaid`` requests.
    """

    from_rate: float
    to_rate: float
    begin_ns: float
    end_ns: float
    elapsed_ns: int
    durations: NDArray[np.float64]
    failed: NDArray[np.float64]
    unsaid: int


def rising(database: Database, selector: Selector) -> list[Window]:
    """Some fifty windows of the load, each of a second and of a hundred requests at least; none without a rate."""
    sql, parameters = where((*selector.scope, *selector.conditions))
    table = database.table(
        f"""SELECT start_ns, planned_rate, elapsed_ns, duration_ns,
            {FAILED}::INTEGER AS failed, (failed IS NULL)::INTEGER AS unsaid
        FROM requests r WHERE {sql} AND planned_rate IS NOT NULL ORDER BY start_ns""",
        parameters,
    )
    starts, rates, elapsed, durations, failed, unsaid = (table[name].to_numpy() for name in table.column_names)
    edges = list(_edges(starts))
    return [
        Window(
            from_rate=float(rates[begin]),
            to_rate=float(rates[end - 1]),
            begin_ns=float(starts[begin]),
            end_ns=float(starts[end - 1]),
            elapsed_ns=int(elapsed[begin]),
            durations=durations[begin:end].astype(np.float64),
            failed=failed[begin:end].astype(np.float64),
            unsaid=int(unsaid[begin:end].sum()),
        )
        for begin, end in pairwise(edges)
    ]


def scenarios_of(database: Database, selector: Selector) -> list[str]:
    """The scenarios that the requests are of."""
    sql, parameters = where((*selector.scope, *selector.conditions))
    rows = database.rows(f"SELECT DISTINCT scenario FROM requests r WHERE {sql} ORDER BY 1", parameters)
    return [scenario for (scenario,) in rows]


def first_drop(database: Database, scenario: str, windows: list[Window]) -> float | None:
    """The planned rate at which k6 began to drop iterations; None if it dropped none."""
    sql = "SELECT min(time_ns) FROM samples WHERE metric = 'dropped_iterations' AND scenario = ? AND value > 0"
    at = database.value(sql, [scenario])
    if at is None:
        return None
    times = [time for window in windows for time in (window.begin_ns, window.end_ns)]
    return float(np.interp(at, times, [rate for window in windows for rate in (window.from_rate, window.to_rate)]))


def _edges(starts: NDArray[np.int64]) -> Iterator[int]:
    if not len(starts):
        return
    width = max(_SHORTEST_NS, (starts[-1] - starts[0]) / _WINDOWS)
    begin = 0
    yield begin
    while len(starts) - begin >= 2 * _FEWEST:
        end = max(int(np.searchsorted(starts, starts[begin] + width)), begin + _FEWEST)
        if len(starts) - end < _FEWEST:
            break
        yield end
        begin = end
    yield len(starts)
