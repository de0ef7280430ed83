"""A breakpoint load, as a spec: real k6, and a system that breaks."""

from __future__ import annotations

from tests.plugin.conftest import Specs

SCRIPT = """
import http from 'k6/http';
import exec from 'k6/execution';
export default () => { http.get(__ENV.BASE_URL + (exec.scenario.iterationInTest < 200 ? '/fine' : '/fail')); };
"""
SPEC = """
import k6spec
from k6spec import Scenario, percent, presets, stop_when

broken = stop_when(failed=percent(5), after="2s")
rising = presets.breakpoint(rate=100, duration="20s", stop_when=broken)
pytestmark = k6spec.load(Scenario.script("shop.js"), rising)

def test_bears_20(run):
    assert run.http().breaking_rate() >= 20

def test_bears_80(run):
    assert run.http().breaking_rate() >= 80

def test_of_what_was_made(run):
    assert run.http().during(rate=(0, 20)).failed.rate <= percent(0)

def test_of_more_than_was_made(run):
    assert run.http().count >= 1
"""


def test_the_load_stops_and_the_claims_tell_where_it_broke(live: Specs) -> None:
    live.pytester.path.joinpath("shop.js").write_text(SCRIPT)
    live.write(SPEC, head="")

    result = live.run()

    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines_random(
        [
            "E*assert requests: breaking rate between * per second, limit at least 80 per second",
            "requests: breaking rate between * per second and * per second, limit at least 80 per second",
            "  failed share *, limit 5 %, of * requests, from * s on",
            "*INCONCLUSIVE requests: count*",
            "*the load stopped after * s, before its time: k6 threshold on http_req_failed{scenario:shop}",
        ]
    )
    result.stdout.no_fnmatch_line("*k6 threshold http_req_failed*does not hold*")
