"""k6spec export: an archived run in other tools' formats."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from k6spec.collect.decode import decode
from k6spec.collect.export import write_csv
from k6spec.collect.otlp_json import traces_from_json
from k6spec.errors import ArchiveFault
from k6spec.store.archive import RunFolder
from tests.support.command import k6spec
from tests.support.runs import Request, db, entry, make_run

RUN = "2026-11-01T00-00-00-0000aaaa"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A run of two traces of three spans each, with attributes."""
    spans = [entry(status="error", attributes={"shop.sku": 'a,"b"'}), db("SELECT 1")]
    make_run(tmp_path / f".k6spec/runs/{RUN}", [Request(ms=25, spans=spans)] * 2)
    return tmp_path


def export(project: Path, *arguments: str) -> dict[str, Any]:
    result = k6spec("export", "last", *arguments, "--json", cwd=project)
    assert result.returncode == 0, result.stderr
    written: dict[str, Any] = json.loads(result.stdout)
    return written


def test_otlp_is_read_back_as_it_was(project: Path) -> None:
    written = export(project, "--to", "otlp")

    lines = (project / written["path"]).read_text().splitlines()
    spans = decode([traces_from_json(line) for line in lines])[0].to_pylist()
    there = pq.read_table(project / f".k6spec/runs/{RUN}/spans.parquet").to_pylist()
    assert written["spans"] == len(spans) == 6
    key = ("trace_id", "span_id", "parent_span_id", "name", "service", "kind", "start_ns", "duration_ns", "status")
    assert sorted([[str(row[name]) for name in key] for row in spans]) == sorted(
        [[str(row[name]) for name in key] for row in there]
    )


def test_jaeger_has_traces_with_processes_and_parents(project: Path) -> None:
    written = export(project, "--to", "jaeger", "--trace", "ab000000000000000000000000000001")

    (trace,) = json.loads((project / written["path"]).read_text())["data"]
    assert trace["traceID"] == "ab" + "0" * 29 + "1"
    assert {process["serviceName"] for process in trace["processes"].values()} == {"k6", "orders"}
    names = {span["spanID"]: span["operationName"] for span in trace["spans"]}
    parents = {
        span["operationName"]: names[reference["spanID"]]
        for span in trace["spans"]
        for reference in span["references"]
    }
    assert parents["SELECT shop"] == "POST /checkout"
    assert {"key": "error", "type": "bool", "value": True} in [
        tag for span in trace["spans"] for tag in span["tags"]
    ]


def test_parquet_is_the_tables(project: Path) -> None:
    written = export(project, "--to", "parquet", "--out", "tables")

    assert written["tables"] == 3
    assert pq.read_table(project / "tables/spans.parquet").num_rows == 6


def test_csv_has_ids_in_hex_and_maps_as_json(project: Path) -> None:
    export(project, "--to", "csv", "--out", "tables")

    with (project / "tables/spans.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    served = next(row for row in rows if row["kind"] == "server")
    assert served["trace_id"].startswith("ab00")
    assert json.loads(served["attributes"]) == {"shop.sku": 'a,"b"'}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nope", "--to", "csv"], "there is no run 'nope'"),
        (["last", "--to", "xml"], "--to xml: write otlp, jaeger, parquet, csv"),
        (["last", "--to", "csv", "--trace", "ab00"], "--trace goes with otlp and jaeger"),
        (["last", "--to", "otlp", "--trace", "ffff"], "no trace of"),
        (["last", "--to", "otlp", "--out", "there.json"], "there.json is there already: give --force"),
        (["last", "--to", "csv", "--out", "folder", "--force"], "folder holds other things than tables"),
    ],
)
def test_a_mistake_is_told_in_words(project: Path, arguments: list[str], message: str) -> None:
    (project / "there.json").write_text("mine")
    (project / "folder").mkdir()
    (project / "folder/mine.txt").write_text("mine")

    result = k6spec("export", *arguments, cwd=project)

    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert (project / "there.json").read_text() == "mine"
    assert (project / "folder/mine.txt").read_text() == "mine"


@pytest.mark.parametrize("to", ["otlp", "jaeger", "parquet", "csv"])
def test_a_damaged_table_is_told_in_words(project: Path, to: str) -> None:
    (project / f".k6spec/runs/{RUN}/spans.parquet").write_text("garbage")

    result = k6spec("export", "last", "--to", to, cwd=project)

    assert result.returncode == 7
    assert result.stderr.startswith(
        f"k6spec: .k6spec/runs/{RUN}/spans.parquet cannot be read; perhaps only a part"
    )
    assert [path.name for path in project.iterdir()] == [".k6spec"]


def test_a_place_that_cannot_be_written_is_named(project: Path) -> None:
    (project / "tables/requests.csv").mkdir(parents=True)

    with pytest.raises(ArchiveFault, match=r"tables cannot be written"):
        write_csv(RunFolder(project / f".k6spec/runs/{RUN}"), project / "tables")
