"""Requests: by one of k6's timings, or by whether they failed."""

from __future__ import annotations

from typing import Final

import numpy as np

from k6spec.query.database import Database
from k6spec.query.logic import anchors, identity
from k6spec.query.misspelt import any_misspelt
from k6spec.query.near import why_nothing
from k6spec.query.population import Missing, Population, Sighting
from k6spec.query.scope import seconds_of
from k6spec.query.selector import Selector
from k6spec.query.selectors import where
from k6spec.query.success import SUCCEEDED, says_how_it_went
from k6spec.store.spans import CLIENT_SERVICE

REQUEST_TIMES: Final = {
    "duration": "duration_ns",
    "total": "total_ns",
    "blocked": "blocked_ns",
    "connecting": "connecting_ns",
    "tls_handshaking": "tls_ns",
    "sending": "sending_ns",
    "waiting": "waiting_ns",
    "receiving": "receiving_ns",
}
"""k6's timings of a request -> column."""


def read_requests(database: Database, selector: Selector, timing: str = "duration") -> Population:
    """Requests by one of k6's timings, in nanoseconds."""
    column = REQUEST_TIMES[timing]
    sql, parameters = where((*selector.scope, *selector.conditions))
    table = database.table(
        f"SELECT {column} AS value, {SUCCEEDED} AS succeeded, start_ns FROM requests r WHERE {sql}", parameters
    )
    values = table["value"].to_numpy().astype(np.float64)
    succeeded = table["succeeded"].to_numpy().astype(bool)

    def worst(count: int, largest: bool) -> list[Sighting]:
        order = "DESC" if largest else "ASC"
        rows = database.rows(
            f"""SELECT {column}, lower(hex(trace_id)), lower(hex(span_id)), operation || ' ' || status, vu,
                elapsed_ns
            FROM requests r WHERE {sql} ORDER BY {column} {order}, request_id LIMIT {count}""",
            parameters,
        )
        return [
            Sighting(value=v, trace_id=t, span_id=s, what=w, service=CLIENT_SERVICE, vu=vu, elapsed_ns=e)
            for v, t, s, w, vu, e in rows
        ]

    return Population(
        noun="request",
        text=selector.named("requests"),
        values=values,
        succeeded=succeeded,
        may_all_fail=says_how_it_went(selector),
        starts=table["start_ns"].to_numpy().astype(np.float64),
        scope=len(values),
        seconds=seconds_of(database, selector),
        missing=Missing(),
        within=selector.scope,
        window=selector.window.conditions,
        none_is_a_finding=_none_is_a_finding(database, selector),
        worst=worst,
        traces_beyond=lambda limit, over: int(np.count_nonzero(values > limit if over else values < limit)),
        why_empty=lambda: why_nothing(database, "requests r", "request", selector.conditions, selector.scope),
        misspelt=lambda: any_misspelt(database, "requests r", selector.conditions, ()),
    )


def read_failures(database: Database, selector: Selector) -> Population:
    """Requests as 1 (failed, by k6's http_req_failed) and 0; nothing where k6 did not say it of all of them."""
    sql, parameters = where((*selector.scope, *selector.conditions))
    table = database.table(f"SELECT failed::INTEGER AS value, start_ns FROM requests r WHERE {sql}", parameters)
    made, unsaid = table.num_rows, table["value"].null_count
    if unsaid:
        table = table.slice(0, 0)
    values = table["value"].to_numpy().astype(np.float64)

    def worst(count: int, _largest: bool) -> list[Sighting]:
        rows = database.rows(
            f"""SELECT total_ns, lower(hex(trace_id)), lower(hex(span_id)), vu, elapsed_ns,
                operation || ' ' || CASE WHEN error <> '' THEN error ELSE status::VARCHAR END
            FROM requests r WHERE {sql} AND failed ORDER BY start_ns LIMIT {count}""",
            parameters,
        )
        return [
            Sighting(value=v, trace_id=t, span_id=s, what=w, service=CLIENT_SERVICE, vu=vu, elapsed_ns=e)
            for v, t, s, vu, e, w in rows
        ]

    def why_empty() -> str:
        return why_unsaid(unsaid) or why_nothing(
            database, "requests r", "request", selector.conditions, selector.scope
        )

    return Population(
        noun="request",
        text=selector.named("requests"),
        values=values,
        starts=table["start_ns"].to_numpy().astype(np.float64),
        scope=made,
        seconds=seconds_of(database, selector),
        missing=Missing(),
        within=selector.scope,
        window=selector.window.conditions,
        worst=worst,
        traces_beyond=lambda _limit, _over: int(values.sum()),
        why_empty=why_empty,
        misspelt=lambda: any_misspelt(database, "requests r", selector.conditions, ()),
    )


def why_unsaid(requests: int) -> str:
    """Why no share of failed requests is known; empty if k6 said of all whether they failed."""
    if not requests:
        return ""
    of = (
        "1 request whether it failed: its"
        if requests == 1
        else f"{requests:,} requests whether they failed: their"
    )
    return (
        f"k6 did not say of {of} responseCallback is null; give a callback, as in "
        "http.expectedStatuses({ min: 200, max: 399 })"
    )


def _none_is_a_finding(database: Database, selector: Selector) -> bool:
    """Whether such requests were made, and only none went so."""
    plain = identity(selector.conditions)
    return plain != selector.conditions and all(
        database.value(f"SELECT count(*) > 0 FROM requests r WHERE {sql}", parameters)
        for sql, parameters in (
            where((*selector.scope, *group)) for group in (plain, *anchors(selector.conditions))
        )
    )
