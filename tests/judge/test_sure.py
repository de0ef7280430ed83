"""``.sure(0.95)``: the interval is judged, and what it leaves open is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from k6spec import Inconclusive, UsageError, ms, percent
from k6spec.judge.health import Tolerances
from k6spec.judge.intervals import Enough
from k6spec.judge.record import record
from k6spec.run import Run
from tests.support.runs import Request, db, entry, run_of


def shop(tmp_path: Path, count: int = 2_000, *, missing: int = 0, missing_ms: float = 900) -> Run:
    """Checkouts of 100 ms on average, exponentially distributed, the last of them without a trace."""
    durations = np.random.default_rng(1).exponential(100, count)
    seen = [Request(ms=float(value), spans=[entry(ms=float(value) * 0.9)]) for value in durations]
    return run_of(tmp_path, [*seen, *[Request(ms=missing_ms)] * missing])


def test_a_claim_that_holds_on_the_whole_interval_passes(tmp_path: Path) -> None:
    verdict = shop(tmp_path).http().duration.p95.sure(0.95) < ms(400)

    assert verdict
    assert verdict.evidence.lowest < (verdict.observed or 0) < verdict.evidence.highest < 400e6
    assert verdict.claim == "requests: p95 duration (95 % sure) < 400 ms"


def test_one_that_fails_on_the_whole_of_it_fails(tmp_path: Path) -> None:
    assert (shop(tmp_path).http().duration.p95.sure(0.95) < ms(200)).outcome == "failed"


def test_an_interval_astride_the_limit_is_inconclusive_with_both_ends(tmp_path: Path) -> None:
    p95 = shop(tmp_path).http().duration.p95
    just_above = ms(round(p95.value / 1e6) + 1)

    assert p95 < just_above
    with pytest.raises(
        Inconclusive,
        match=rf"between \d+ ms and \d+ ms \(95 % sure\), on both sides of the limit {just_above};.*load longer",
    ):
        assert p95.sure(0.95) < just_above


def test_surer_is_wider(tmp_path: Path) -> None:
    mean = shop(tmp_path).http().duration.mean
    looser, surer = (mean.sure(level) < ms(400) for level in (0.8, 0.99))

    assert surer.evidence.lowest < looser.evidence.lowest
    assert surer.evidence.highest > looser.evidence.highest


def test_the_same_archive_is_judged_alike(tmp_path: Path) -> None:
    run = shop(tmp_path)
    again = Run(run.folder)

    one, other = (each.http().duration.p95.sure() < ms(400) for each in (run, again))
    assert (one.evidence.lowest, one.evidence.highest) == (other.evidence.lowest, other.evidence.highest)


def test_slow_phases_are_worth_few_samples(tmp_path: Path) -> None:
    phases = np.repeat(np.random.default_rng(1).exponential(100, 20), 100)
    run = run_of(tmp_path, [Request(ms=float(value), spans=[entry(ms=1)]) for value in phases])

    with pytest.raises(Inconclusive, match=r"2,000 requests, worth \d+ independent ones"):
        assert run.http().duration.p95.sure(0.95) < ms(1000)


def test_what_is_missing_widens_the_interval(tmp_path: Path) -> None:
    whole = shop(tmp_path / "whole").spans.duration.p95.sure() < ms(2000)
    part = shop(tmp_path / "part", missing=40).spans.duration.p95.sure() < ms(2000)

    assert part.evidence.highest > whole.evidence.highest
    assert part.evidence.lowest <= whole.evidence.lowest


def test_missing_traces_alone_can_leave_it_open(tmp_path: Path) -> None:
    with pytest.raises(Inconclusive, match="400 of 2,400 traces are missing"):
        assert shop(tmp_path, missing=400).spans.duration.p95.sure() < ms(400)


class TestTooFew:
    def test_a_percentile_of_few_samples_is_inconclusive_when_one_wants_to_be_sure(self, tmp_path: Path) -> None:
        with pytest.raises(Inconclusive, match=r"too few for an interval of p99: 30 requests.* it needs 800"):
            assert shop(tmp_path, 30).http().duration.p99.sure(0.95) < ms(4000)

    def test_how_many_are_enough_are_settings(self, tmp_path: Path) -> None:
        folder = shop(tmp_path, 60).folder
        trusting = Run(folder, tolerated=Tolerances(enough=Enough(samples=24)))
        careful = Run(folder, tolerated=Tolerances(enough=Enough(beyond=200)))

        assert (Run(folder).http().duration.mean.sure() < ms(4000)).outcome == "inconclusive"
        assert trusting.http().duration.mean.sure() < ms(4000)
        with pytest.raises(Inconclusive, match=r"60 requests.* it needs 4,000"):
            assert careful.http().duration.p95.sure() < ms(4000)

    def test_and_a_note_otherwise(self, tmp_path: Path) -> None:
        verdict = shop(tmp_path, 30).http().duration.p99 < ms(4000)

        assert verdict
        assert "30 requests are few for p99" in verdict.evidence.notes[0]

    def test_a_percentile_of_many_needs_no_note(self, tmp_path: Path) -> None:
        assert (shop(tmp_path).http().duration.p99 < ms(4000)).evidence.notes == ()


class TestNone:
    def test_none_of_many_is_at_most_a_few(self, tmp_path: Path) -> None:
        verdict = shop(tmp_path).http().failed.rate < percent(1)

        assert verdict
        assert verdict.evidence.notes == ("0 of 2,000: the share is at most 0.15 %, 95 % sure (2,000 requests)",)

    def test_none_of_few_is_not_sure(self, tmp_path: Path) -> None:
        failed = shop(tmp_path, 200).http().failed

        assert failed.rate < percent(1)
        with pytest.raises(
            Inconclusive, match=r"between 0 % and 2.* \(95 % sure\), on both sides of the limit 1 %"
        ):
            assert failed.rate.sure(0.95) < percent(1)

    def test_one_that_is_sure_tells_the_bound_that_it_is_judged_by_and_no_other(self, tmp_path: Path) -> None:
        verdict = shop(tmp_path).http().failed.rate.sure(0.95) < percent(1)

        assert verdict
        assert 0.0015 < verdict.evidence.highest < 0.01
        assert verdict.evidence.notes == ()

    def test_none_over_a_limit_where_slow_ones_come_together_says_less(self, tmp_path: Path) -> None:
        phases = np.repeat(np.random.default_rng(1).exponential(100, 100), 20)
        run = run_of(tmp_path, [Request(ms=float(value), spans=[entry(ms=1)]) for value in phases])

        note = (run.http().over(ms(5000)).rate <= percent(1)).evidence.notes[0]
        assert "worth" in note


def test_fast_failures_cannot_flatter_an_interval(tmp_path: Path) -> None:
    slow = [Request(ms=300, spans=[entry()]), Request(ms=1, status=503, spans=[entry()])] * 500
    run = run_of(tmp_path, slow)

    verdict = run.http().duration.mean.sure() < ms(250)
    assert verdict.outcome == "failed"
    assert "300 ms for the successful ones alone" in verdict.evidence.notes[0]


def test_spans_of_one_trace_stay_together(tmp_path: Path) -> None:
    durations = np.random.default_rng(1).exponential(20, 500)
    one = [Request(ms=500, spans=[entry(), db(ms=float(value))]) for value in durations]
    ten = [Request(ms=500, spans=[entry(), *[db(ms=float(value))] * 10]) for value in durations]

    verdicts = [
        run_of(tmp_path / name, requests).spans.db().duration.mean.sure() < ms(100)
        for name, requests in (("one", one), ("ten", ten))
    ]

    widths = [verdict.evidence.highest - verdict.evidence.lowest for verdict in verdicts]
    assert widths[1] == pytest.approx(widths[0], rel=0.2)


def test_how_sure_it_was_is_recorded(tmp_path: Path) -> None:
    plain = record(shop(tmp_path).http().duration.p95.sure(0.9) < ms(400), nodeid="test_x", session="s")

    assert plain["sure"] == 0.9
    assert isinstance(plain["effective_samples"], float)


class TestMistakes:
    def test_max_has_no_interval_and_says_why(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="max has no interval: one more may always be larger"):
            shop(tmp_path, 10).http().duration.max.sure(0.95)

    def test_neither_has_a_count(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="count has no interval"):
            shop(tmp_path, 10).http().count.sure(0.95)

    @pytest.mark.parametrize("level", [95, 0.2, 1.0, True])
    def test_a_level_is_a_share(self, tmp_path: Path, level: float) -> None:
        with pytest.raises(UsageError, match=r"sure\(0.95\) for 95 %"):
            shop(tmp_path, 10).http().duration.p95.sure(level)
