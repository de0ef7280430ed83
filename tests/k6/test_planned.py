"""The planned columns, against k6's own way of planning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from k6spec.declare import flow
from k6spec.declare.load import Load, declare_load
from k6spec.declare.profiles import constant_arrival_rate, constant_vus, ramping_vus, stage
from k6spec.declare.scenario import Scenario
from k6spec.k6.planned import add_plan
from k6spec.store.requests import GENERATED, REQUESTS

SECOND = 10**9
BEGIN = 1_795_372_227 * SECOND


def load() -> Load:
    buy = Scenario.http(flow.get("/"))
    return declare_load(
        {
            "vus": (buy, constant_vus(5, "10s", warmup="2s")),
            "ramp": (buy, ramping_vus(stage("4s", 4), stage("2s", 0, name="down"))),
            "rate": (buy, constant_arrival_rate(30, "10s", time_unit="1m")),
        },
        None,
    )


def planned(*requests: tuple[str | None, float]) -> list[dict[str, Any]]:
    """The planned columns of requests: scenario, and seconds after the scenarios' start."""
    count = len(requests)
    columns: dict[str, Any] = {field.name: pa.nulls(count, field.type) for field in GENERATED}
    columns["request_id"] = pa.array(range(count), pa.int64())
    columns["scenario"] = pa.array([scenario for scenario, _ in requests], pa.string())
    columns["start_ns"] = pa.array([BEGIN + round(at * SECOND) for _, at in requests], pa.int64())
    table = add_plan(
        pa.table(columns, schema=pa.schema(GENERATED)),
        load(),
        {"vus": BEGIN, "ramp": BEGIN, "rate": BEGIN},
        (np.array([BEGIN + SECOND, BEGIN + 2 * SECOND]), np.array([5.0, 6.0])),
    )
    assert table.schema.equals(REQUESTS)
    return table.to_pylist()


def test_constant_loads() -> None:
    vus, rate = planned(("vus", 3), ("rate", 3))
    assert (vus["stage"], vus["planned_vus"], vus["planned_rate"]) == ("constant-vus", 5, None)
    assert (rate["stage"], rate["planned_vus"], rate["planned_rate"]) == ("constant-arrival-rate", None, 0.5)


def test_ramps_as_k6_steps_them() -> None:
    # Up to 4 in 4 s: a VU more at 1, 2, 3 and 4 s. Down to 0 in 2 s: one less each 0.5 s.
    times = (0.5, 1.0, 3.9, 4.0, 4.1, 4.6, 5.1, 5.9, 7.0)
    rows = planned(*(("ramp", at) for at in times))
    assert [row["planned_vus"] for row in rows] == [0, 1, 3, 4, 4, 3, 2, 1, 0]
    assert [row["stage"] for row in rows] == ["stage 1"] * 3 + ["down"] * 6


def test_warm_up_and_active_vus() -> None:
    rows = planned(("vus", 0.5), ("vus", 1.5), ("vus", 2.5))
    assert [row["warmup"] for row in rows] == [True, True, False]
    assert [row["active_vus"] for row in rows] == [None, 5, 6]
    assert [row["elapsed_ns"] for row in rows] == [SECOND // 2, 3 * SECOND // 2, 5 * SECOND // 2]


def test_requests_outside_scenarios_have_no_plan() -> None:
    setup, early = planned((None, 1), ("vus", -0.0004))
    assert [setup[name] for name in ("elapsed_ns", "stage", "planned_vus", "warmup")] == [None] * 4
    assert early["elapsed_ns"] == 0  # a scenario's start is known to the millisecond only
