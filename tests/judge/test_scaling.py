"""How a statistic grows with the planned load."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from k6spec import UsageError
from k6spec.run import Run
from tests.support.runs import Request, db, entry, run_of


def ramp(path: Path, latencies: dict[int, float], **more: object) -> Run:
    """Twenty requests at each number of planned VUs, of so many milliseconds."""
    requests = [
        Request(ms=latency, vus=vus, spans=[entry(ms=latency), db(ms=latency)])
        for vus, latency in latencies.items()
        for _ in range(20)
    ]
    return run_of(path, requests, **more)


class TestExponent:
    @pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
    def test_is_the_power_of_the_load(self, tmp_path: Path, power: float) -> None:
        run = ramp(tmp_path, {vus: 10 * vus**power / 10**power for vus in (10, 20, 40, 80)})

        assert run.http().duration.p95.scaling.exponent.value == pytest.approx(power, abs=1e-3)

    def test_at_most_linear(self, tmp_path: Path) -> None:
        run = ramp(tmp_path, {10: 10, 20: 15, 40: 30})

        verdict = run.http().duration.p95.scaling.exponent <= 1
        assert verdict
        assert verdict.headline == ("requests: exponent of p95 duration over planned VUs 0.79, limit 1")
        assert verdict.evidence.notes == ("by planned VUs: 10: 10 ms, 20: 15 ms, 40: 30 ms",)
        assert (run.http().duration.p95.scaling.exponent <= 0.5).outcome == "failed"

    def test_a_level_all_of_whose_traces_were_lost_leaves_it_open(self, tmp_path: Path) -> None:
        whole = [
            Request(ms=20 if vus < 40 else 5000, vus=vus, spans=[entry(ms=10), db(ms=10)] if vus < 40 else ())
            for vus in (10, 20, 30, 40)
            for _ in range(20)
        ]
        run = run_of(tmp_path, whole)

        p95 = run.spans.db().duration.p95.scaling
        assert (p95.exponent <= 1).outcome == "inconclusive"
        assert (p95.knee(2) >= 30).outcome == "inconclusive"

    def test_levels_that_are_too_near_say_nothing_of_growth(self, tmp_path: Path) -> None:
        verdict = ramp(tmp_path, {45: 10, 50: 15, 55: 30}).http().duration.p95.scaling.exponent <= 1

        assert verdict.outcome == "inconclusive"
        assert verdict.evidence.reason == (
            "it was seen at planned VUs 45, 50, 55: to tell growth takes 3 levels, the highest 2 times the lowest "
            "or more; declare more stages"
        )

    def test_missing_traces_at_the_highest_load_leave_it_open(self, tmp_path: Path) -> None:
        whole = [
            Request(ms=20 if vus < 40 else 4000, vus=vus, spans=[entry(ms=10), db(ms=10)] if seen else ())
            for vus in (10, 20, 40)
            for seen in (True, True, True, vus < 40)
        ]
        run = run_of(tmp_path, whole)

        verdict = run.spans.db().duration.max.scaling.exponent <= 1
        assert verdict.outcome == "inconclusive"
        assert "what is missing could make the exponent anything from" in verdict.evidence.reason

    def test_a_level_of_which_every_trace_is_missing_is_not_left_out(self, tmp_path: Path) -> None:
        whole = [
            Request(vus=vus, spans=[entry(ms=10), db(ms=10)] if vus != 40 else ())
            for vus in (10, 20, 40, 80)
            for _ in range(5)
        ]
        scaling = run_of(tmp_path, whole).spans.db().duration.max.scaling

        assert (scaling.exponent <= 1).outcome == "inconclusive"
        verdict = scaling.knee() >= 80
        assert verdict.evidence.reason == (
            "at planned VUs 40 nothing of it was seen, and traces are missing there"
        )

    def test_many_levels_fall_into_ranges(self, tmp_path: Path) -> None:
        scaling = ramp(tmp_path, {vus: vus for vus in range(1, 101)}).http().duration.max.scaling

        assert [round(level.load, 1) for level in scaling.levels] == [5.5 + 10 * n for n in range(10)]
        assert [level.observed for level in scaling.levels][:2] == [10e6, 20e6]

    def test_throughput_that_grows_with_the_load(self, tmp_path: Path) -> None:
        requests, at = [], 0.0
        for vus in (10, 20, 40):
            for _ in range(vus * 2):
                requests.append(Request(ms=5, vus=vus, at_ms=at))
                at += 1000 / vus
        run = run_of(tmp_path, requests)

        assert run.http().rate.scaling.exponent.value == pytest.approx(1, abs=0.05)

    def test_a_mix_of_vus_and_rates_has_no_one_scale(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [Request(vus=5), Request(vus=None, rate=10)])
        with pytest.raises(UsageError, match="take one of its scenarios"):
            assert run.http().duration.p95.scaling.exponent <= 1


class TestKnee:
    def test_is_the_highest_load_that_still_holds(self, tmp_path: Path) -> None:
        knee = ramp(tmp_path, {10: 10, 20: 12, 40: 19, 80: 90, 100: 15}).http().duration.p95.scaling.knee()

        assert knee.value == 40
        assert knee >= 40
        assert (knee >= 80).outcome == "failed"

    def test_between_two_levels_it_is_open(self, tmp_path: Path) -> None:
        verdict = ramp(tmp_path, {10: 10, 40: 19, 80: 90}).http().duration.p95.scaling.knee() >= 60

        assert verdict.outcome == "inconclusive"
        assert verdict.evidence.reason.endswith("up to 40; what is beyond is open to 80")

    def test_no_load_says_nothing_of_a_higher_one(self, tmp_path: Path) -> None:
        knee = ramp(tmp_path, {10: 10, 40: 12}).http().duration.p95.scaling.knee(times=3)

        assert knee >= 40
        verdict = knee >= 100
        assert verdict.outcome == "inconclusive"
        assert "that is the highest planned" in verdict.evidence.reason

    def test_one_level_has_none(self, tmp_path: Path) -> None:
        assert (ramp(tmp_path, {50: 10}).http().duration.p95.scaling.knee() >= 50).outcome == "inconclusive"

    def test_nothing_has_none_and_says_why(self, tmp_path: Path) -> None:
        verdict = ramp(tmp_path, {10: 10, 20: 10}).http("GET /nothing").duration.p95.scaling.knee() >= 20

        assert verdict.outcome == "inconclusive"
        assert "GET /nothing" in verdict.evidence.reason

    @pytest.mark.parametrize("times", [0.5, True, float("inf")])
    def test_times_that_make_no_sense_are_refused(self, tmp_path: Path, times: float) -> None:
        with pytest.raises(UsageError, match="knee"):
            ramp(tmp_path, {10: 10}).http().duration.p95.scaling.knee(times)


class TestFlattery:
    """A system that refuses fast what it can't bear."""

    def test_a_load_at_which_nothing_succeeded_was_not_borne(self, tmp_path: Path) -> None:
        scaling = run_of(tmp_path, refusing({10: 100, 20: 100, 40: 100}, at=40)).http().duration.p95.scaling

        for verdict in (scaling.exponent <= 1, scaling.knee() >= 40):
            assert verdict.outcome == "failed"
            assert verdict.evidence.notes[0] == (
                "failed requests flatter this claim: at planned VUs 40 none succeeded"
            )

    def test_a_claim_must_hold_for_the_successful_requests_alone(self, tmp_path: Path) -> None:
        slow = [Request(ms=900, vus=40) for _ in range(5)]
        run = run_of(tmp_path, [*refusing({10: 100, 20: 100, 40: 1}, at=40), *slow])

        verdict = run.http().duration.p50.scaling.knee() >= 40

        assert verdict.outcome == "failed"
        assert verdict.evidence.notes[0] == (
            "failed requests flatter this claim: 20 for the successful ones alone; "
            "by planned VUs: 10: 100 ms, 20: 100 ms, 40: 900 ms"
        )

    def test_failures_that_hide_nothing_do_no_harm(self, tmp_path: Path) -> None:
        fast = [Request(ms=100, vus=40) for _ in range(5)]
        run = run_of(tmp_path, [*refusing({10: 100, 20: 100, 40: 1}, at=40), *fast])

        assert run.http().duration.p50.scaling.knee() >= 40

    def test_what_is_no_latency_is_not_flattered(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, refusing({10: 100, 20: 100, 40: 100}, at=40))

        assert run.http().rate.scaling.exponent <= 5


