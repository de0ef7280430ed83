"""Samples of k6's metrics other than those of requests."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from k6spec.query.database import Database
from k6spec.query.near import why_nothing
from k6spec.query.population import Missing, Population, Sighting
from k6spec.query.scope import seconds_of
from k6spec.query.selector import Selector
from k6spec.query.selectors import Condition, where
from k6spec.store.spans import CLIENT_SERVICE

_SHOWN: Final = 8
_NS_A_MS: Final = 1e6


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MetricKind:
    """``type``: counter, gauge, rate or trend; ``contains``: default, time or data. Source: k6's JSON output."""

    type: str
    contains: str


def kind_of(database: Database, name: str) -> MetricKind | None:
    """What the metric is; None if it has no sample."""
    rows = database.rows("SELECT type, contains FROM samples WHERE metric = ? LIMIT 1", [name])
    return MetricKind(type=rows[0][0], contains=rows[0][1]) if rows else None


def why_no_metric(database: Database, name: str) -> str:
    """What there is instead."""
    if name.startswith("http_req"):
        return f"{name} is of requests: write run.http().duration, .waiting, .failed.rate or .count"
    there = [row[0] for row in database.rows("SELECT DISTINCT metric FROM samples ORDER BY metric")]
    if not there:
        return f"there is no metric {name!r}: k6 gave no sample of any but requests"
    close = difflib.get_close_matches(name, there, n=_SHOWN, cutoff=0.4)
    names = [*close, *(other for other in there if other not in close)][:_SHOWN]
    more = f" and {len(there) - len(names)} more" if len(there) > len(names) else ""
    are = "is" if len(there) == 1 else "are"
    return f"there is no metric {name!r}; there {are} {', '.join(map(repr, names))}{more}"


def read_samples(database: Database, name: str, kind: MetricKind, selector: Selector) -> Population:
    """Its samples in the order of time; times in nanoseconds. Of a window those that were taken in it."""
    conditions = (*selector.conditions, *selector.window.conditions)
    sql, parameters = where(conditions)
    source = f"(SELECT *, time_ns AS start_ns FROM samples) WHERE metric = ? AND {sql}"
    of_it = Condition(sql="metric = ?", parameters=(name,), column="metric", value=name)
    scale = _NS_A_MS if kind.contains == "time" else 1.0
    table = database.table(f"SELECT value, time_ns FROM {source} ORDER BY time_ns", [name, *parameters])
    values = table["value"].to_numpy().astype(np.float64) * scale
    times = table["time_ns"].to_numpy().astype(np.float64)

    def worst(count: int, largest: bool) -> list[Sighting]:
        rows = database.rows(
            f"""SELECT value * {scale}, lower(hex(trace_id)), coalesce("check", metric) FROM {source}
            ORDER BY value {"DESC" if largest else "ASC"}, time_ns LIMIT {count}""",
            [name, *parameters],
        )
        return [
            Sighting(
                value=value,
                trace_id=trace,
                span_id=None,
                what=what,
                service=CLIENT_SERVICE,
                vu=None,
                elapsed_ns=None,
            )
            for value, trace, what in rows
        ]

    return Population(
        noun="sample",
        text=selector.named(name),
        values=values,
        starts=times,
        scope=len(values),
        seconds=seconds_of(database, selector) or _sampled_seconds(database, selector),
        missing=Missing(),
        within=selector.scope,
        window=selector.window.conditions,
        worst=worst,
        traces_beyond=lambda limit, over: int(np.count_nonzero(values > limit if over else values < limit)),
        why_empty=lambda: why_nothing(database, "samples", "sample", (of_it, *conditions), ()),
    )


def _sampled_seconds(database: Database, selector: Selector) -> float:
    """From the first sample of any metric to the last, in the claim's part of a load that made no request."""
    sql, parameters = where(selector.scope)
    source = f"(SELECT *, time_ns AS start_ns FROM samples) WHERE {sql}"
    query = f"SELECT coalesce(max(time_ns) - min(time_ns), 0) FROM {source}"
    return float(database.value(query, parameters)) / 1e9
