"""Adds to each request, and to each other sample, what the profile planned when it began: the PLANNED columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from k6spec.declare.load import Load, Part
from k6spec.declare.plan import plan
from k6spec.store.requests import REQUESTS, SAMPLES


def add_plan(
    requests: pa.Table,
    load: Load,
    scenario_starts: Mapping[str, int],
    vus: tuple[NDArray[np.int64], NDArray[np.float64]],
) -> pa.Table:
    """The request table with all columns of ``REQUESTS``.

    Args:
        requests: a table of the GENERATED columns.
        scenario_starts: k6's scenario name -> its start, in Unix nanoseconds.
        vus: k6's ``vus`` gauge: times in Unix nanoseconds, ascending, and values.

    Requests of setup and teardown, and of scenarios whose start isn't known, get nulls.
    """
    return _planned(requests, requests["start_ns"].to_numpy(), load, scenario_starts, vus, REQUESTS)


def add_sample_plan(
    samples: pa.Table,
    load: Load,
    scenario_starts: Mapping[str, int],
    vus: tuple[NDArray[np.int64], NDArray[np.float64]],
) -> pa.Table:
    """The table of k6's other samples with all columns of ``SAMPLES``; arguments as of :func:`add_plan`."""
    return _planned(samples, samples["time_ns"].to_numpy(), load, scenario_starts, vus, SAMPLES)


def _planned(
    table: pa.Table,
    start: NDArray[np.int64],
    load: Load,
    scenario_starts: Mapping[str, int],
    vus: tuple[NDArray[np.int64], NDArray[np.float64]],
    schema: pa.Schema,
) -> pa.Table:
    scenario = np.array(table["scenario"].to_pylist(), dtype=object)
    columns = _Planned(len(start))
    for part in load.parts:
        if part.name in scenario_starts:
            rows = scenario == part.name
            columns.fill(part, rows, start[rows] - scenario_starts[part.name])
    added = {
        "elapsed_ns": pa.array(columns.elapsed, mask=~columns.known),
        "stage": pa.array(columns.stage, type=pa.string()),
        "planned_vus": pa.array(columns.vus, from_pandas=True),
        "planned_rate": pa.array(columns.rate, from_pandas=True),
        "active_vus": _as_of(start, *vus),
        "warmup": pa.array(columns.warmup, mask=~columns.known),
    }
    return pa.table({**{name: table[name] for name in table.column_names}, **added}, schema=schema)


@final
class _Planned:
    """The planned columns as numpy arrays; NaN and None where nothing was planned."""

    def __init__(self, count: int) -> None:
        self.known = np.zeros(count, dtype=bool)
        self.elapsed = np.zeros(count, dtype=np.int64)
        self.stage = np.full(count, None, dtype=object)
        self.vus = np.full(count, np.nan)
        self.rate = np.full(count, np.nan)
        self.warmup = np.zeros(count, dtype=bool)

    def fill(self, part: Part, rows: NDArray[np.bool_], elapsed: NDArray[np.int64]) -> None:
        # k6 reports request times with more precision than a scenario's start.
        elapsed = np.maximum(elapsed, 0)
        planned = plan(part.profile)
        self.known[rows] = True
        self.elapsed[rows] = elapsed
        self.stage[rows] = planned.stages(elapsed)
        (self.vus if planned.vus else self.rate)[rows] = planned.level(elapsed)
        self.warmup[rows] = elapsed < part.profile.warmup.ns


def _as_of(moments: NDArray[np.int64], times: NDArray[np.int64], values: NDArray[np.float64]) -> pa.Array[Any]:
    """The last value at or before each moment; null before the first."""
    index = np.searchsorted(times, moments, side="right") - 1
    before = index < 0
    taken = values[np.maximum(index, 0)] if len(values) else np.zeros(len(moments))
    return pa.array(taken.astype(np.int32), mask=before)
