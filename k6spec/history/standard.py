"""The standard statistics of a run: what a first claim against a baseline finds of the runs before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from k6spec.history.entry import Statistic
from k6spec.query.database import Database
from k6spec.query.request_selector import http, rooted
from k6spec.query.scope import seconds_of
from k6spec.query.selector import Selector
from k6spec.query.summary import Durations, summarise_durations, summarise_queries

_MOST: Final = 20
"""Of so many operations, the most frequent ones, statistics are kept."""
_PERCENTILES: Final = (50, 95, 99)


def standard_statistics(database: Database) -> Iterator[tuple[str, Statistic]]:
    """Each with the words that a claim on it has, and with what that claim would observe.

    A load is recorded while it is archived, however long it was: so nothing here holds all of its values.
    """
    names = database.rows(
        f"""SELECT operation FROM requests WHERE scenario IS NOT NULL GROUP BY operation
        ORDER BY count(*) DESC, operation LIMIT {_MOST}"""
    )
    warmed = database.value("SELECT coalesce(bool_or(warmup), false) FROM requests")
    for name in (None, *(name for (name,) in names)):
        chosen = http(name)
        requests = Selector(conditions=chosen.conditions, text=chosen.described)
        found = summarise_durations(database, requests, _PERCENTILES)
        yield from _durations(requests, found)
        if warmed:
            warm = replace(requests, window=requests.window.after_warmup())
            yield from _durations(warm, summarise_durations(database, warm, _PERCENTILES))
        if name is not None:
            yield from _queries(database, name)
        if found is not None:
            seconds = seconds_of(database, requests)
            rate = found.requests / seconds if seconds > 0 else 0.0
            yield f"{requests.text}: rate", Statistic(unit="per second", value=rate, members=found.requests)


def _durations(requests: Selector, found: Durations | None) -> Iterator[tuple[str, Statistic]]:
    if found is None:
        return
    text, members = requests.named("requests"), found.requests
    for q, value in found.percentiles.items():
        yield f"{text}: p{q} duration", Statistic(unit="ns", value=value, members=members)
    yield f"{text}: mean duration", Statistic(unit="ns", value=found.mean, members=members)
    if found.failed is not None:
        yield f"{text}: failed share", Statistic(unit="fraction", value=found.failed / members, members=members)


def _queries(database: Database, operation: str) -> Iterator[tuple[str, Statistic]]:
    condition, words = rooted(operation)
    found = summarise_queries(database, Selector(root=(condition,)))
    if found is not None:
        mean = Statistic(unit="count", value=found.queries / found.traces, members=found.traces)
        yield f"traces of {words}: mean db calls a trace", mean
