"""Time that grows with the load where the work does not: something is waited for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

import numpy as np

from k6spec.query.database import Database

_LEAST: Final = 15
_GROWTH: Final = 2.0
_SAME_WORK: Final = 1.2
_LEAST_NS: Final = 10e6


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Saturation:
    """Median nanoseconds of an operation's requests under its lightest and heaviest thirds of load (VUs)."""

    operation: str
    light_vus: int
    heavy_vus: int
    light_ns: float
    heavy_ns: float


def saturation(database: Database, operation: str) -> Saturation | None:
    """Whether requests of the operation took more than twice as long under load, for as many spans each.

    The whole load is looked at, its ramps too: there the load varies. None where it never doubled.
    """
    table = database.table(
        "SELECT active_vus, client_ns, spans FROM traces WHERE operation = ? AND complete AND active_vus > 0",
        [operation],
    )
    vus, took, spans = (table[name].to_numpy().astype(np.float64) for name in ("active_vus", "client_ns", "spans"))
    if len(vus) < 2 * _LEAST:
        return None
    few, many = np.quantile(vus, (1 / 3, 2 / 3), method="lower")
    light, heavy = vus <= few, vus >= many
    if many < 2 * few or min(light.sum(), heavy.sum()) < _LEAST:
        return None
    light_ns, heavy_ns = float(np.median(took[light])), float(np.median(took[heavy]))
    work = float(spans[heavy].mean() / max(1.0, spans[light].mean()))
    if heavy_ns < _GROWTH * light_ns or heavy_ns - light_ns < _LEAST_NS or work > _SAME_WORK:
        return None
    return Saturation(
        operation=operation, light_vus=int(few), heavy_vus=int(many), light_ns=light_ns, heavy_ns=heavy_ns
    )
