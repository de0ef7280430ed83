"""Where a system breaks under a rate that rises."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import pytest

from k6spec import Inconclusive, Load, Scenario, UsageError, flow, ms, percent, presets, seconds, stop_when
from k6spec.declare.load import declare_load
from k6spec.k6.unmade import stopped
from k6spec.report.failure import failure_message
from k6spec.report.links import Links
from k6spec.run import Run
from k6spec.store.archive import REQUESTS
from tests.support.runs import BEGIN, MS, Request, make_run, run_of

PEAK, LENGTH = 100, 100  # iterations per second, seconds: at each second it is that many a second


def load(**more: Any) -> Load:
    profile = presets.breakpoint(rate=PEAK, duration=f"{LENGTH}s", **more)
    return declare_load({"buy": (Scenario.http(flow.get("/")), profile)}, None)


def requests(
    *, until: float = LENGTH, fails_from: float = inf, slow_from: float = inf, said: bool = True
) -> list[Request]:
    """Requests as often as planned; each second's are alike. ``said``: k6 says whether they failed."""
    return [
        Request(
            at_ms=second * 1000 + number * 1000 / second,
            rate=PEAK / LENGTH * (second + number / second),
            vus=None,
            status=500 if second >= fails_from else 200,
            ms=3000 if second >= slow_from else 20,
            said=said,
        )
        for second in range(1, int(until))
        for number in range(second)
    ]


def drop(second: float) -> dict[str, object]:
    return {
        "metric": "dropped_iterations",
        "time_ns": BEGIN + round(second * 1000) * MS,
        "value": 1.0,
        "scenario": "buy",
    }


def test_it_is_the_rate_up_to_which_the_limit_held(tmp_path: Path) -> None:
    run = run_of(tmp_path, requests(until=65, fails_from=60), load=load())

    assert 57 <= run.http().breaking_rate().value <= 60
    assert run.http().breaking_rate() >= 50
    assert not run.http().breaking_rate() >= 70


def test_a_failure_says_what_broke_and_when_and_links_to_it(tmp_path: Path) -> None:
    run = run_of(tmp_path, requests(until=65, fails_from=60), load=load())
    verdict = run.http().breaking_rate() >= 70

    message = failure_message(run, verdict, Links(root=tmp_path))

    assert message.headline.startswith("requests: breaking rate between 5")
    assert message.headline.endswith("limit at least 70 per second")
    (note, *_) = [line.text for line in message.lines if line.kind == "note"]
    assert note.startswith("failed share")
    assert "limit 5 %" in note
    assert [line for line in message.lines if line.kind == "worst"]


def test_limits_can_be_others_than_those_that_stop_the_load(tmp_path: Path) -> None:
    run = run_of(tmp_path, requests(until=65, slow_from=40), load=load())

    assert run.http().breaking_rate(p95=seconds(1)) >= 35
    assert not run.http().breaking_rate(p95=seconds(1), failed=percent(5)) >= 50
    assert run.http().breaking_rate(p99=seconds(5)) >= 60


def test_failing_fast_is_no_bearing(tmp_path: Path) -> None:
    run = run_of(tmp_path, requests(fails_from=60), load=load())

    verdict = run.http().breaking_rate(p95=seconds(1)) >= 80

    assert verdict.outcome == "failed"
    assert verdict.evidence.notes[0].startswith("none succeeded of ")
    assert run.http().breaking_rate(p95=seconds(1)) >= 50


def test_a_percentile_must_hold_for_the_successful_requests_alone(tmp_path: Path) -> None:
    made = requests(slow_from=60)
    refused = [replace(request, ms=1, status=503) for request in made if request.ms == 3000 for _ in range(100)]
    run = run_of(tmp_path, sorted([*made, *refused], key=lambda request: request.at_ms or 0), load=load())

    verdict = run.http().breaking_rate(p95=seconds(1)) >= 80

    assert verdict.outcome == "failed"
    assert "p95 3 s of the " in verdict.evidence.notes[0]


@pytest.mark.parametrize(
    ("health", "words"),
    [
        ({"k6_cpu": 1.0, "cores": 2.0}, "k6 took 100 % of its 2 cores"),
        ({"late_ns": 5e9}, "k6 began iterations 5 s"),
    ],
)
def test_symptoms_let_no_rate_pass(tmp_path: Path, health: dict[str, float], words: str) -> None:
    folder = make_run(tmp_path / "2026-11-01T00-00-00-00000001", requests(slow_from=60), load=load())
    folder.write_info({**folder.info(), "health": health})
    run = Run(folder)

    with pytest.raises(Inconclusive, match=words):
        assert run.http().breaking_rate(p95=seconds(1)) >= 50
    assert not run.http().breaking_rate(p95=seconds(1)) >= 80


def test_k6_without_a_free_core_counts_failures_all_the_same(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "2026-11-01T00-00-00-00000001", requests(), load=load())
    folder.write_info({**folder.info(), "health": {"k6_cpu": 1.0, "cores": 2.0, "dropped_iterations": 900}})

    assert Run(folder).http().breaking_rate(failed=percent(5)) >= PEAK


