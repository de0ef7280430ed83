"""What the report draws and tabulates, against runs whose figures are known."""

from __future__ import annotations

from pathlib import Path

import pytest

from k6spec import ms
from k6spec.judge.record import record
from k6spec.report.failure import failure_message
from k6spec.report.figures.operations import request_operations, span_operations
from k6spec.report.figures.timeline import BINS_A_DECADE, slices, timeline
from k6spec.report.figures.traces import chosen_traces
from k6spec.report.links import Links
from tests.support.reports import requests
from tests.support.runs import MS, Request, Span, db, entry, run_of, trace_id


def steady(seconds: int, *, per_second: int = 10, ms: float = 20.0) -> list[Request]:
    return [Request(at_ms=number * 1000 / per_second, ms=ms) for number in range(seconds * per_second)]


class TestTimeline:
    def test_slices_hold_enough_requests_to_speak_of_percentiles(self, tmp_path: Path) -> None:
        over = slices(run_of(tmp_path, steady(60)).database)
        assert over is not None
        assert (over.step, over.count) == (10**9, 60)

    def test_a_long_run_has_no_more_slices_than_can_be_seen(self, tmp_path: Path) -> None:
        over = slices(run_of(tmp_path, steady(3600, per_second=1)).database)
        assert over is not None
        assert (over.step, over.count) == (15 * 10**9, 240)

    def test_a_run_without_requests_in_scenarios_has_none(self, tmp_path: Path) -> None:
        assert slices(run_of(tmp_path, [Request(scenario=None)]).database) is None

    def test_rates_and_percentiles_are_those_of_each_slice(self, tmp_path: Path) -> None:
        made = steady(20) + [Request(at_ms=5_000 + 10 * number, ms=500, status=500) for number in range(30)]
        database = run_of(tmp_path, made).database
        over = slices(database)
        assert over is not None
        drawn = timeline(database, over)
        whole = drawn["series"][0]
        at = 5_000 * MS // over.step
        assert sum(whole["requests"]) * over.step / 1e9 == pytest.approx(len(made))
        assert sum(whole["failed"]) * over.step / 1e9 == pytest.approx(30)
        assert whole["p50"][at] == 500.0
        assert whole["p50"][at - 1] == 20.0
        assert drawn["plannedVus"][at] == 50

    def test_operations_are_told_apart(self, tmp_path: Path) -> None:
        database = run_of(tmp_path, requests()).database
        over = slices(database)
        assert over is not None
        drawn = timeline(database, over)
        assert drawn["operations"] == ["POST /checkout", "GET /orders"]
        counts = [sum(series["requests"]) * over.step / 1e9 for series in drawn["series"]]
        assert counts == pytest.approx([120, 80, 40])

    def test_the_heat_map_counts_every_request_in_its_bin(self, tmp_path: Path) -> None:
        database = run_of(tmp_path, requests()).database
        over = slices(database)
        assert over is not None
        _slices, bins, counts = timeline(database, over)["heat"][0]
        assert sum(counts) == 120
        lowest, highest = 10 ** (min(bins) / BINS_A_DECADE), 10 ** ((max(bins) + 1) / BINS_A_DECADE)
        assert lowest <= 25 * MS
        assert highest > 360 * MS

    def test_stages_and_the_end_of_the_warm_up_are_marked(self, tmp_path: Path) -> None:
        made = [
            Request(at_ms=100 * number, warmup=number < 10, stage="ramp" if number < 30 else "peak")
            for number in range(60)
        ]
        database = run_of(tmp_path, made).database
        over = slices(database)
        assert over is not None
        marks = {mark["name"]: mark["at"] for mark in timeline(database, over)["stages"]}
        assert marks == {"ramp": 0.0, "warmed up": 0.9, "peak": 3.0}


class TestOperations:
    def test_requests_by_operation(self, tmp_path: Path) -> None:
        checkout, orders = request_operations(run_of(tmp_path, requests()).database)
        assert (checkout.name, checkout.count, checkout.failed) == ("POST /checkout", 80, 0)
        assert (orders.name, orders.count, orders.failed) == ("GET /orders", 40, 4)
        assert checkout.most == 360 * MS

    def test_self_time_adds_up_to_the_time_of_the_requests(self, tmp_path: Path) -> None:
        made = [Request(ms=100, spans=[entry(ms=90), db("SELECT 1", ms=60)]) for _ in range(10)]
        found, total = span_operations(run_of(tmp_path, made).database)
        own = {(one.service, one.name): one.own / MS for one in found}
        assert total == 3
        assert own == {
            ("orders", "SELECT shop"): 600,
            ("orders", "POST /checkout"): 300,
            ("k6", "POST /checkout"): 100,
        }
        assert sum(one.share for one in found) == pytest.approx(1)

    def test_what_runs_beside_the_longest_call_is_off_the_critical_path(self, tmp_path: Path) -> None:
        made = [Request(ms=100, spans=[entry(ms=90), db("SELECT 1", ms=60), db("SELECT 2", ms=20)])] * 10
        found, _ = span_operations(run_of(tmp_path, made).database)
        critical = {one.statement or one.service: one.critical for one in found}
        assert critical == pytest.approx({"SELECT 1": 0.6, "SELECT 2": 0, "orders": 0.3, "k6": 0.1})

    def test_statements_and_kinds_are_told_apart(self, tmp_path: Path) -> None:
        spans = [
            entry(),
            db("SELECT 1"),
            db("SELECT 2"),
            Span(name="POST /checkout", kind="client", status="error"),
        ]
        found, total = span_operations(run_of(tmp_path, [Request(spans=spans)]).database)
        assert total == len(found) == 5
        assert [one.errors for one in found if one.kind == "client" and one.name == "POST /checkout"] == [0, 1]


class TestTraces:
    def test_those_that_verdicts_point_to_come_first_with_the_reason(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, requests())
        verdict = run.spans.db().duration.max <= ms(200)
        lines = failure_message(run, verdict, Links(root=tmp_path)).plain()
        chosen = chosen_traces(run.database, [record(verdict, nodeid="t", session="s", lines=lines)])
        named = [one for one in chosen if one.named]
        assert len(named) == 3
        assert chosen[: len(named)] == named
        assert named[0].reasons[0] == verdict.headline
        assert named[0].marked

    def test_a_run_whose_claims_all_hold_shows_its_slowest_requests(self, tmp_path: Path) -> None:
        chosen = chosen_traces(run_of(tmp_path, requests()).database, [])
        assert [one.reasons for one in chosen] == [
            ["the slowest POST /checkout: 360 ms"],
            ["the slowest GET /orders: 360 ms"],
        ]

    def test_verdicts_of_archives_without_messages_are_followed_by_their_ids(self, tmp_path: Path) -> None:
        old = {"outcome": "failed", "claim": "slow", "trace_ids": [trace_id(7).hex(), "00" * 16]}
        named = [one for one in chosen_traces(run_of(tmp_path, requests()).database, [old]) if one.named]
        assert [one.tree.trace_id for one in named] == [trace_id(7).hex()]
