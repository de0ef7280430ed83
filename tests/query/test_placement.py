"""Where spans stand, worked out when a run is archived, or when an older archive is read."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from k6spec.query import numbering, placement
from k6spec.query.database import Database
from k6spec.query.placement import place, place_spans
from k6spec.store.archive import SPANS, TRACES, RunFolder
from k6spec.store.spans import ARCHIVED, PLACED
from tests.support.runs import Request, Span, db, entry, make_run

STATEMENT = "SELECT * FROM stock"


@pytest.fixture
def older(tmp_path: Path) -> RunFolder:
    """A run as it was archived before spans were placed."""
    spans = [
        entry(ms=20),
        Span(name="work", ms=12),
        db(STATEMENT, ms=8, parent=1),
        db(STATEMENT, ms=7, parent=2),
        Span(name="lost", ms=3, lost_parent=True),
    ]
    requests = [Request(spans=spans), Request(), Request(spans=spans[:4]), Request(spans=[entry(ms=3)])]
    return make_run(tmp_path / "2026-11-01T00-00-00-00000001", requests)


def archive(run: RunFolder) -> None:
    """Does to it what is done once all spans have been received."""
    place_spans(run.path)
    database = Database(run.path)
    database.write_traces()
    database.close()


def read(run: RunFolder, sql: str) -> list[tuple[object, ...]]:
    database = Database(run.path)
    rows = database.rows(sql)
    database.close()
    return rows


def test_an_older_archive_is_read_as_if_its_spans_were_placed(older: RunFolder) -> None:
    queries = [
        f"SELECT trace_id, span_id, {', '.join(PLACED.names)} FROM spans ORDER BY ALL",
        "SELECT * FROM traces ORDER BY trace_no",
    ]
    before = [read(older, query) for query in queries]

    archive(older)

    assert set(ARCHIVED.names) < set(pq.read_schema(older.path / SPANS).names)
    assert (older.path / TRACES).is_file()
    assert [read(older, query) for query in queries] == before


def test_placing_leaves_nothing_but_the_archive(older: RunFolder) -> None:
    before = sorted(older.path.iterdir())

    place_spans(older.path)

    assert sorted(older.path.iterdir()) == before


def test_a_table_of_traces_that_knows_less_is_made_anew(older: RunFolder) -> None:
    archive(older)
    whole = read(older, "SELECT * FROM traces ORDER BY trace_no")
    table = pq.read_table(older.path / TRACES)
    pq.write_table(table.drop_columns(["complete"]), older.path / TRACES)

    assert read(older, "SELECT * FROM traces ORDER BY trace_no") == whole


def test_a_parent_is_the_row_of_the_span(older: RunFolder) -> None:
    archive(older)

    rows = read(
        older,
        """SELECT s.name, p.name, s.self_ns, s.repeats_parent
        FROM spans s LEFT JOIN spans p ON p.node = s.parent_node
        WHERE s.trace_no = 0 AND s.service <> 'k6' ORDER BY s.node""",
    )

    assert rows == [
        ("POST /checkout", "POST /checkout", 8_000_000, False),
        ("work", "POST /checkout", 4_000_000, False),
        ("SELECT shop", "work", 1_000_000, False),
        ("SELECT shop", "SELECT shop", 7_000_000, True),
        ("lost", None, 3_000_000, False),
    ]


@pytest.mark.parametrize(
    ("module", "setting", "value"),
    [(placement, "_AT_ONCE", 1), (numbering, "_SPREAD", np.uint64(0))],
    ids=["in many parts", "ids of several traces that are the same"],
)
def test_how_spans_are_told_apart_changes_nothing(
    older: RunFolder, monkeypatch: pytest.MonkeyPatch, module: ModuleType, setting: str, value: object
) -> None:
    path = older.path / SPANS
    rows = pq.read_table(path).to_pylist()
    for row in rows:
        row["span_id"], row["parent_span_id"] = (
            None if row[name] is None else row[name][6:7].rjust(8, b"\1") for name in ("span_id", "parent_span_id")
        )
    pq.write_table(pa.Table.from_pylist(rows, schema=pq.read_schema(path)), path)
    expected = place(older.path)

    monkeypatch.setattr(module, setting, value)

    found = place(older.path)
    known = [name for name in PLACED.names if name != "parent_node"]
    assert found.select(known).equals(expected.select(known))
    assert parents(found) == parents(expected)


def parents(placed: pa.Table) -> list[int | None]:
    """The parents that are there; those that are not have any numbers beyond."""
    return [
        parent if parent is None or parent < placed.num_rows else -1
        for parent in placed["parent_node"].to_pylist()
    ]
