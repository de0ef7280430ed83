"""What pytest says of verdicts, faults and mistakes."""

from __future__ import annotations

import json

import pytest

from tests.plugin.conftest import Specs, healthy
from tests.support.runs import Request, db, entry

SLOW = [Request(name="GET /checkout", ms=500, spans=[entry("GET /checkout", ms=480), db("SELECT stock", ms=412)])]


@pytest.mark.parametrize(
    "claim",
    [
        "assert run.spans.db().duration.max <= ms(200)",
        "v = run.spans.db().duration.max <= ms(200); assert v",
        "assert all([run.http().count > 0, run.spans.db().duration.max <= ms(200)])",
        "check(run)",
        "run.expect(run.spans.db().duration.max <= ms(200))",
    ],
)
def test_the_evidence_does_not_depend_on_how_the_assert_is_written(specs: Specs, claim: str) -> None:
    specs.write(f"""
def check(run):
    assert run.spans.db().duration.max <= ms(200)

def test_db(run):
    {claim}
""")
    specs.archive([*healthy(), *SLOW])

    result = specs.replay()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "db spans: max duration 412 ms, limit 200 ms",
            "  file://*/traces/ab*.html  412 ms  SELECT stock   (orders, VU 1, 00:00)",
            "  1 of 51 spans over the limit (1.96 %), in 1 of 51 traces",
            "  evidence (stream): 51 requests, 51 sampled, 51 complete traces, 0 spans dropped; nothing*",
        ]
    )


@pytest.mark.parametrize("hidden", ["no", "stderr"])
def test_evidence_is_no_captured_output_that_could_be_hidden(specs: Specs, hidden: str) -> None:
    specs.write("""
def test_db(run):
    print("captured")
    assert run.spans.db().duration.max <= ms(200)

def test_order(run):
    assert run.spans.db(service="order").duration.max <= ms(200)
""")
    specs.archive([*healthy(), *SLOW])

    result = specs.replay(f"--show-capture={hidden}")

    result.stdout.fnmatch_lines(
        [
            "  file://*/traces/ab*.html  412 ms  SELECT stock   (orders, VU 1, 00:00)",
            "  report: file://*/report.html",
            "*INCONCLUSIVE order db spans*",
            "  inconclusive: no span has service 'order'*",
            "  report: file://*/report.html",
        ]
    )
    result.stdout.no_fnmatch_line("captured")


def test_claims_in_the_same_words_are_told_each_by_itself(specs: Specs) -> None:
    specs.write("""
def test_carts(run):
    run.expect(*(run.claim("the cart is emptied", holds=n in {0, 3}, because=f"of cart {n}") for n in range(4)))
""")
    folder = specs.archive()

    result = specs.replay()

    result.stdout.fnmatch_lines(["the cart is emptied: does not hold", "  of cart 1", "  of cart 2"])
    assert "<h1>2 failed of 4 claims</h1>" in (folder / "report.html").read_text()
    specs.replay()
    assert "<h1>2 failed of 4 claims</h1>" in (folder / "report.html").read_text()


def test_the_summary_line_says_what_was_observed(specs: Specs) -> None:
    specs.write("def test_db(run):\n    assert run.spans.db().duration.max <= ms(200)")
    specs.archive(SLOW)

    specs.replay().stdout.fnmatch_lines(["FAILED *test_db - *db spans: max duration 412 ms, limit 200 ms*"])


def test_each_link_leads_to_a_page(specs: Specs) -> None:
    specs.write("def test_db(run):\n    assert run.spans.db().duration.max <= ms(200)")
    folder = specs.archive(SLOW)

    specs.replay()

    (page,) = (folder / "traces").iterdir()
    assert "SELECT stock" in page.read_text()


def test_a_page_that_several_claims_link_to_is_about_all_of_them(specs: Specs) -> None:
    specs.write("""
def test_db(run):
    assert run.spans.db().duration.max <= ms(200)

def test_request(run):
    assert run.http().duration.max < ms(300)
""")
    folder = specs.archive([*healthy(), *SLOW])

    specs.replay()

    page = max((folder / "traces").iterdir()).read_text()
    assert "db spans: max duration 412 ms, limit 200 ms" in page
    assert "requests: max duration 500 ms, limit under 300 ms" in page
    assert page.count('"marked":true') == 2


