"""The escape hatch: SQL over a run's tables, and the tables themselves for notebooks."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pytest

from k6spec import UsageError, ms
from k6spec.run import Run
from tests.support.runs import Request, db, entry, run_of
from tests.support.stacks import missing


@pytest.fixture
def archived(tmp_path: Path) -> Run:
    """Three checkouts, one of them slow and without a trace."""
    return run_of(tmp_path, [Request(spans=[entry(), db()]), Request(spans=[entry(), db()]), Request(ms=400)])


def test_sql_answers_with_an_arrow_table(archived: Run) -> None:
    table = archived.sql("SELECT count(*) AS n FROM requests WHERE duration_ns > ?", [100_000_000])

    assert isinstance(table, pa.Table)
    assert table.to_pylist() == [{"n": 1}]


@pytest.mark.parametrize(("name", "rows"), [("requests", 3), ("samples", 0), ("spans", 7), ("traces", 3)])
def test_every_documented_table_is_there(archived: Run, name: str, rows: int) -> None:
    assert archived.sql(f"SELECT * FROM {name}").num_rows == rows
    assert archived.frame(name).to_arrow().num_rows == rows


def test_traces_say_which_are_complete(archived: Run) -> None:
    rows = archived.sql("SELECT complete FROM traces ORDER BY start_ns").column("complete").to_pylist()

    assert rows == [True, True, False]


def test_a_wrong_query_says_what_is_wrong_and_what_there_is(archived: Run) -> None:
    with pytest.raises(UsageError, match=r"(?s)spams.*tables are requests, samples, spans, traces"):
        archived.sql("SELECT * FROM spams")


@pytest.mark.parametrize(
    "statement", ["DROP TABLE traces", "SELECT 1; SELECT 2", "COPY requests TO 'spans.parquet'", ""]
)
def test_what_is_no_query_is_refused(archived: Run, statement: str) -> None:
    with pytest.raises(UsageError, match="write one SELECT"):
        archived.sql(statement)


def test_an_unknown_frame_lists_the_frames(archived: Run) -> None:
    with pytest.raises(UsageError, match="a run's tables are requests, samples, spans, traces"):
        archived.frame("span")


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_a_missing_package_is_named(archived: Run, package: str) -> None:
    # In a process of its own: Arrow keeps what it found of pandas, for later tests.
    code = f"""
import sys
from pathlib import Path
from k6spec import UsageError
from k6spec.judge.frame import Frame

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == {package!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
try:
    Frame(Path({str(archived.folder.path)!r}), "requests").to_{package}()
except UsageError as error:
    print(error)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert f"{package} is not installed" in ended.stdout, ended.stderr


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_frames_come_out_where_the_package_is_there(archived: Run, package: str) -> None:
    if find_spec(package) is None:
        missing(f"{package} is not installed")

    frame = getattr(archived.frame("requests"), f"to_{package}")()

    assert len(frame) == 3
    assert archived.http().duration.max <= ms(frame["duration_ns"].max() / 1e6)
