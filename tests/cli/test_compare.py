"""k6spec compare: two runs with a known cause."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from k6spec.history.entry import Statistic
from k6spec.history.store import HistoryStore
from k6spec.judge.verdict import Unit
from k6spec.store.archive import RunFolder
from tests.support.command import k6spec
from tests.support.history import entry as entry_of_night
from tests.support.history import nights
from tests.support.runs import Request, Span, db, entry, make_run

FIRST, SECOND = "2026-11-01T00-00-00-0000aaaa", "2026-11-02T00-00-00-0000bbbb"


def checkout(query_ms: float, queries: int = 1) -> Request:
    """A checkout whose stock query takes so long."""
    ms = 15 + query_ms * queries
    stock = [db("SELECT stock WHERE sku = ?", ms=query_ms, service="stock", parent=1) for _ in range(queries)]
    reserve = Span(name="POST /reserve", service="stock", ms=2 + query_ms * queries, kind="server")
    return Request(ms=ms, spans=[entry(ms=ms - 5), reserve, *stock])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two runs: in the second the stock query is slow."""
    make_run(tmp_path / f".k6spec/runs/{FIRST}", [checkout(5)] * 40)
    make_run(tmp_path / f".k6spec/runs/{SECOND}", [checkout(45)] * 40)
    return tmp_path


def test_it_names_where_the_time_went(project: Path) -> None:
    result = k6spec("compare", "aaaa", "bbbb", cwd=project)

    assert result.returncode == 0, result.stderr
    after = result.stdout.partition("where the time went")[2].splitlines()
    assert after[1].strip() == "+40 ms  POST /checkout: stock SELECT stock WHERE sku = ? (5 ms -> 45 ms)"
    assert len(after) == 2


def test_scripts_get_the_cause_first(project: Path) -> None:
    first, *_ = json.loads(k6spec("compare", "aaaa", "bbbb", "--json", cwd=project).stdout)["traces"]

    assert (first["root"], first["service"]) == ("POST /checkout", "stock")
    assert (first["what"], first["added_ns"]) == ("SELECT stock WHERE sku = ?", 40e6)


def test_rounds_of_two_versions_are_named(project: Path) -> None:
    for number, run in enumerate((FIRST, SECOND), start=1):
        folder = RunFolder(project / f".k6spec/runs/{run}")
        folder.write_info({**folder.info(), "ab": {"version": "base", "round": number, "rounds": 4, "pairs": []}})

    lines = k6spec("compare", "aaaa", "bbbb", cwd=project).stdout.splitlines()

    assert [line.partition(", ")[2] for line in lines[:2]] == ["round 1 of 4", "round 2 of 4"]


def test_it_shows_what_changed_of_the_requests(project: Path) -> None:
    lines = k6spec("compare", "aaaa", "bbbb", cwd=project).stdout.splitlines()

    assert next(line for line in lines if " p95 " in line).split() == [
        *("POST", "/checkout", "p95"),
        *("20", "ms", "60", "ms"),
        *("+200.0", "%"),
    ]


def test_more_calls_are_named(project: Path) -> None:
    make_run(project / ".k6spec/runs/2026-11-03T00-00-00-0000cccc", [checkout(5, queries=9)] * 40)

    assert "(5 ms -> 45 ms, 1 -> 9 calls)" in k6spec("compare", "aaaa", "cccc", cwd=project).stdout


def test_two_alike_runs_say_so(project: Path) -> None:
    make_run(project / ".k6spec/runs/2026-11-03T00-00-00-0000cccc", [checkout(5)] * 40)

    assert "no operation behind the requests takes more" in k6spec("compare", "aaaa", "cccc", cwd=project).stdout


def test_noise_is_that_of_the_history(project: Path) -> None:
    info = json.loads((project / f".k6spec/runs/{SECOND}/run.json").read_text())
    values = [20e6, 20.2e6, 19.8e6, 20.1e6, 19.9e6]
    nights(project / ".k6spec/history", info, "POST /checkout requests: p95 duration", values)

    lines = k6spec("compare", "aaaa", "bbbb", cwd=project).stdout.splitlines()

    assert next(line for line in lines if " p95 " in line).endswith("+200.0 %  1.1 %")


def test_as_json(project: Path) -> None:
    found = json.loads(k6spec("compare", "aaaa", "bbbb", "--json", cwd=project).stdout)

    assert (found["first"], found["second"]) == (FIRST, SECOND)
    assert found["traces"][0]["added_ns"] == 40e6
    assert {pair["statistic"] for pair in found["requests"]} == {"p50", "p95", "p99", "mean", "failed", "rate"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["aaaa"], "Missing argument 'SECOND'"),
        (["aaaa", "nope"], "there is no run 'nope'"),
        (["0000", "bbbb"], "there is no run '0000'"),
    ],
)
def test_a_mistake_is_told_in_words(project: Path, arguments: list[str], message: str) -> None:
    result = k6spec("compare", *arguments, cwd=project)

    assert result.returncode == 2
    assert message.lower() in result.stderr.lower()
    assert "Traceback" not in result.stderr


class TestTheExitCode:
    """Of ``--exit-code``, for pipelines."""

    FIGURES: ClassVar[dict[str, Unit]] = {"p50 duration": "ns", "p95 duration": "ns", "failed share": "fraction"}

    def remember(self, project: Path, values: Mapping[str, Sequence[float]]) -> None:
        """Five nights of each figure."""
        info = json.loads((project / f".k6spec/runs/{SECOND}/run.json").read_text())
        store = HistoryStore(project / ".k6spec/history")
        for night in range(5):
            told = {
                f"POST /checkout requests: {words}": Statistic(
                    unit=self.FIGURES[words], value=known[night], members=40
                )
                for words, known in values.items()
            }
            store.add(entry_of_night(info, night + 1, told))

    def test_is_1_where_a_figure_changed_beyond_the_noise(self, project: Path) -> None:
        self.remember(project, {"p95 duration": [20e6, 20.2e6, 19.8e6, 20.1e6, 19.9e6]})

        assert k6spec("compare", "aaaa", "bbbb", "--exit-code", cwd=project).returncode == 1

    def test_is_0_where_all_changed_within_it(self, project: Path) -> None:
        self.remember(project, {"p95 duration": [5e6, 20e6, 60e6, 10e6, 80e6]})

        assert k6spec("compare", "aaaa", "bbbb", "--exit-code", cwd=project).returncode == 0

    def test_is_6_where_no_noise_is_known(self, project: Path) -> None:
        result = k6spec("compare", "aaaa", "bbbb", "--exit-code", "--json", cwd=project)

        assert result.returncode == 6
        assert json.loads(result.stdout)["changed"] is None

    def test_is_1_where_requests_began_to_fail(self, project: Path) -> None:
        self.remember(project, {"failed share": [0.0] * 5})
        failing = [replace(checkout(45), status=500) for _ in range(40)]
        make_run(project / ".k6spec/runs/2026-11-03T00-00-00-0000cccc", failing)

        result = k6spec("compare", "bbbb", "cccc", "--exit-code", cwd=project)

        assert result.returncode == 1
        assert "+100.0 points" in result.stdout

    def test_is_0_without_the_option(self, project: Path) -> None:
        self.remember(project, {"p95 duration": [20e6, 20.2e6, 19.8e6, 20.1e6, 19.9e6]})

        assert k6spec("compare", "aaaa", "bbbb", cwd=project).returncode == 0
