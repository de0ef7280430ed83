"""The script's own thresholds are claims of the test that made the load."""

from __future__ import annotations

import json

from tests.plugin.conftest import Specs, healthy

TWO_TESTS = """
def test_first(run: Run) -> None:
    assert run.http().count >= 1

def test_second(run: Run) -> None:
    assert run.http().count >= 1
"""


def threshold(metric: str, expression: str, *, ok: bool) -> dict[str, object]:
    return {"metric": metric, "expression": expression, "ok": ok}


CROSSED = threshold("http_req_duration", "p(95)<5", ok=False)
HELD = threshold("http_req_failed", "rate<0.01", ok=True)
OVER_NOTHING = threshold("http_req_duration{scenario:sell}", "p(95)<5", ok=True)


def test_one_that_does_not_hold_fails_once_beside_the_tests_of_its_load(specs: Specs) -> None:
    specs.write(TWO_TESTS)
    specs.archive(thresholds=[CROSSED, HELD])

    result = specs.replay()

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        ["*test_first*k6 threshold http_req_duration: p(95)<5 does not hold (over 50 samples)*"]
    )
    assert result.ret == 1


def test_its_letter_is_no_output_of_the_test(specs: Specs) -> None:
    specs.write(TWO_TESTS)
    specs.archive(thresholds=[CROSSED])

    result = specs.pytester.runpytest_subprocess("-p", "no:randomly", "--k6spec-replay", "last")

    result.stdout.fnmatch_lines(["test_spec.py .F. *"])
    result.stdout.no_fnmatch_line("*Captured stdout*")


def test_those_that_hold_are_recorded_and_silent(specs: Specs) -> None:
    specs.write(TWO_TESTS)
    folder = specs.archive(thresholds=[HELD])

    result = specs.replay()

    result.assert_outcomes(passed=2)
    claims = {v["claim"]: v["outcome"] for v in json.loads((folder / "run.json").read_text())["verdicts"]}
    assert claims["k6 threshold http_req_failed: rate<0.01"] == "passed"


def test_one_over_no_sample_is_inconclusive_though_k6_lets_it_pass(specs: Specs) -> None:
    specs.write(TWO_TESTS)
    specs.archive(thresholds=[OVER_NOTHING])

    result = specs.replay()

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        ["*INCONCLUSIVE k6 threshold*there is no sample of http_req_duration{scenario:sell}*"]
    )


def test_a_submetric_is_about_the_samples_with_its_tags(specs: Specs) -> None:
    requests = healthy(3)
    for request in requests[:2]:
        request.tags["kind"] = "a:b"
    specs.write(TWO_TESTS)
    specs.archive(
        requests,
        thresholds=[
            threshold("http_req_duration{kind:a:b}", "max<1", ok=False),
            threshold("http_reqs{status:200, expected_response:true}", "count<1", ok=False),
            threshold("my_trend{kind:x}", "max<1", ok=True),
        ],
    )

    result = specs.replay()

    result.stdout.fnmatch_lines(
        ["*{kind:a:b}*over 2 samples*", "*status:200*over 3 samples*", "*my_trend*no sample*"]
    )


def test_a_known_issue_does_not_hide_one(specs: Specs) -> None:
    specs.write("""
@k6spec.known_issue("SHOP-1")
def test_slow(run: Run) -> None:
    assert run.http().duration.max < ms(1)
""")
    specs.archive(thresholds=[CROSSED])

    specs.replay().assert_outcomes(xfailed=1, failed=1)


def test_it_is_a_failure_of_its_test_in_a_junit_report(specs: Specs) -> None:
    specs.write(TWO_TESTS)
    specs.archive(thresholds=[CROSSED])

    specs.replay("--junit-xml=report.xml")

    text = (specs.pytester.path / "report.xml").read_text()
    assert text.count("<failure") == 1
    assert "k6 threshold http_req_duration" in text
