"""What k6 2.x does otherwise than 1.x, and what k6spec makes of both. Each test runs on every k6 that is tested.

Source: release notes of k6 2.0 to 2.2.
"""

from __future__ import annotations

import json

import pytest

from k6spec.declare.load import declare_load
from k6spec.declare.scenario import Scenario
from k6spec.errors import K6Fault
from k6spec.k6.own_load import with_own_load
from k6spec.k6.summary import SUMMARY
from tests.k6.real_runs import Runner

THRESHOLDS = """
import http from 'k6/http';
export const options = { thresholds: { http_reqs: ['count>0', 'count>1000'] } };
export default () => { http.get('SUT/x'); };
"""
TAGGED = """
import http from 'k6/http';
export const options = { tags: { team: 'shop' } };
export default () => { http.get('SUT/x', { tags: { step: 'one' } }); };
"""
MERGED_TAGS = (2, 2, 0)


@pytest.mark.parametrize(
    "setting",
    [
        {"K6_SUMMARY_MODE": "disabled"},
        {"K6_SUMMARY_MODE": "full"},
        {"K6_SUMMARY_MODE": "legacy"},  # 2.0 has it no more
        {"K6_NO_SUMMARY": "true"},  # nor this one
        {"K6_NEW_MACHINE_READABLE_SUMMARY": "true"},
        {"K6_NO_THRESHOLDS": "true"},
    ],
    ids=str,
)
def test_thresholds_are_judged_whatever_summary_the_environment_asks_for(
    k6: Runner, setting: dict[str, str]
) -> None:
    ran = k6.run(k6.load(THRESHOLDS), env=setting)

    assert {each.expression: each.ok for each in ran.result.thresholds} == {"count>0": True, "count>1000": False}
    kept = json.loads((ran.result.log_path.parent / SUMMARY).read_text())
    assert kept["metrics"]["http_reqs"]["values"]["count"] == 1


@pytest.mark.parametrize(
    "returned",
    ["{ stdout: 'in short' }", "{}", "nothing.at.all"],
    ids=["text", "nothing", "throws"],
)
def test_thresholds_are_judged_whatever_the_scripts_own_summary_does(k6: Runner, returned: str) -> None:
    ran = k6.run(k6.load(f"{THRESHOLDS} export function handleSummary() {{ return {returned}; }}"))

    assert {each.expression: each.ok for each in ran.result.thresholds} == {"count>0": True, "count>1000": False}


def test_without_k6s_summary_nobody_knows_the_thresholds_and_that_is_a_fault(k6: Runner) -> None:
    with pytest.raises(K6Fault, match="no end-of-test summary") as caught:
        k6.run(k6.load(f"{THRESHOLDS} export function handleSummary() {{ return 5; }}"))
    assert "failed to handle the end-of-test summary: " in str(caught.value)
    assert "handleSummary()" in caught.value.advice


def test_there_is_no_rest_api_that_could_stop_a_load_or_clash_with_another_k6(k6: Runner) -> None:
    source = """
        import http from 'k6/http';
        export default () => { http.get('http://127.0.0.1:6565/v1/status'); http.get('SUT/x'); };
    """
    ran = k6.run(k6.load(source), env={"K6_ADDRESS": "127.0.0.1:6565"})

    assert [row["status"] for row in ran.requests] == [0, 200]


def test_tags_of_the_environment_take_the_place_of_the_scripts_as_in_k6_alone(k6: Runner) -> None:
    ran = k6.run(k6.load(TAGGED), env={"K6_TAGS": "night:yes"})

    assert dict(ran.requests[0]["tags"]) == {"night": "yes", "step": "one"}


def test_where_k6_is_told_to_merge_tags_both_are_there(k6: Runner) -> None:
    if k6.binary.version < MERGED_TAGS:
        pytest.skip("merge-run-tags came with k6 2.2")
    ran = k6.run(k6.load(TAGGED), env={"K6_TAGS": "night:yes", "K6_FEATURES": "merge-run-tags"})

    assert dict(ran.requests[0]["tags"]).items() >= {"night": "yes", "team": "shop", "step": "one"}.items()


@pytest.mark.parametrize("feature", ["native-histograms", "freeze-env"])
def test_experimental_features_change_no_row(k6: Runner, feature: str) -> None:
    if k6.binary.version < MERGED_TAGS:
        pytest.skip(f"{feature} came with k6 2.1 or 2.2")
    ran = k6.run(k6.load(THRESHOLDS), env={"K6_FEATURES": feature})

    (row,) = ran.requests
    assert (row["operation"], row["status"], row["failed"]) == ("GET /x", 200, False)
    assert {each.expression: each.ok for each in ran.result.thresholds} == {"count>0": True, "count>1000": False}


def test_a_load_that_somebody_controls_from_outside_cannot_be_planned(k6: Runner) -> None:
    script = k6.script(
        """
        const outside = { executor: 'externally-controlled', vus: 1, duration: '1s' };
        export const options = { scenarios: { outside } };
        export default () => {};
        """
    )
    load = declare_load(Scenario.script(script, options="script"), None)

    with pytest.raises(K6Fault, match="externally-controlled") as caught:
        with_own_load(load, k6.binary, base_url=k6.server.url, env={})
    assert caught.value.advice


def test_options_of_the_cloud_are_in_nobodys_way(k6: Runner) -> None:
    source = """
        import http from 'k6/http';
        export const options = { ext: { loadimpact: { projectID: 1, name: 'x' } }, cloud: { projectID: 1 } };
        export default () => { http.get('SUT/x'); };
    """
    assert k6.run(k6.load(source)).requests


def test_a_module_that_k6_has_removed_is_said_in_its_words(k6: Runner) -> None:
    if k6.binary.version < (2, 0, 0):
        pytest.skip("k6/experimental/redis was removed in k6 2.0")
    with pytest.raises(K6Fault, match=r"k6/experimental/redis has been removed.*k6/x/redis"):
        k6.run(k6.load("import redis from 'k6/experimental/redis'; export default () => {};"))