def test_in_ci_links_are_relative_to_the_archived_folder(specs: Specs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    specs.write("def test_db(run):\n    assert run.spans.db().duration.max <= ms(200)")
    specs.archive(SLOW)

    specs.replay().stdout.fnmatch_lines(["  .k6spec/runs/*/traces/*.html  412 ms*"])
    specs.replay("--k6spec-link-base", "https://ci.example/artifacts").stdout.fnmatch_lines(
        ["  https://ci.example/artifacts/.k6spec/runs/*/traces/*.html  412 ms*"]
    )


def test_an_inconclusive_claim_fails_in_its_own_words(specs: Specs) -> None:
    specs.write("def test_db(run):\n    assert run.spans.db(service='order').duration.max <= ms(200)")
    specs.archive()

    result = specs.replay()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*test_spec.py:*: INCONCLUSIVE order db spans*", "*there is 'orders'*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_forgotten_assert_fails(specs: Specs) -> None:
    specs.write("def test_db(run):\n    run.spans.db().duration.max <= ms(200)")
    specs.archive()

    result = specs.replay()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*NOT JUDGED nothing looked at what was claimed*", "  db spans: max duration <= 200 ms"]
    )


def test_a_test_that_judges_nothing_is_inconclusive(specs: Specs) -> None:
    specs.write("def test_nothing(run):\n    run.http()")
    specs.archive()

    result = specs.replay()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*INCONCLUSIVE the test takes run and claims nothing*"])


def test_a_wrong_unit_names_the_line_and_what_to_write(specs: Specs) -> None:
    specs.write("def test_db(run):\n    assert run.http().duration.p95 < 400")
    specs.archive()

    result = specs.replay()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["test_spec.py:8: USAGE this is a length of time, and is compared with 400; write ms(400) or seconds(2)"]
    )


class TestKnownIssues:
    def test_a_claim_that_does_not_hold_is_expected(self, specs: Specs) -> None:
        specs.write("@k6spec.known_issue('SHOP-1')\ndef test_db(run):\n    assert run.http().duration.p95 < ms(1)")
        specs.archive()

        specs.replay().assert_outcomes(xfailed=1)

    def test_one_that_holds_again_fails(self, specs: Specs) -> None:
        specs.write(
            "@k6spec.known_issue('SHOP-1')\ndef test_db(run):\n    assert run.http().duration.p95 < ms(99)"
        )
        specs.archive()

        specs.replay().assert_outcomes(failed=1)

    @pytest.mark.parametrize("mark", ["k6spec.known_issue('SHOP-1')", "pytest.mark.xfail"])
    def test_an_inconclusive_claim_is_never_hidden(self, specs: Specs, mark: str) -> None:
        specs.write(f"@{mark}\ndef test_db(run):\n    assert run.spans.db(service='x').duration.p95 < ms(1)")
        specs.archive()

        specs.replay().assert_outcomes(failed=1)

    def test_a_crash_is_never_expected(self, specs: Specs) -> None:
        specs.write("@k6spec.known_issue('SHOP-1')\ndef test_db(run):\n    run.http().nonsense")
        specs.archive()

        specs.replay().assert_outcomes(failed=1)


