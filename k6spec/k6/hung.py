"""What k6 says nothing of: iterations that it interrupted after ``gracefulStop``, and VUs that hung in one.

k6 gives no sample of a request, nor of an iteration, that it interrupts. So a system that stops to answer leaves
only the requests that it answered before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from k6spec.declare.load import Part
from k6spec.declare.plan import plan
from k6spec.declare.profile import Iterations, PerVUIterations, ScriptsOwn
from k6spec.k6.punctual import NO_ITERATIONS, MadeIterations, patience_ns

_STEP_NS: Final = 10_000_000
_MOST_STEPS: Final = 50_000
_LATE_NS: Final = 200_000_000
"""An iteration that was due in the last moments may have begun too late."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Hung:
    """VUs of a closed model that gave no sign of life to the end, and of how many that gave any.

    ``last_ns``: the latest sign of life of these, and ``length_ns``: of the scenario; both in its own time.
    """

    vus: int
    asking: int
    last_ns: int
    length_ns: int


def untold(part: Part, iterations: Mapping[str, MadeIterations]) -> tuple[int, int]:
    """How many iterations k6 neither ended nor dropped, of how many that were due; 0 of 0 in a closed model.

    By design k6 interrupts what is younger than ``gracefulStop`` when it ends: of an arrival rate only those count
    that had the time, which is a second and twice the longest iteration, before that.
    """
    made = iterations.get(part.name, NO_ITERATIONS)
    # Where none ended, nobody knows how long one takes: those count that had as long as the whole load.
    due = _due(part, made.longest_ns if len(made.begun_ns) else part.profile.length.ns / 2)
    return max(0, due - len(made.begun_ns) - made.dropped), due


def hung_vus(
    part: Part,
    iterations: Mapping[str, MadeIterations],
    start_ns: int | None,
    alive: Mapping[tuple[str, int], int | None],
) -> Hung | None:
    """None where nothing can be said: another model, or no iteration ended.

    A VU hung if from its last sign of life, or from when it was last started, to the end for which it was planned,
    there was more than a second, and than twice the longest iteration of the scenario. An iteration that ended
    in ``gracefulStop`` is such a sign, and told how long iterations take.

    Args:
        start_ns: of the scenario, in Unix nanoseconds.
        alive: scenario and VU -> its last sign of life, in Unix nanoseconds; None if it ended no iteration: nobody
            knows how long its take, for VUs may differ, so it counts as alive.
    """
    if start_ns is None or isinstance(part.profile, ScriptsOwn | Iterations):
        return None
    made = iterations.get(part.name, NO_ITERATIONS)
    if not plan(part.profile).vus or not len(made.begun_ns):
        return None
    last = sorted(
        (inf if when is None else when - start_ns for (name, _vu), when in alive.items() if name == part.name),
        reverse=True,
    )
    patience = patience_ns(made.longest_ns)
    # Which VU k6 takes for which place of the plan it does not tell, and need not: until the n-th place ends there
    # are n VUs, so the n-th latest sign of life is at most the patience earlier, unless one of them hung.
    silent = [
        when
        for (begin, end), when in zip(_last_times(part), last, strict=False)
        if end - max(begin, when) > patience
    ]
    return Hung(
        vus=len(silent),
        asking=len(last),
        last_ns=int(max(silent, default=0)),
        length_ns=part.profile.length.ns,
    )


def _due(part: Part, longest_ns: float) -> int:
    profile = part.profile
    if isinstance(profile, ScriptsOwn):
        return 0
    if isinstance(profile, Iterations):
        return profile.iterations * (profile.vus if isinstance(profile, PerVUIterations) else 1)
    planned = plan(profile)
    if planned.vus:
        return 0
    spare = profile.graceful_stop.ns - patience_ns(longest_ns)
    grid = _grid(int(profile.length.ns + min(0, spare)) - _LATE_NS)
    if len(grid) < 2:
        return 0
    # Whether the first or the last of a rate counts is k6's affair.
    return max(0, int(planned.level(grid).sum() * float(grid[1]) / 1e9) - 1)


def _last_times(part: Part) -> list[tuple[int, int]]:
    """Of each VU of the plan, those that stay longest first: when it was last to start, and to stop, in ns."""
    grid = _grid(part.profile.length.ns)
    levels = plan(part.profile).level(grid)
    times = []
    for place in range(1, int(levels.max(initial=0)) + 1):
        there = levels >= place
        end = len(there) - int(np.argmax(there[::-1])) - 1
        gone = np.flatnonzero(~there[:end])
        times.append((int(grid[gone[-1] + 1]) if len(gone) else 0, int(grid[end])))
    return times


def _grid(length_ns: int) -> NDArray[np.int64]:
    """Moments from 0 on, none at the end or beyond it."""
    return np.arange(0, length_ns, max(_STEP_NS, length_ns // _MOST_STEPS), dtype=np.int64)