def test_failures_of_which_k6_did_not_say_are_open(tmp_path: Path) -> None:
    run = run_of(tmp_path, requests(fails_from=60, said=False), load=load())

    with pytest.raises(Inconclusive, match="k6 did not say of"):
        assert run.http().breaking_rate(failed=percent(5)) >= 50
    assert not run.http().breaking_rate(p95=seconds(1)) >= 80


def test_a_claim_within_the_window_in_which_it_broke_is_inconclusive(tmp_path: Path) -> None:
    run = run_of(tmp_path, requests(until=65, fails_from=60), load=load())
    low = run.http().breaking_rate().value

    with pytest.raises(Inconclusive, match="let the rate rise more slowly"):
        assert run.http().breaking_rate() > low


def test_one_that_never_broke_bears_what_it_was_asked(tmp_path: Path) -> None:
    run = run_of(tmp_path, requests(), load=load())

    assert run.http().breaking_rate().value == inf
    assert run.http().breaking_rate() >= PEAK
    with pytest.raises(Inconclusive, match="whether it bears 101 per second was not asked"):
        assert run.http().breaking_rate() >= 101


def test_beyond_dropped_iterations_nothing_is_known(tmp_path: Path) -> None:
    run = run_of(tmp_path, requests(fails_from=80), load=load(), samples=[drop(50)])

    assert run.http().breaking_rate() >= 45
    with pytest.raises(Inconclusive):
        assert run.http().breaking_rate() >= 70
    assert not run.http().breaking_rate() >= 90


def test_dropped_iterations_without_a_break_are_said(tmp_path: Path) -> None:
    run = run_of(tmp_path, requests(), load=load(), samples=[drop(50)])

    with pytest.raises(Inconclusive, match="k6 dropped iterations"):
        assert run.http().breaking_rate() >= 60


def test_without_a_planned_rate_it_is_inconclusive(tmp_path: Path) -> None:
    run = run_of(tmp_path, [Request(vus=5) for _ in range(200)], load=load())

    with pytest.raises(Inconclusive, match="needs an arrival rate"):
        assert run.http().breaking_rate() >= 10


def test_without_a_request_it_says_what_there_is(tmp_path: Path) -> None:
    run = run_of(tmp_path, requests(until=20), load=load())

    with pytest.raises(Inconclusive, match="there is 'POST /checkout'"):
        assert run.http("POST /chekout").breaking_rate() >= 10


def test_without_limits_it_says_how_to_give_one(tmp_path: Path) -> None:
    run = run_of(tmp_path, requests(until=20), load=load(stop_when=None))

    with pytest.raises(UsageError, match=r"breaking_rate\(failed=percent\(5\)\)"):
        assert run.http().breaking_rate() >= 10


def test_it_is_of_one_scenario(tmp_path: Path) -> None:
    run = run_of(tmp_path, [Request(scenario=name, rate=5, vus=None) for name in ("a", "b")], load=load())

    with pytest.raises(UsageError, match=r"run\.http\(scenario='a'\)"):
        assert run.http().breaking_rate(failed=percent(5)) >= 10


@pytest.fixture
def ended_early(tmp_path: Path) -> Run:
    """A load that was to rise to 100 a second, and stopped at 60."""
    declared = load(stop_when=stop_when(failed=percent(5)))
    folder = make_run(tmp_path / "2026-11-01T00-00-00-00000001", requests(until=61), load=declared)
    told = stopped(declared, folder.path / REQUESTS, "http_req_failed{scenario:buy}")
    folder.write_info({**folder.info(), "stopped": told})
    return Run(folder)


def test_what_an_early_end_left_out_is_inconclusive(ended_early: Run) -> None:
    with pytest.raises(Inconclusive, match=r"was stopped after 1 min|was stopped after 6\d"):
        assert ended_early.http().duration.p95 < ms(100)
    with pytest.raises(Inconclusive, match="was stopped"):
        assert ended_early.http().during(rate=(0, 80)).failed.rate < percent(1)
    with pytest.raises(Inconclusive, match="was stopped"):
        assert ended_early.http().between("10s", "70s").duration.p95 < ms(100)


def test_what_was_made_before_an_early_end_is_judged(ended_early: Run) -> None:
    assert ended_early.http().during(rate=(0, 50)).failed.rate < percent(1)
    assert ended_early.http().between("10s", "40s").duration.p95 < ms(100)


def test_a_miss_before_an_early_end_is_a_miss(ended_early: Run) -> None:
    assert not ended_early.http().duration.p95 < ms(10)


def test_a_rate_under_which_the_system_hung_was_not_borne(tmp_path: Path) -> None:
    archived = run_of(tmp_path, requests(), load=load())
    info = archived.folder.info()
    hung = {"scenarios": {"buy": {"untold": 500, "due": 5_000}}}
    archived.folder.write_info({**info, "health": {**info["health"], **hung}})

    claim = Run(archived.folder).http().breaking_rate() >= 50

    assert claim.outcome == "inconclusive"
    assert "the system hung" in claim.evidence.reason
