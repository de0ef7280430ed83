"""k6's own end of a test: its summary, thresholds and checks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from k6spec.k6.summary import SUMMARY
from k6spec.query.database import Database
from k6spec.units import format_ns, format_number

_MOST: Final = 200
_BYTES: Final = frozenset({"data_sent", "data_received"})
_ORDER: Final = ("avg", "min", "med", "p(90)", "p(95)", "p(99)", "max", "count", "rate", "value")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check of the script: how often it held, and did not."""

    group: str
    name: str
    held: int
    failed: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric of k6's summary, with its values as people read them, in k6's order."""

    name: str
    values: tuple[tuple[str, str], ...]


def checks(database: Database) -> list[Check]:
    """The script's checks, the failing ones first."""
    rows = database.rows(
        f"""SELECT coalesce("group", ''), coalesce("check", ''), count(*) FILTER (value <> 0),
        count(*) FILTER (value = 0) AS failed FROM samples WHERE metric = 'checks'
        GROUP BY "group", "check" ORDER BY failed DESC, "group", "check" LIMIT {_MOST}"""
    )
    return [Check(group=group, name=name, held=held, failed=failed) for group, name, held, failed in rows]


def metrics(folder: Path, database: Database) -> list[Metric]:
    """k6's summary, by name; nothing where k6 wrote none."""
    try:
        found = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))["metrics"]
    except (OSError, ValueError, KeyError):
        return []
    times = {name for (name,) in database.rows("SELECT DISTINCT metric FROM samples WHERE contains = 'time'")}
    return [
        Metric(name=name, values=tuple(_values(name, metric["values"], times)))
        for name, metric in sorted(found.items())
    ]


def _values(name: str, values: Mapping[str, Any], times: set[str]) -> list[tuple[str, str]]:
    metric = name.partition("{")[0]
    is_time = metric in times or (metric.startswith(("http_req_", "grpc_req_", "ws_")) and "avg" in values)
    shown = []
    for statistic in sorted(values, key=lambda one: (_ORDER.index(one) if one in _ORDER else 99, one)):
        value = values[statistic]
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            continue
        shown.append((statistic, _shown(value, metric, statistic, is_time=is_time)))
    return shown


def _shown(value: float, metric: str, statistic: str, *, is_time: bool) -> str:
    if is_time and statistic not in {"count", "rate"}:
        return format_ns(value * 1e6)
    text = format_number(value, 4, comma=",")
    if metric in _BYTES:
        text = f"{value / 1000:,.1f} kB"
    return f"{text}/s" if statistic == "rate" else text
