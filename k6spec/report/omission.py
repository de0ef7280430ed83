"""Whether a closed model flattered latencies: coordinated omission.

In a closed model a slow system is asked less often, so its slow times are made of few requests, and percentiles
over requests hardly see them. Here each stretch of time counts by its planned VUs, however few requests were made
in it, as it would under a steady rate of arrivals. Slow requests that are spread evenly change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from k6spec.run import Run
from k6spec.units import format_ns

_WINDOW: Final = 1e9  # nanoseconds
_FEWEST: Final = 100  # requests
_SHORTEST: Final = 5  # windows
_RATIO: Final = 2.0  # between the two percentiles, from which on it is worth a remark …
_SHARE: Final = 0.02  # … if this much of the time was slower than 99 % of the requests
_QUANTILE: Final = 0.99

_REQUESTS: Final = """
SELECT operation, start_ns, duration_ns, planned_vus FROM requests
WHERE planned_vus > 0 AND NOT coalesce(warmup, false)
ORDER BY operation
"""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Flattered:
    """An operation whose p99 (nanoseconds) is larger over time than over requests."""

    operation: str
    over_requests: float
    over_time: float


def omission(run: Run) -> Iterator[str]:
    """A remark on a run, if durations were claimed of it and a closed model flatters them."""
    if not any(verdict["unit"] == "ns" for verdict in run.info["verdicts"]):
        return
    worst = max(_flattered(run), key=lambda found: found.over_time / found.over_requests, default=None)
    if worst is None:
        return
    yield (
        f"closed model: while {worst.operation} was slow, it was asked less often; counted evenly over time its "
        f"p99 is {format_ns(worst.over_time)}, over requests {format_ns(worst.over_requests)} (coordinated "
        "omission); claims about latency are safer with an arrival rate"
    )


def _flattered(run: Run) -> Iterator[Flattered]:
    table = run.database.table(_REQUESTS)
    operations = table.column("operation").to_numpy()
    edges = [0, *(np.flatnonzero(operations[1:] != operations[:-1]) + 1), len(operations)]
    starts, durations, vus = (
        table.column(name).to_numpy().astype(np.float64) for name in ("start_ns", "duration_ns", "planned_vus")
    )
    for begin, end in pairwise(edges):
        part = slice(begin, end)
        if end - begin < _FEWEST:
            continue
        over_requests = float(np.quantile(durations[part], _QUANTILE))
        values, weights = _over_time(starts[part], durations[part], vus[part])
        if not len(values) or weights[values > over_requests].sum() < _SHARE * weights.sum():
            continue
        over_time = float(values[np.searchsorted(weights.cumsum(), _QUANTILE * weights.sum())])
        if over_time >= _RATIO * over_requests > 0:
            yield Flattered(operation=operations[begin], over_requests=over_requests, over_time=over_time)


def _over_time(
    starts: NDArray[np.float64], durations: NDArray[np.float64], vus: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Durations, ascending, and how much time each stands for: a window's requests share its planned VUs.

    A request counts in the window that it began in, and in as many more as it lasted through.
    """
    first, last = starts.min(), starts.max()
    windows = int((last - first) / _WINDOW)
    if windows < _SHORTEST:
        return np.zeros(0), np.zeros(0)
    width = (last - first) / windows
    begun = np.minimum((starts - first) // width, windows - 1)
    lasted = np.minimum(durations // width, windows - 1 - begun)
    times = lasted.astype(np.int64) + 1
    request = np.repeat(np.arange(len(starts)), times)
    later = np.arange(len(request)) - np.repeat(times.cumsum() - times, times)
    window = begun[request].astype(np.int64) + later
    counts = np.bincount(window, minlength=windows)
    planned = np.bincount(window, weights=vus[request], minlength=windows) / np.maximum(counts, 1)
    order = np.argsort(durations[request])
    return durations[request][order], (planned[window] / counts[window])[order]
