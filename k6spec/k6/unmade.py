"""What a load that stopped before its time did not make of its plan, for ``run.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from k6spec.declare.load import Load, Part
from k6spec.declare.plan import plan

_MOMENTS = 100


def stopped(load: Load, requests: Path, by: str | None) -> dict[str, Any] | None:
    """None if nothing stopped it.

    Args:
        requests: the load's ``requests.parquet``.

    Returns:
        ``by``: the metrics whose thresholds stopped it; ``after_ns``: when the last request of any scenario began,
        in its scenario's time; ``unmade``: a hundred moments of each scenario after that, and what was planned.
    """
    if by is None:
        return None
    table = pq.read_table(requests, columns=["scenario", "elapsed_ns"])
    made = {part.name: _made(part, table) for part in load.parts}
    unmade = [moment for part in load.parts for moment in _unmade(part, made[part.name])]
    return {"by": by, "after_ns": max(made.values()), "unmade": unmade}


def _made(part: Part, requests: pa.Table) -> int:
    last = pc.max(requests.filter(pc.field("scenario") == part.name)["elapsed_ns"]).as_py()
    return last or 0


def _unmade(part: Part, since_ns: int) -> list[dict[str, Any]]:
    moments = np.linspace(since_ns, max(since_ns, part.profile.length.ns), _MOMENTS + 1).astype(np.int64)[1:]
    planned = plan(part.profile)
    levels, stages = planned.level(moments).tolist(), planned.stages(moments).tolist()
    return [
        {
            "scenario": part.name,
            "elapsed_ns": moment,
            "stage": stage,
            "planned_vus": level if planned.vus else None,
            "planned_rate": None if planned.vus else level,
            "warmup": moment < part.profile.warmup.ns,
        }
        for moment, level, stage in zip(moments.tolist(), levels, stages, strict=True)
    ]
