"""What a load that stopped before its time never asked: a claim that holds of the rest says nothing of that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from k6spec.query.database import Database
from k6spec.query.selectors import where
from k6spec.query.window import Window
from k6spec.units import format_ns

# What was observed of a request, as windows like in_flight() ask, no moment of a plan has.
_MOMENTS: Final = (
    "STRUCT(request_id BIGINT, scenario VARCHAR, elapsed_ns BIGINT, stage VARCHAR, planned_vus DOUBLE, "
    "planned_rate DOUBLE, warmup BOOLEAN)[]"
)


def why_unmade(database: Database, stopped: Mapping[str, Any] | None, window: Window) -> str:
    """Why the window was not made as a whole; empty if it was. ``stopped``: of ``run.json``'s ``k6``."""
    if stopped is None:
        return ""
    sql, parameters = where(window.conditions)
    beyond = database.value(
        f"SELECT count(*) FROM (SELECT unnest(?::{_MOMENTS}, recursive := true)) WHERE coalesce({sql}, false)",
        [stopped["unmade"], *parameters],
    )
    if not beyond:
        return ""
    return (
        f"the load was stopped after {format_ns(stopped['after_ns'])} (k6 threshold on {stopped['by']}), and this "
        "claim is about what was planned after that too: select what was made, as in .between() or .during(rate=)"
    )
