"""Parts of the load: combined, observed, of k6's metrics; and every window of a length."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from k6spec import Inconclusive, UsageError, ms, percent, window
from k6spec.judge.log import VerdictLog
from k6spec.query.parts import Part
from k6spec.run import Run
from k6spec.store.archive import METRICS
from k6spec.store.requests import SAMPLED, SAMPLES
from tests.support.runs import BEGIN, MS, Request, db, entry, make_run, run_of


def steady(seconds: int, **more: Any) -> list[Request]:
    """A request of 20 ms every 100 ms."""
    return [Request(ms=20, at_ms=number * 100, **more) for number in range(seconds * 10 + 1)]


class TestEveryWindow:
    def test_a_slow_second_is_found_that_the_whole_run_hides(self, tmp_path: Path) -> None:
        load = steady(60)
        for number in range(300, 310):
            load[number].ms = 500
        run = run_of(tmp_path, load)

        assert run.http().duration.p95 < ms(100)
        verdict = run.http().duration.p95.in_every("5s") < ms(100)

        assert verdict.outcome == "failed"
        assert "in every 5 s 500 ms from 00:" in verdict.headline
        assert verdict.evidence.notes[-1].endswith("windows, by steps of 500 ms")
        (worst,) = verdict.evidence.population.worst(1, True)
        assert worst.value == 500e6

    def test_it_passes_if_every_window_does(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, steady(20))

        assert run.http().duration.p95.in_every("5s") < ms(100)
        assert run.http().rate.in_every("5s") >= 10
        assert run.http().failed.rate.in_every("5s", step="1s") < percent(1)

    def test_windows_without_requests_fail_a_throughput_and_leave_a_latency_open(self, tmp_path: Path) -> None:
        load = [request for request in steady(30) if not 10_000 <= (request.at_ms or 0) < 20_000]
        run = run_of(tmp_path, load)

        assert (run.http().rate.in_every("5s") >= 5).outcome == "failed"
        latency = run.http().duration.p95.in_every("5s") < ms(100)
        assert latency.outcome == "inconclusive"
        assert "nothing of it began, the first from 00:10 on" in latency.evidence.reason

    def test_a_load_that_is_shorter_than_a_window_says_nothing(self, tmp_path: Path) -> None:
        verdict = run_of(tmp_path, steady(3)).http().duration.p95.in_every("30s") < ms(100)

        assert verdict.outcome == "inconclusive"
        assert verdict.evidence.reason == "this part of the load lasts 3 s, and a window 30 s"

    def test_a_missing_trace_counts_in_its_own_windows_only(self, tmp_path: Path) -> None:
        load = steady(20, spans=[entry(), db()])
        load[150] = Request(ms=400, at_ms=15_000)
        run = run_of(tmp_path, load)
        early = run.spans.db().between("0s", "10s")

        assert early.duration.max.in_every("2s") <= ms(10)
        assert (run.spans.db().duration.max.in_every("2s") <= ms(10)).outcome == "inconclusive"
        assert run.traces().calls(db=True).max.in_every("2s") >= 1

    def test_failures_that_flatter_one_window_fail_it(self, tmp_path: Path) -> None:
        load = [Request(ms=200, at_ms=number * 100) for number in range(201)]
        for number in range(100, 119):
            load[number] = Request(ms=1, status=500, at_ms=number * 100)
        verdict = run_of(tmp_path, load).http().duration.p50.in_every("2s") <= ms(100)

        assert verdict.outcome == "failed"

    @pytest.mark.parametrize(("width", "step"), [("0s", None), ("5s", "6s"), ("5s", "0s")])
    def test_lengths_that_make_no_windows_are_refused(self, tmp_path: Path, width: str, step: str | None) -> None:
        with pytest.raises(UsageError, match="in_every"):
            run_of(tmp_path, steady(3)).http().duration.p95.in_every(width, step=step)


class TestParts:
    def test_are_combined(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [*steady(10, stage="ramp"), *[Request(at_ms=11_000, stage="peak")] * 3])
        early = window.between("0s", "1s")

        assert run.http().within(early).count.value == 10
        assert run.http().within(early | window.during(stage="peak")).count.value == 13
        assert run.http().within(~early & window.during(stage="ramp")).count.value == 91
        assert run.http().during(stage="ramp").between("0s", "2s").within(~early).count.value == 10

    def test_say_what_they_are(self, tmp_path: Path) -> None:
        part = window.between("0s", "1s") | window.during(stage="peak")
        verdict = run_of(tmp_path, steady(2)).http().within(part).duration.max <= ms(1)

        assert verdict.headline == "requests, (0 ms to 1 s or stage 'peak'): max duration 20 ms, limit 1 ms"

    def test_requests_in_flight_are_observed_and_the_message_says_so(self, tmp_path: Path) -> None:
        together = [Request(ms=50, at_ms=0), Request(ms=10, at_ms=10), Request(ms=10, at_ms=20), Request(at_ms=90)]
        run = run_of(tmp_path, together)

        assert [run.http().in_flight(at_least=n, at_most=n).count.value for n in (1, 2)] == [2, 2]
        said = (run.http().in_flight(at_least=2).duration.max <= ms(1)).headline
        assert "at least 2 requests in flight (observed, not planned: a stall raises it)" in said

    def test_in_flight_wants_numbers(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="in_flight"):
            run_of(tmp_path, steady(1)).http().in_flight()


class TestRates:
    """Ten a second for 10 s, one a second for 40 s, and ten a second for 10 s."""

    def run(self, path: Path, **more: Any) -> Run:
        begins = [*range(0, 10_000, 100), *range(10_000, 50_000, 1000), *range(50_000, 60_000, 100)]
        stages = [("before", 10)] * 100 + [("night", 50)] * 40 + [("after", 10)] * 100
        load = [
            Request(ms=20, at_ms=at, stage=stage, vus=vus, spans=[entry(), db()])
            for at, (stage, vus) in zip(begins, stages, strict=True)
        ]
        return run_of(path, load, **more)

    @pytest.mark.parametrize(
        "part",
        [
            window.during(stage="before") | window.during(stage="after"),
            window.during(vus=10),
            ~window.during(stage="night"),
        ],
    )
    def test_of_two_parts_leave_out_the_time_between(self, tmp_path: Path, part: Part) -> None:
        run = self.run(tmp_path)

        assert run.http().within(part).rate.value == pytest.approx(10, rel=0.01)
        assert run.spans.db().within(part).rate.value == pytest.approx(10, rel=0.01)

    def test_a_stall_within_a_part_counts(self, tmp_path: Path) -> None:
        load = [request for request in steady(30) if not 10_000 < (request.at_ms or 0) < 20_000]
        others = [Request(ms=20, at_ms=at, scenario="look", stage="peak") for at in range(0, 30_000, 100)]
        run = run_of(tmp_path, [*load, *others])

        assert run.http().during(stage="constant-vus").rate.value == pytest.approx(len(load) / 30, rel=0.01)

    def test_scenarios_side_by_side_take_their_time_once(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [*steady(10), *steady(10, scenario="look")])

        assert run.http().between("0s", "5s").rate.value == pytest.approx(20, rel=0.01)

    def test_a_counter_grows_over_the_time_of_the_load(self, tmp_path: Path) -> None:
        first_second = [counted(at_ms=50 * number) for number in range(20)]
        run = run_of(tmp_path / "first", steady(10), samples=first_second)
        at_once = run_of(tmp_path / "at once", steady(10), samples=[counted(at_ms=3000, value=5000)])

        assert run.metric("orders").rate.value == pytest.approx(2, rel=0.01)
        assert at_once.metric("orders").rate.value == pytest.approx(500, rel=0.01)

    def test_a_counter_of_a_load_without_requests_grows_over_that_of_all_samples(self, tmp_path: Path) -> None:
        ended = [counted("iterations", at_ms=1000 * number) for number in range(11)]
        run = run_of(tmp_path, [], samples=[counted(at_ms=3000, value=50), *ended])

        assert run.metric("orders").rate.value == 5

    def test_a_counter_of_no_time_at_all_has_none(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [], samples=[counted(value=50)])

        with pytest.raises(Inconclusive, match="no time passed"):
            assert run.metric("orders").rate <= 1


def counted(metric: str = "orders", *, at_ms: int = 0, value: float = 1) -> dict[str, object]:
    """A sample of a counter."""
    return {
        "metric": metric,
        "type": "counter",
        "contains": "default",
        "time_ns": BEGIN + at_ms * MS,
        "value": float(value),
        "scenario": "buy",
    }


class TestMetrics:
    def run(self, path: Path, *, planned: bool = True) -> Run:
        folder = make_run(path / "2026-11-01T00-00-00-00000001", steady(10))
        rows = [
            {
                "metric": "basket_size",
                "type": "trend",
                "contains": "default",
                "time_ns": BEGIN + second * 1000 * MS,
                "value": float(second),
                "scenario": "buy",
            }
            for second in range(10)
        ]
        plans = [
            {
                "elapsed_ns": second * 1000 * MS,
                "stage": "peak" if second > 5 else "ramp",
                "planned_vus": 10.0 * second,
                "warmup": second < 2,
            }
            for second in range(10)
        ]
        if planned:
            rows = [row | plan for row, plan in zip(rows, plans, strict=True)]
        schema = SAMPLES if planned else pa.schema(SAMPLED)
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder.path / METRICS)
        return Run(folder, log=VerdictLog())

    def test_take_every_window(self, tmp_path: Path) -> None:
        basket = self.run(tmp_path).metric("basket_size")

        assert basket.during(stage="ramp").max.value == 5
        assert basket.during(vus=(20, 30)).sum.value == 5
        assert basket.between("3s", "5s").min.value == 3
        assert basket.after_warmup().min.value == 2
        assert basket.within(~window.during(stage="ramp") & window.between("0s", "8s")).count.value == 2
        assert (basket.max.in_every("3s", step="1s") <= 8).outcome == "failed"

    def test_of_an_archive_that_knew_no_plan_nothing_is_in_a_window(self, tmp_path: Path) -> None:
        basket = self.run(tmp_path, planned=False).metric("basket_size")

        assert basket.max.value == 9
        assert (basket.during(stage="peak").max <= 9).outcome == "inconclusive"
