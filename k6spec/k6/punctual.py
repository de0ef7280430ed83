"""Whether k6 made the load as it was declared: iterations begun late, and VUs that never asked for anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from k6spec.collect.arrow import pc
from k6spec.declare.load import Load, Part
from k6spec.declare.plan import plan
from k6spec.declare.profile import Iterations, PerVUIterations, ScriptsOwn

_STEP_NS: Final = 10_000_000
_LATE: Final = 95
"""The percentile of the delays that counts."""

_FEWEST: Final = 20
_AT_LEAST_NS: Final = 1_000_000_000
_BROWSED: Final = "browser_http_req_duration"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MadeIterations:
    """A scenario's: when each began (Unix nanoseconds, in no order), the longest, and how many were dropped.

    ``browsing``: k6/browser requested something, which is no request of k6's own.
    """

    begun_ns: NDArray[np.float64]
    longest_ns: float
    dropped: int
    browsing: bool = False


NO_ITERATIONS: Final = MadeIterations(begun_ns=np.empty(0), longest_ns=0.0, dropped=0)


def read_iterations(samples: Iterable[pa.RecordBatch]) -> Mapping[str, MadeIterations]:
    """k6's scenario name -> its iterations, from k6's samples: of each its duration, at the time of its end.

    A long load has millions of samples: of each iteration only its beginning is kept.
    """
    begun: defaultdict[str, list[NDArray[np.float64]]] = defaultdict(list)
    longest: defaultdict[str, float] = defaultdict(float)
    dropped: defaultdict[str, int] = defaultdict(int)
    browsing: set[str] = set()
    for batch in samples:
        for name, lasted in _by_scenario(batch, "iteration_duration"):
            lengths = _numbers(lasted["value"]) * 1e6
            begun[name].append(_numbers(lasted["time_ns"]) - lengths)
            longest[name] = max(longest[name], float(lengths.max()))
        for name, lost in _by_scenario(batch, "dropped_iterations"):
            dropped[name] += int(_numbers(lost["value"]).sum())
        browsing.update(name for name, _ in _by_scenario(batch, _BROWSED))
    return {
        name: MadeIterations(
            begun_ns=np.concatenate(begun[name]) if name in begun else np.empty(0),
            longest_ns=longest[name],
            dropped=dropped.get(name, 0),
            browsing=name in browsing,
        )
        for name in begun.keys() | dropped.keys()
    }


def lateness_ns(load: Load, iterations: Mapping[str, MadeIterations], starts: Mapping[str, int]) -> float | None:
    """How late iterations of arrival-rate scenarios began, in all but the latest twentieth: the worst scenario.

    Args:
        iterations: as :func:`read_iterations` gives them.
        starts: k6's scenario name -> its start, in Unix nanoseconds.

    The n-th iteration to begin is compared with the n-th that was planned. None where that cannot be said:
    no such scenario, too few iterations, or some were dropped (which is told by itself).
    """
    found = [
        _late(part, iterations.get(part.name, NO_ITERATIONS), starts[part.name])
        for part in load.parts
        if part.name in starts
    ]
    return max((late for late in found if late is not None), default=None)


def idle_vus(
    load: Load, requests: Iterable[pa.RecordBatch], iterations: Mapping[str, MadeIterations]
) -> Mapping[str, tuple[int, int]]:
    """Of each scenario, how many VUs made no request though they were planned long enough, of how many.

    Of an open model, and of VUs that browse, 0 of 0. Long enough is a second, and twice the longest iteration of
    the scenario.

    Args:
        requests: with the columns ``scenario`` and ``vu``.
    """
    seen: defaultdict[str, set[int]] = defaultdict(set)
    for batch in requests:
        pairs = pa.Table.from_batches([batch]).group_by(["scenario", "vu"]).aggregate([]).to_pydict()
        for name, vu in zip(pairs["scenario"], pairs["vu"], strict=True):
            if vu is not None:
                seen[name].add(vu)
    planned = {part.name: _planned_vus(part, iterations.get(part.name, NO_ITERATIONS)) for part in load.parts}
    return {name: (max(0, vus - len(seen[name])), vus) for name, vus in planned.items()}


def patience_ns(longest_ns: float) -> float:
    """How long a VU may be silent for nothing to be said of it: a second, and twice the longest iteration."""
    return max(_AT_LEAST_NS, 2 * longest_ns)


def _late(part: Part, iterations: MadeIterations, start_ns: int) -> float | None:
    if isinstance(part.profile, ScriptsOwn):
        return None
    planned = plan(part.profile)
    if planned.vus or iterations.dropped:
        return None
    begun = np.sort(iterations.begun_ns) - start_ns
    if len(begun) < _FEWEST:
        return None
    grid = np.arange(0, part.profile.length.ns + _STEP_NS, _STEP_NS, dtype=np.int64)
    due = np.concatenate([[0.0], np.cumsum(planned.level(grid))[:-1] * _STEP_NS / 1e9])
    # Iterations that were interrupted are not told; taken as the first ones, they make the others as little late
    # as they can have been.
    untold = max(0, int(due[-1]) - len(begun))
    late = begun - np.interp(np.arange(len(begun)) + untold, due, grid)
    return max(0.0, float(np.percentile(late, _LATE)))


def _planned_vus(part: Part, made: MadeIterations) -> int:
    if isinstance(part.profile, ScriptsOwn) or made.browsing:
        return 0
    if isinstance(part.profile, Iterations):
        return part.profile.vus if isinstance(part.profile, PerVUIterations) else 0
    planned = plan(part.profile)
    if not planned.vus:
        return 0
    grid = np.arange(0, part.profile.length.ns, _STEP_NS, dtype=np.int64)
    levels = np.sort(planned.level(grid))[::-1]
    place = int(patience_ns(made.longest_ns) / _STEP_NS)
    return int(levels[place]) if place < len(levels) else 0


def _by_scenario(samples: pa.RecordBatch, metric: str) -> Iterable[tuple[str, pa.RecordBatch]]:
    found = samples.filter(pc.equal(samples["metric"], metric))
    for name in pc.unique(found["scenario"]).drop_null().to_pylist():
        yield name, found.filter(pc.equal(found["scenario"], name))


def _numbers(column: Any) -> NDArray[np.float64]:
    return np.asarray(column.to_numpy(), dtype=np.float64)