def test_what_an_early_end_left_out_is_inconclusive(tmp_path: Path) -> None:
    left_out = {"scenario": "buy", "elapsed_ns": 4 * 10**9, "stage": "x", "planned_vus": 100, "planned_rate": None}
    stopped = {"by": "http_req_failed", "after_ns": 3 * 10**9, "unmade": [{**left_out, "warmup": False}]}
    scaling = ramp(tmp_path, {10: 25, 20: 25, 30: 25}, stopped=stopped).http().duration.p95.scaling

    for verdict in (scaling.exponent <= 1, scaling.knee() >= 30):
        assert verdict.outcome == "inconclusive"
        assert verdict.evidence.reason.startswith("the load was stopped after 3 s")


class TestSure:
    """Exponentially distributed latencies whose mean at a level is known."""

    def test_an_interval_of_the_exponent_holds_the_truth_and_is_judged_whole(self, tmp_path: Path) -> None:
        exponent = drawn(tmp_path, {10: 10, 20: 20, 40: 40}).http().duration.mean.scaling.exponent

        within = exponent.sure(0.95) <= 2
        assert within
        assert within.evidence.lowest < 1 < within.evidence.highest
        assert within.headline.startswith("requests: exponent of mean duration (95 % sure) over planned VUs")
        assert (exponent.sure(0.95) <= 0.5).outcome == "failed"

    def test_an_exponent_astride_the_limit_is_inconclusive(self, tmp_path: Path) -> None:
        exponent = drawn(tmp_path, {10: 10, 20: 20, 40: 40}).http().duration.mean.scaling.exponent
        limit = exponent.value + 0.01

        assert exponent <= limit
        verdict = exponent.sure(0.95) <= limit
        assert verdict.outcome == "inconclusive"
        assert re.fullmatch(r"it lies between 0\.\d+ and 1\.\d+ \(95 % sure\)", verdict.evidence.reason)

    def test_a_knee_is_sure_where_every_level_below_is(self, tmp_path: Path) -> None:
        knee = drawn(tmp_path, {10: 10, 20: 11, 40: 60}).http().duration.mean.scaling.knee().sure(0.95)

        assert knee >= 20
        assert (knee >= 40).outcome == "failed"

    def test_one_that_hangs_on_chance_is_open(self, tmp_path: Path) -> None:
        knee = drawn(tmp_path, {10: 10, 20: 10, 40: 19.5}).http().duration.mean.scaling.knee()

        verdict = knee.sure(0.95) >= 40
        assert verdict.outcome == "inconclusive"
        assert verdict.evidence.reason == (
            "it stays (95 % sure) within 2 times its lowest level's up to 20; what is beyond is open"
        )

    @pytest.mark.parametrize("of", ["exponent", "knee"])
    def test_a_level_of_few_samples_says_so(self, tmp_path: Path, of: str) -> None:
        scaling = drawn(tmp_path, {10: 10, 20: 10, 40: 10}, count=50).http().duration.mean.scaling
        stat = scaling.exponent if of == "exponent" else scaling.knee()

        verdict = stat.sure(0.95) >= 0
        assert verdict.outcome == "inconclusive"
        assert verdict.evidence.reason.startswith(
            "at planned VUs 10 there are too few for an interval of mean: 50 requests, and it needs 100"
        )

    def test_a_statistic_that_is_sure_grows_so(self, tmp_path: Path) -> None:
        p95 = drawn(tmp_path, {10: 10, 20: 20, 40: 40}).http().duration.p95
        verdicts = [p95.sure(0.9).scaling.exponent <= 3, p95.scaling.exponent.sure(0.9) <= 3]

        assert verdicts[0].evidence.highest == verdicts[1].evidence.highest
        assert [verdict.evidence.level for verdict in verdicts] == [0.9, 0.9]

    def test_max_has_no_interval_at_any_level(self, tmp_path: Path) -> None:
        scaling = drawn(tmp_path, {10: 10, 20: 10, 40: 10}).http().duration.max.scaling

        with pytest.raises(UsageError, match="max has no interval"):
            scaling.exponent.sure(0.95)


def refusing(latencies: dict[int, float], *, at: int) -> list[Request]:
    """Twenty requests at each number of planned VUs, of so many milliseconds; one of them answers with 503."""
    return [
        Request(ms=1 if vus == at else latency, vus=vus, status=503 if vus == at else 200)
        for vus, latency in latencies.items()
        for _ in range(20)
    ]


def drawn(path: Path, means: dict[int, float], count: int = 400) -> Run:
    """So many requests at each number of planned VUs, exponential with these means in milliseconds."""
    rng = np.random.default_rng(1)
    return run_of(
        path,
        [Request(ms=float(took), vus=vus) for vus, mean in means.items() for took in rng.exponential(mean, count)],
    )
