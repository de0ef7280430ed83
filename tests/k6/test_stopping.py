"""Loads that stop before their time."""

from __future__ import annotations

from k6spec.declare import presets
from k6spec.declare.profiles import constant_arrival_rate
from k6spec.declare.stopping import stop_when
from k6spec.units import percent, seconds
from tests.k6.real_runs import Runner

FAILING = """
import http from 'k6/http';
export const options = { thresholds: { 'http_req_failed{scenario:user}': ['rate<0.9'], http_reqs: ['count>0'] } };
export default () => { http.get('SUT/status/503'); };
"""


def test_a_breakpoint_stops_when_its_limit_is_broken(k6: Runner) -> None:
    profile = presets.breakpoint(rate=300, duration="1m", stop_when=stop_when(failed=percent(5), after="1s"))
    ran = k6.run(k6.load(FAILING, profile))

    assert ran.result.stopped_by == "http_req_failed{scenario:user}"
    assert (ran.result.ended_ns - ran.result.started_ns) / 1e9 < 30
    assert ran.requests
    # The limit claims nothing by itself; the script's own thresholds do, and stand beside it.
    assert {(each.expression, each.ok) for each in ran.result.thresholds} == {
        ("rate<0.9", False),
        ("count>0", True),
    }


def test_a_load_that_breaks_no_limit_runs_to_its_end(k6: Runner) -> None:
    limits = stop_when(failed=percent(5), p95=seconds(20), p99=seconds(30), after="0s")
    ran = k6.run(
        k6.load(
            "import http from 'k6/http'; export default () => { http.get('SUT/x'); };",
            constant_arrival_rate(10, "3s", stop_when=limits),
        )
    )

    assert ran.result.stopped_by is None
    assert 28 <= ran.result.iterations <= 31
    assert (ran.result.thresholds, ran.result.exit_code) == ((), 0)


def test_a_scripts_own_abort_is_seen_and_its_threshold_stays_a_claim(k6: Runner) -> None:
    ran = k6.run(
        k6.load(
            """
            import http from 'k6/http';
            const stop = { threshold: 'p(95)<0', abortOnFail: true, delayAbortEval: '1s' };
            export const options = { thresholds: { http_req_duration: [stop] } };
            export default () => { http.get('SUT/x'); };
            """,
            constant_arrival_rate(10, "30s"),
        )
    )

    assert ran.result.stopped_by == "http_req_duration"
    assert [threshold.ok for threshold in ran.result.thresholds] == [False]
