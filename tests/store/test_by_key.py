"""Attributes that are kept as columns beside the maps: nobody can tell but by the clock."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from k6spec import attr, resource
from k6spec.collect.maps import AttributeColumn
from k6spec.query.database import Database
from k6spec.query.placement import place_spans
from k6spec.query.selectors import where
from k6spec.query.span_selector import Attribute
from k6spec.run import Run
from k6spec.store import by_key
from k6spec.store.archive import SPANS, RunFolder
from k6spec.store.by_key import copies, from_copies
from k6spec.store.spans import SCHEMA
from tests.support.runs import Request, Span, entry, make_run

ATTRIBUTES = [
    [("rows", "7"), ("rows", "8"), ("it's", "a")],
    [],
    [("rows", None), ('a "b"', "1"), ("", "x")],
    [("Rows", "7"), ("rows", ""), ("it's", "7"), ("\n", "7")],
    None,
]
"""Of one span each: a key twice, none, null, one without a name, keys that differ by case, empty text, no map."""

KEYS = ("rows", "Rows", "it's", 'a "b"', "", "\n", "absent")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    made = make_run(
        tmp_path / "2026-11-01T00-00-00-00000001", [Request(spans=[entry(), *[Span() for _ in ATTRIBUTES]])]
    )
    rows = pq.read_table(made.path / SPANS).to_pylist()
    for row, attributes in zip(rows[-len(ATTRIBUTES) :], ATTRIBUTES, strict=True):
        row["attributes"] = attributes
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), made.path / SPANS)
    return made


def answers(run: RunFolder, attribute: Attribute) -> list[list[tuple[object, ...]]]:
    selectors = (attribute.exists, attribute == "7", attribute == 7, attribute == "[a7]", attribute >= 7)
    database = Database(run.path)
    found = []
    for selector in selectors:
        sql, parameters = where(selector.conditions)
        found.append(database.rows(f"SELECT s.span_id FROM spans s WHERE {sql} ORDER BY ALL", parameters))
    database.close()
    return found


@pytest.mark.parametrize("most", [0, 1, 2, 32])
def test_attributes_are_what_they_were(run: RunFolder, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    asked = [*map(attr, KEYS), resource("service.name"), resource("absent")]
    before = [answers(run, attribute) for attribute in asked]

    monkeypatch.setattr(by_key, "_MOST", most)
    place_spans(run.path)

    assert [answers(run, attribute) for attribute in asked] == before


def test_the_most_frequent_are_kept(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_key, "_MOST", 2)

    place_spans(run.path)

    column = pq.read_table(run.path / SPANS)["attributes_by_key"].to_pylist()
    assert column[-len(ATTRIBUTES) :] == [
        {"it's": "a", "rows": "7"},
        {"it's": None, "rows": None},
        {"it's": None, "rows": None},
        {"it's": "7", "rows": ""},
        {"it's": None, "rows": None},
    ]


def test_of_equal_keys_the_first_counts_as_in_what_is_decoded() -> None:
    columns = {field.name: pa.nulls(1, field.type) for field in SCHEMA}
    columns["attributes"] = pa.array([[("rows", "7"), ("rows", "8")]], SCHEMA.field("attributes").type)
    spans = pa.RecordBatch.from_pydict(columns, schema=SCHEMA)

    (copied,) = copies(spans, {"attributes_by_key": ["rows"], "resource_by_key": []})

    assert copied.to_pylist() == [{"rows": "7"}]
    assert AttributeColumn(spans["attributes"]).text("rows").to_pylist() == ["7"]


def test_the_documented_table_is_the_same(run: RunFolder) -> None:
    place_spans(run.path)

    assert not set(by_key.BY_KEY.values()) & set(Run(run).frame("spans").to_arrow().column_names)


def test_only_the_spans_own_maps_are_read_elsewhere() -> None:
    keys = {"attributes_by_key": ["rows"], "resource_by_key": []}
    others = "e.attributes['rows'], s.attributes['row'], s.resource['rows'], tags['s.attributes[''rows'']']"

    assert from_copies(others, keys) == others
    assert from_copies("s.attributes['rows']", keys) == 's.attributes_by_key."rows"'
