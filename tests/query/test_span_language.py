"""Every selector and relation of spans, and self time, against the reference model on forests of traces."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from k6spec import attr, ms, resource, span
from k6spec.query.database import Database
from k6spec.query.logic import doubts
from k6spec.query.placement import place_spans
from k6spec.query.selector import SYSTEM_SPAN
from k6spec.query.selectors import where
from k6spec.query.span_selector import SpanSelector
from k6spec.store.archive import SPANS
from k6spec.store.spans import SCHEMA
from tests.support import model
from tests.support.model import Meets, Seen
from tests.support.runs import Request, make_run

NAMES = ("load", "save", "sav[e", "GET /a", "GET /b")
STATUSES = ("unset", "ok", "error")
TEXTS = ("200", "404", "500", "5e2", "nan", "hot", "-1.5")

LEAVES: dict[str, tuple[SpanSelector, Meets]] = {
    "name": (span("load"), lambda s: s.name == "load"),
    "glob": (span("GET *"), lambda s: s.name.startswith("GET ")),
    "text that looks like a glob": (span("sav[e"), lambda s: s.name == "sav[e"),
    "regex": (span(re.compile("A|E", re.I)), lambda s: re.search("a|e", s.name, re.I) is not None),
    "several": (span(("load", re.compile("^save$"))), lambda s: s.name in {"load", "save"}),
    "service": (span(service="orders"), lambda s: s.service == "orders"),
    "error": (span(status="error"), lambda s: s.status == "error"),
    "statuses": (span(status=("ok", "error")), lambda s: s.status in {"ok", "error"}),
    "longer": (span(longer_than=ms(0.000005)), lambda s: s.length > 5),
    "shorter": (span(shorter_than=ms(0.000005)), lambda s: s.length < 5),
    "at least": (attr("code") >= 404, lambda s: s.attributes.get("code") in {"404", "500", "5e2"}),
    "below": (attr("code") < 300, lambda s: s.attributes.get("code") in {"200", "-1.5"}),
    "number": (attr("code") == 500, lambda s: s.attributes.get("code") in {"500", "5e2"}),
    "unequal": (attr("code") != "hot", lambda s: s.attributes.get("code") != "hot"),
    "one of": (attr("code").one_of("hot", 200), lambda s: s.attributes.get("code") in {"hot", "200"}),
    "exists": (attr("code").exists, lambda s: "code" in s.attributes),
    "absent": (attr("code").absent, lambda s: "code" not in s.attributes),
    "old name": (
        attr("http.response.status_code") == 404,
        lambda s: s.attributes.get("http.status_code") == "404",
    ),
    "scope": (span(scope="flask.*"), lambda s: s.scope is not None and s.scope.startswith("flask.")),
    "raising": (span.raising(), lambda s: bool(s.exceptions)),
    "raising a type": (span.raising("*Timeout"), lambda s: any(one.endswith("Timeout") for one in s.exceptions)),
    "http server": (span.http_server(), lambda s: s.category == "http_server"),
    "http client": (span.http_client(), lambda s: s.category == "http_client"),
    "rpc": (span.rpc(system="grpc"), lambda s: s.category == "rpc" and s.system == "grpc"),
    "messaging": (span.messaging(), lambda s: s.category == "messaging"),
    "messaging system": (
        span.messaging(system=("kafka", "grpc")),
        lambda s: s.category == "messaging" and s.system in {"kafka", "grpc"},
    ),
    "cache": (span.cache(system="re*"), lambda s: s.category == "cache" and s.system == "redis"),
    "host": (resource("host.name") == "h*", lambda s: s.host is not None),
}
RELATIONS: dict[str, Callable[[list[Seen], Seen, Meets], bool]] = {
    name: getattr(model, name) for name in ("child_of", "parent_of", "under", "above", "sibling_of", "followed_by")
}

WHATS: tuple[dict[str, Any], ...] = (
    {},
    {"scope": "flask.app"},
    {"scope": "flask"},
    {"exceptions": ("app.Timeout",)},
    {"exceptions": ("ValueError", "Timeout"), "scope": "flask.app"},
    {"category": "http_server"},
    {"category": "http_client", "exceptions": ("ValueError",)},
    {"category": "rpc", "system": "grpc"},
    {"category": "rpc", "system": "kafka"},
    {"category": "messaging", "system": "kafka"},
    {"category": "messaging"},
    {"category": "cache", "system": "redis"},
    {"category": "cache", "system": "memcached"},
    {"category": "db", "system": "redis", "statement": "SELECT 1"},
    {"category": "db", "statement": "SELECT 2"},
    {"category": "db"},
)
"""What a span may be, beside its name and its place."""


@st.composite
def forests(draw: st.DrawFn) -> list[Seen]:
    """Traces with several roots, missing parents, ids that are there twice, cycles, and children that outlive."""
    optional = st.none() | st.sampled_from(TEXTS)
    spans = []
    for trace in range(draw(st.integers(1, 2))):
        for number in range(draw(st.integers(1, 6))):
            attributes = {
                key: text
                for key, text in (("code", draw(optional)), ("http.status_code", draw(optional)))
                if text is not None
            }
            spans.append(
                Seen(
                    trace=trace,
                    id=draw(st.integers(1, 6)) if draw(st.integers(0, 4)) == 0 else number + 1,
                    parent=draw(st.none() | st.integers(1, 7)),
                    name=draw(st.sampled_from(NAMES)),
                    service=draw(st.sampled_from(("orders", "stock"))),
                    host=draw(st.sampled_from((None, "h1", "h2"))),
                    start=draw(st.integers(-15, 15)),
                    length=draw(st.integers(0, 12)),
                    status=draw(st.sampled_from(STATUSES)),
                    attributes=attributes,
                    **draw(st.sampled_from(WHATS)),
                )
            )
    return spans


@st.composite
def selectors(draw: st.DrawFn, spans: list[Seen], depth: int = 2) -> tuple[SpanSelector, Meets]:
    """A selector and what it means."""
    how = draw(st.sampled_from(("leaf", "and", "or", "not", "related"))) if depth else "leaf"
    if how == "leaf":
        return LEAVES[draw(st.sampled_from(sorted(LEAVES)))]
    one, one_meets = draw(selectors(spans, depth - 1))
    if how == "not":
        return ~one, lambda s: not one_meets(s)
    two, two_meets = draw(selectors(spans, depth - 1))
    if how == "and":
        return one & two, lambda s: one_meets(s) and two_meets(s)
    if how == "or":
        return one | two, lambda s: one_meets(s) or two_meets(s)
    name = draw(st.sampled_from(sorted(RELATIONS)))
    relation = RELATIONS[name]
    if draw(st.booleans()):
        return getattr(one, f"not_{name}")(two), lambda s: one_meets(s) and not relation(spans, s, two_meets)
    return getattr(one, name)(two), lambda s: one_meets(s) and relation(spans, s, two_meets)


@settings(max_examples=70, deadline=None)
@given(st.data())
def test_selectors_mean_what_the_model_says(data: st.DataObject) -> None:
    spans = data.draw(forests())
    selector, meets = data.draw(selectors(spans))
    placed = data.draw(st.booleans())

    assert chosen(spans, selector, placed=placed) == sorted(place for place, one in enumerate(spans) if meets(one))


def test_a_root_is_under_nothing_though_a_child_of_it_has_its_id() -> None:
    root = Seen(trace=0, id=1, parent=None, name="load", service="a", host=None, start=0, length=0, status="unset")
    assert chosen([root, replace(root, parent=1)], span("load").under("load")) == [1]


@settings(max_examples=25, deadline=None)
@given(forests(), st.booleans())
def test_each_selector_alone(spans: list[Seen], placed: bool) -> None:
    with opened(spans, placed=placed) as (database, places):
        for name, (selector, meets) in LEAVES.items():
            expected = sorted(place for place, one in enumerate(spans) if meets(one))
            assert found(database, places, selector) == expected, name


@settings(max_examples=30, deadline=None)
@given(forests())
def test_a_statement_that_an_orm_and_its_driver_recorded_counts_once(spans: list[Seen]) -> None:
    spans = [replace(one, category="db", statement="SELECT 1") if one.length % 2 else one for one in spans]
    asked = [
        place for place, one in enumerate(spans) if one.category == "db" and not model.repeats_parent(spans, one)
    ]

    assert chosen(spans, span.db()) == asked
    assert chosen(spans, span.db(statement="*1")) == [
        place for place in asked if spans[place].statement == "SELECT 1"
    ]


@settings(max_examples=40, deadline=None)
@given(forests())
def test_an_order_that_needs_two_clocks_is_known_to_be_unknown(spans: list[Seen]) -> None:
    first, then = span("load"), span(status="error")
    relation = first.followed_by(then)
    doubt = doubts(relation.conditions)
    assert doubt is not None

    expected = [
        place
        for place, one in enumerate(spans)
        if one.name == "load" and model.undecided(spans, one, lambda s: s.status == "error")
    ]
    assert chosen(spans, SpanSelector((doubt,))) == expected


@settings(max_examples=70, deadline=None)
@given(forests())
def test_self_time_is_what_no_child_covers(spans: list[Seen]) -> None:
    with opened(spans) as (database, _places):
        rows = database.rows(f"SELECT start_ns, duration_ns, self_ns FROM spans s WHERE {SYSTEM_SPAN.sql}")

    expected = [(BEGIN + one.start, one.length, model.self_time(spans, one)) for one in spans]
    assert sorted(rows) == sorted(expected)


BEGIN = 1_000


class opened:
    """A database of these spans, and SQL that tells which of them a row is; ``placed``: as a run archives them."""

    def __init__(self, spans: list[Seen], *, placed: bool = False) -> None:
        self._spans = spans
        self._placed = placed

    def __enter__(self) -> tuple[Database, str]:
        self._folder = tempfile.TemporaryDirectory()
        run = make_run(Path(self._folder.name) / "x-00000001", [Request()])
        rows = [_row(place, one) for place, one in enumerate(self._spans)]
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), run.path / SPANS)
        if self._placed:
            place_spans(run.path)
        self._database = Database(run.path)
        return self._database, "s.status_message::INTEGER"

    def __exit__(self, *_error: object) -> None:
        self._database.close()
        self._folder.cleanup()


def found(database: Database, place: str, selector: SpanSelector) -> list[int]:
    sql, parameters = where((SYSTEM_SPAN, *selector.conditions))
    rows = database.rows(f"SELECT {place} FROM spans s WHERE {sql} ORDER BY 1", parameters)
    return [number for (number,) in rows]


def chosen(spans: list[Seen], selector: SpanSelector, *, placed: bool = False) -> list[int]:
    """The places of the spans that the selector finds."""
    with opened(spans, placed=placed) as (database, place):
        return found(database, place, selector)


def _row(place: int, one: Seen) -> dict[str, object]:
    return {
        "trace_id": one.trace.to_bytes(16, "big"),
        "span_id": one.id.to_bytes(8, "big"),
        "parent_span_id": None if one.parent is None else one.parent.to_bytes(8, "big"),
        "service": one.service,
        "name": one.name,
        "kind": "internal",
        "start_ns": BEGIN + one.start,
        "duration_ns": one.length,
        "status": one.status,
        "status_message": str(place),
        "attributes": list(one.attributes.items()),
        "resource": [("host.name", one.host)] if one.host else [],
        "scope_name": one.scope,
        "category": one.category,
        "db_statement": one.statement,
        **({f"{_SYSTEM[one.category]}_system": one.system} if one.category in _SYSTEM else {}),
        "events": [
            *({"name": "exception", "attributes": [("exception.type", each)]} for each in one.exceptions),
            {"name": "retried", "attributes": [("exception.type", "other.Timeout")]},
        ],
    }


_SYSTEM = {"db": "db", "cache": "db", "rpc": "rpc", "messaging": "messaging"}
"""Category -> whose column tells the system."""
