"""A run beside earlier ones: which they are, what its figures were there, what is new."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from k6spec import baseline
from k6spec.history.past import HistoryPast
from k6spec.history.store import HistoryStore
from k6spec.judge.family import Family
from k6spec.judge.record import record
from k6spec.report.figures.earlier import EarlierRuns, Series, earlier_runs
from k6spec.report.html.sections.dots import dots
from k6spec.report.report_file import write_report
from k6spec.run import Run
from k6spec.store.archive import RunFolder
from tests.history.test_rounds import as_long, run_of, times
from tests.support.earlier import NOISE, run_after_nights


def beside(folder: RunFolder, past: HistoryPast | None) -> EarlierRuns:
    run = Run(folder)
    try:
        return earlier_runs(run, past)
    finally:
        run.database.close()


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> EarlierRuns:
    return beside(*run_after_nights(tmp_path_factory.mktemp("earlier")))


def test_a_claim_carries_what_the_baselines_runs_measured(earlier: EarlierRuns) -> None:
    series = earlier.claims[0].series

    assert series is not None
    assert earlier.claims[0].number == 1
    values = [dot.value for dot in series.dots]
    assert values == [pytest.approx(values[1] * noise) for noise in NOISE]
    assert series.baseline == pytest.approx(values[1], rel=0.001)
    assert series.value == pytest.approx(values[1] * 1.25)
    assert series.limit == pytest.approx(series.baseline * 1.05)


def test_the_interval_is_around_what_was_observed(earlier: EarlierRuns) -> None:
    series = earlier.claims[0].series

    assert series is not None
    assert series.ends is not None
    assert series.value is not None
    assert series.ends[0] < series.value < series.ends[1]
    assert series.change == pytest.approx(0.25, abs=0.001)


def test_claims_on_operations_have_no_series_and_skipped_ones_are_counted(earlier: EarlierRuns) -> None:
    assert [claim.series is None for claim in earlier.claims] == [False, False, True]
    assert earlier.skipped == 1


def test_main_figures_need_no_claim(earlier: EarlierRuns) -> None:
    figures = earlier.requests["POST /checkout"]

    assert list(figures) == ["p50", "p95", "p99", "Failed", "DB calls"]
    assert [series.worse for series in figures.values()] == [True, True, True, None, True]
    assert figures["DB calls"].value == 2
    assert [dot.value for dot in figures["DB calls"].dots] == [1.0] * 6


def test_operations_that_no_earlier_run_had_are_named(earlier: EarlierRuns) -> None:
    assert [(one.what, one.traces, one.of) for one in earlier.operations] == [
        ("coupons client SELECT shop", 40, 40)
    ]


def test_few_runs_are_shown_without_saying_how_they_differ(tmp_path: Path) -> None:
    found = beside(*run_after_nights(tmp_path, nights=2))

    series = found.requests["POST /checkout"]["p95"]
    assert len(series.dots) == 2
    assert series.noise is None
    assert found.wanting == "no baseline yet: it takes 5 earlier runs on branch main, and there are 2"


def test_without_history_one_line_says_so(tmp_path: Path) -> None:
    folder, past = run_after_nights(tmp_path, nights=0)

    section = write_report(folder, past).read_text("utf-8").partition('<section id="earlier">')[2]
    section = section.partition("</section>")[0]
    assert section.count("<p") == 2  # the line, and that a claim was skipped
    assert "no baseline yet: it takes 5 earlier runs" in section
    assert "<table" not in section


def test_a_damaged_history_is_said_and_stops_no_report(tmp_path: Path) -> None:
    folder, _ = run_after_nights(tmp_path)
    (tmp_path / "history/2026-10-03T00-00-00-00000003.json").write_text("{")

    fresh = HistoryPast(HistoryStore(tmp_path / "history"), folder.info(), family=Family())

    assert "2026-10-03T00-00-00-00000003.json cannot be read" in write_report(folder, fresh).read_text("utf-8")


@pytest.fixture(scope="module")
def in_turns(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, HistoryPast]:
    """The candidate's last run of six rounds, which failed a claim against the base."""
    path = tmp_path_factory.mktemp("rounds")
    run = run_of(path, as_long(times(1)), as_long(times(1.1, 0.01)))
    verdict = run.http("POST /checkout").duration.p95 <= 1.05 * baseline()
    run.database.close()
    run.folder.add_verdicts([record(verdict, nodeid="specs/test_shop.py::test_p95", session="s")])
    return run.folder, HistoryPast(HistoryStore(path / "history"), run.folder.info(), family=Family())


def test_a_claim_judged_by_rounds_carries_what_both_versions_measured(
    in_turns: tuple[RunFolder, HistoryPast],
) -> None:
    (claim,) = beside(*in_turns).claims

    assert claim.series is not None
    assert [base for base, _new in claim.series.rounds] == [pytest.approx(length * 1e6) for length in times(1)]
    assert [new for _base, new in claim.series.rounds] == [
        pytest.approx(length * 1e6) for length in times(1.1, 0.01)
    ]


def test_rounds_are_not_said_to_lack_earlier_runs(in_turns: tuple[RunFolder, HistoryPast]) -> None:
    page = write_report(*in_turns).read_text("utf-8")

    assert "Against the base version" in page
    assert "6 rounds: base 90 ms to 200 ms, new version 99.9 ms to 218 ms" in page
    assert "no baseline yet" not in page


def test_what_differs_by_rounding_alone_is_drawn_at_one_height() -> None:
    series = Series(unit="count", value=8 - 1e-15, baseline=8 - 1e-15, dots=(), rounds=((8.0, 8.0),) * 4)

    heights = re.findall(r'cy="([^"]+)"', dots(series, width=300, height=84))

    assert len(heights) == 9
    assert set(heights) == {"42.0"}