def test_verdicts_are_archived_with_the_run(specs: Specs) -> None:
    specs.write("def test_db(run):\n    assert run.spans.db().duration.max <= ms(200)")
    folder = specs.archive(SLOW)

    specs.replay()
    specs.replay()

    verdicts = json.loads((folder / "run.json").read_text())["verdicts"]
    assert [verdict["outcome"] for verdict in verdicts] == ["failed", "failed"]
    assert len({verdict["session"] for verdict in verdicts}) == 2
    shown = verdicts[0].pop("lines")
    assert [line["kind"] for line in shown] == ["worst", "extent", "evidence"]
    assert (shown[0]["text"], shown[0]["trace"]) == (
        "412 ms  SELECT stock   (orders, VU 1, 00:00)",
        "ab" + "0" * 30,
    )
    assert verdicts[0] | {"session": "", "judged": ""} == {
        "nodeid": "test_spec.py::test_db",
        "claim": "db spans: max duration <= 200 ms",
        "before": 0,
        "headline": "db spans: max duration 412 ms, limit 200 ms",
        "outcome": "failed",
        "known_issue": "",
        "observed": 412e6,
        "limit": 200e6,
        "operator": "<=",
        "unit": "ns",
        "bounds": [412e6, 412e6],
        "sure": None,
        "effective_samples": None,
        "spans_dropped": 0,
        "missing_traces": 0,
        "population": 1,
        "noun": "span",
        "reason": "",
        "notes": [],
        "windows": None,
        "trace_ids": ["ab" + "0" * 30],
        "baseline": None,
        "statistic": "db spans: max duration",
        "session": "",
        "ended": False,
        "judged": "",
    }


class TestMistakesInDeclarations:
    @pytest.mark.parametrize(
        ("mistake", "message"),
        [
            ("constant_vus(-5, '30s')", "vus=-5: must be at least 1"),
            ("constant_vus(5, '30 sec')", "duration='30 sec' is not a duration; write it as k6 does: \"30s\"*"),
            ("constant_vus(5, 30)", 'duration=30: write a duration with its unit, as in duration="30s"'),
            ("Scenario.script('load/chekout.js')", "there is no script 'load/chekout.js' in *"),
            ("k6spec.load(buy)", "a scenario needs a profile*"),
            (
                "flow.get('/x/{order}').path and Scenario.http(flow.get('/x/{order}'))",
                "GET /x/{order}: {order} is not*",
            ),
        ],
    )
    def test_fail_at_collection_with_file_and_line(self, specs: Specs, mistake: str, message: str) -> None:
        specs.write(f"x = {mistake}\ndef test_x(run):\n    pass")

        result = specs.run()

        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines([f"DeclarationError: test_spec.py:7: {message.replace('[', '[[]')}"])
        result.stdout.no_fnmatch_line("*declare/*.py*")

    def test_a_run_without_a_load_says_what_to_write(self, specs: Specs) -> None:
        specs.write("def test_x(run):\n    pass", head="")

        result = specs.run()

        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(
            ["*asks for run, but no load is declared for it; write pytestmark = k6spec.load*"]
        )

    def test_a_setting_that_does_not_exist(self, specs: Specs) -> None:
        specs.write("def test_x(run):\n    assert run.http().count > 0")
        specs.pytester.makepyprojecttoml("[tool.k6spec]\nbase_ulr = 'x'")

        result = specs.run()

        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(["*unknown setting 'base_ulr'; did you mean 'base_url'?*"])


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        (
            "run.http().duration.p59 < ms(4)",
            "there is no 'p59' here; perhaps 'p99' or 'p95' or 'p90' is meant; there are histogram, max, *",
        ),
        ("run.spans.databases().count <= 3", "there is no 'databases' here; *there are *, db, *"),
        (
            "run.http().duration < ms(4)",
            "a limit is compared with one number; write which one, as in .p95, .max or .mean",
        ),
        (
            "ms(4) > run.http().duration",
            "a limit is compared with one number; write which one, as in .p95, .max or .mean",
        ),
        ("run.http().failed < percent(1)", "a limit is compared with one number; write which one, as in .rate"),
        ("run.spans.db() < ms(4)", "a limit is compared with one number; write which one, as in .duration.p95, *"),
    ],
)
def test_a_statistic_that_is_misspelt_or_left_out_is_a_mistake_in_words(
    specs: Specs, claim: str, words: str
) -> None:
    specs.write(f"def test_wrong(run):\n    assert {claim}")
    specs.archive(healthy())

    specs.replay().stdout.fnmatch_lines([f"test_spec.py:*: USAGE {words}"])


def test_a_long_reason_stands_once(specs: Specs) -> None:
    specs.write("def test_db(run):\n    assert run.spans.db().duration.max <= ms(200)")
    specs.archive([Request()] * 20)

    result = specs.replay()

    assert str(result.stdout).count("it takes the caller's context") == 1
