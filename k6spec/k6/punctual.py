"""Whether k6 made the load as it was declared: iterations begun late, and VUs that never asked for anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from k6spec.declare.load import Load, Part
from k6spec.declare.plan import plan
from k6spec.declare.profile import Iterations, PerVUIterations, ScriptsOwn

_STEP_NS: Final = 10_000_000
_LATE: Final = 95
"""The percentile of the delays that counts."""

_FEWEST: Final = 20
_AT_LEAST_NS: Final = 1_000_000_000


def lateness_ns(load: Load, samples: pa.Table, starts: Mapping[str, int]) -> float | None:
    """How late iterations of arrival-rate scenarios began, in all but the latest twentieth: the worst scenario.

    Args:
        samples: k6's samples: of each iteration its duration, at the time of its end.
        starts: k6's scenario name -> its start, in Unix nanoseconds.

    The n-th iteration to begin is compared with the n-th that was planned. None where that cannot be said:
    no such scenario, too few iterations, or some were dropped (which is told by itself).
    """
    found = [
        late
        for part in load.parts
        if part.name in starts and (late := _late(part, samples, starts[part.name])) is not None
    ]
    return max(found, default=None)


def idle_vus(load: Load, requests: pa.Table, samples: pa.Table) -> tuple[int, int]:
    """How many VUs of closed-model scenarios made no request though they were planned long enough, of how many.

    Long enough is a second, and twice the longest iteration of the scenario.
    """
    idle = planned = 0
    for part in load.parts:
        most = _planned_vus(part, _longest(part, samples))
        mine = requests.filter(pc.field("scenario") == pa.scalar(part.name))
        seen = len(pc.unique(mine["vu"]).drop_null()) if mine.num_rows else 0
        planned += most
        idle += max(0, most - seen)
    return idle, planned


def _late(part: Part, samples: pa.Table, start_ns: int) -> float | None:
    if isinstance(part.profile, ScriptsOwn):
        return None
    planned = plan(part.profile)
    if planned.vus or _of(part, samples, "dropped_iterations").num_rows:
        return None
    ended = _of(part, samples, "iteration_duration")
    begun = np.sort(_numbers(ended["time_ns"]) - _numbers(ended["value"]) * 1e6) - start_ns
    if len(begun) < _FEWEST:
        return None
    grid = np.arange(0, part.profile.length.ns + _STEP_NS, _STEP_NS, dtype=np.int64)
    due = np.concatenate([[0.0], np.cumsum(planned.level(grid))[:-1] * _STEP_NS / 1e9])
    # Iterations that were interrupted are not told; taken as the first ones, they make the others as little late
    # as they can have been.
    untold = max(0, int(due[-1]) - len(begun))
    late = begun - np.interp(np.arange(len(begun)) + untold, due, grid)
    return max(0.0, float(np.percentile(late, _LATE)))


def _planned_vus(part: Part, longest_ns: float) -> int:
    if isinstance(part.profile, ScriptsOwn):
        return 0
    if isinstance(part.profile, Iterations):
        return part.profile.vus if isinstance(part.profile, PerVUIterations) else 0
    planned = plan(part.profile)
    if not planned.vus:
        return 0
    grid = np.arange(0, part.profile.length.ns, _STEP_NS, dtype=np.int64)
    levels = np.sort(planned.level(grid))[::-1]
    place = int(max(_AT_LEAST_NS, 2 * longest_ns) / _STEP_NS)
    return int(levels[place]) if place < len(levels) else 0


def _longest(part: Part, samples: pa.Table) -> float:
    durations = _numbers(_of(part, samples, "iteration_duration")["value"])
    return float(durations.max()) * 1e6 if len(durations) else 0.0


def _of(part: Part, samples: pa.Table, metric: str) -> pa.Table:
    of_part = pc.field("scenario") == pa.scalar(part.name)
    return samples.filter((pc.field("metric") == pa.scalar(metric)) & of_part)


def _numbers(column: Any) -> NDArray[np.float64]:
    return np.asarray(column.to_numpy(), dtype=np.float64)
