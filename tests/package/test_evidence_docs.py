"""The examples of docs/tables.md run, and name every column that there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import k6spec
from k6spec import Verdict
from k6spec.config import SETTINGS, Config
from k6spec.judge.frame import TABLES
from k6spec.run import Run
from tests.support.runs import Request, Span, db, entry, run_of

DOCS = Path(k6spec.__file__).parent.parent / "docs"
TEXT = (DOCS / "tables.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Three checkouts, each with a query and a cart."""
    return run_of(tmp_path, [Request(spans=[entry(), db(), Span(name="GET cart")]) for _ in range(3)])


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_each_example_runs(example: str, run: Run) -> None:
    exec(compile(example, "tables.md", "exec"), {"run": run, "Run": Run, "Verdict": Verdict})


@pytest.mark.parametrize("table", TABLES)
def test_each_column_is_named(table: str, run: Run) -> None:
    named = set(re.findall(r"`(\w+)`", TEXT.split(f"**{table}**")[1].split("\n\n")[0]))

    assert set(run.frame(table).to_arrow().column_names) - named == set()


def test_each_limit_has_its_default_and_its_reason() -> None:
    """docs/evidence.md has a row for each setting that decides what a verdict says."""
    text = (DOCS / "evidence.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", text, re.MULTILINE))
    config = Config(root=Path())

    for name, value in rows.items():
        default = getattr(config, name)
        assert str(default).replace(" ", "").lower() == value.replace(" ", "").strip('"').lower(), name
    expected = {"settle", "deadline", "uninstrumented_from", "thin_from", "fewest_beyond"}
    expected |= {"interval_samples", "interval_beyond"}
    expected |= {"preflight", "preflight_iterations", "preflight_time"}
    assert set(rows) == expected | {name for name in SETTINGS if name.startswith("max_")}
