"""What a session leaves behind for people: the report of each run, and what pipelines show."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from k6spec.store.archive import RunFolder
from tests.plugin.conftest import HEAD, Specs, healthy
from tests.support.history import nights
from tests.support.runs import Request, db, entry

SLOW = [Request(name="GET /checkout", ms=500, spans=[entry("GET /checkout", ms=480), db("SELECT stock", ms=412)])]
CLAIMS = """
def test_db(run):
    assert run.spans.db().duration.max <= ms(200)

def test_p95(run):
    run.expect(run.http().duration.p50 < ms(400), run.http().failed.rate < percent(1))

def test_typo(run):
    assert run.spans("SELEC shop").count >= 1

@k6spec.known_issue("SHOP-812")
def test_known(run):
    assert run.spans.db().duration.max <= ms(100)
"""


@pytest.fixture
def judged(specs: Specs) -> Specs:
    """Specs of all outcomes, and an archived run of theirs."""
    specs.write(CLAIMS)
    specs.archive([*healthy(), *SLOW])
    return specs


def report_of(specs: Specs) -> Path:
    return next(specs.runs.iterdir()) / "report.html"


class TestReport:
    def test_is_written_when_the_session_ends_and_named(self, judged: Specs) -> None:
        result = judged.replay()

        result.assert_outcomes(passed=1, failed=2, xfailed=1)
        result.stdout.fnmatch_lines(["*= k6spec =*", f"report: {report_of(judged).as_uri()}"])
        assert "<h1>2 failed (1 known issue), 1 inconclusive of 5 claims</h1>" in report_of(judged).read_text(
            "utf-8"
        )

    def test_every_failure_names_it_and_the_link_leads_there(self, judged: Specs) -> None:
        printed = judged.replay().stdout.str()

        named = re.findall(r"^  report: file://(.*)$", printed, re.MULTILINE)
        assert named
        assert all(Path(name).is_file() for name in named)

    def test_a_session_judges_again_and_it_is_made_anew(self, judged: Specs) -> None:
        judged.replay("-k", "p95")
        assert "All 2 claims passed" in report_of(judged).read_text("utf-8")

        judged.replay()
        assert "2 failed (1 known issue), 1 inconclusive of 5 claims" in report_of(judged).read_text("utf-8")

    def test_one_that_cannot_be_written_is_a_remark(self, judged: Specs) -> None:
        report_of(judged).mkdir()
        (report_of(judged) / "in_the_way").touch()

        result = judged.replay("-k", "p95")

        result.assert_outcomes(passed=1, deselected=3)
        assert result.ret == 0
        result.stdout.fnmatch_lines(["there is no report of 2026-11-01T00-00-01-00000001: *"])

    def test_links_are_relative_in_ci(self, judged: Specs, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CI", "true")
        path = ".k6spec/runs/2026-11-01T00-00-01-00000001/report.html"
        judged.replay().stdout.fnmatch_lines([f"  report: {path}", f"report: {path}"])

    def test_links_begin_with_where_ci_archives_them(self, judged: Specs) -> None:
        result = judged.replay("--k6spec-link-base", "https://ci/7")
        result.stdout.fnmatch_lines(["report: https://ci/7/.k6spec/runs/*/report.html"])

    def test_settings_can_do_without(self, judged: Specs, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("K6SPEC_REPORTS", "gitlab")
        judged.replay()
        assert not report_of(judged).exists()

    def test_an_unknown_one_is_told(self, judged: Specs, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("K6SPEC_REPORTS", "htlm")
        judged.replay().stdout.fnmatch_lines(["there is no htlm report: *reports are html, github, gitlab*"])

    def test_under_xdist_it_has_all_verdicts(self, judged: Specs) -> None:
        judged.replay("-n", "2")
        assert "2 failed (1 known issue), 1 inconclusive of 5 claims" in report_of(judged).read_text("utf-8")

    def test_what_is_kept_tells_a_known_issue_from_other_failures(self, judged: Specs) -> None:
        judged.replay()

        page = report_of(judged).read_text("utf-8")
        assert "<h1>2 failed (1 known issue), 1 inconclusive of 5 claims</h1>" in page
        assert page.count("known issue SHOP-812") == 1
        shown = judged.pytester.run("k6spec", "show", "last").stdout.str()
        assert "db spans: max duration <= 100 ms (412 ms) known issue SHOP-812" in shown
        assert "2 failed (1 known issue)" in judged.pytester.run("k6spec", "runs").stdout.str()


class TestJUnit:
    def properties(self, specs: Specs, test: str) -> dict[str, str]:
        specs.replay("--junitxml", "junit.xml")
        tree = ElementTree.parse(specs.pytester.path / "junit.xml")
        case = next(case for case in tree.iter("testcase") if case.get("name") == test)
        return {str(one.get("name")): str(one.get("value")) for one in case.iter("property")}

    def test_a_case_tells_its_claim(self, judged: Specs) -> None:
        assert self.properties(judged, "test_db") == {
            "k6spec.verdict": "failed",
            "k6spec.run": "2026-11-01T00-00-01-00000001",
            "k6spec.report": report_of(judged).as_uri(),
            "k6spec.claim": "db spans: max duration <= 200 ms",
            "k6spec.observed": "412 ms",
            "k6spec.limit": "<= 200 ms",
        }

    def test_several_claims_are_numbered(self, judged: Specs) -> None:
        told = self.properties(judged, "test_p95")
        assert told["k6spec.verdict"] == "passed"
        assert (told["k6spec.observed"], told["k6spec.observed.2"]) == ("25 ms", "0 %")
        assert told["k6spec.claim.2"] == "requests: failed share < 1 %"

    def test_what_is_inconclusive_says_so(self, judged: Specs) -> None:
        told = self.properties(judged, "test_typo")
        assert told["k6spec.verdict"] == "inconclusive"
        assert "k6spec.observed" not in told


class TestGitHub:
    @pytest.fixture
    def summary(self, judged: Specs, monkeypatch: pytest.MonkeyPatch) -> Path:
        path = judged.pytester.path / "summary.md"
        path.write_text("before\n")
        monkeypatch.setenv("CI", "true")
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
        return path

    def test_each_finding_is_annotated_on_its_line(self, judged: Specs, summary: Path) -> None:
        result = judged.replay()

        spec = (judged.pytester.path / "test_spec.py").read_text().splitlines()
        commands = [line for line in result.outlines if line.startswith("::")]
        assert len(commands) == 2
        for command, claim, words in zip(
            commands, ("<= ms(200)", "SELEC"), ("db spans: max duration 412 ms", "inconclusive"), strict=True
        ):
            match = re.fullmatch(r"::error file=test_spec\.py,line=(\d+),title=([^:]*)::(.*)", command)
            assert match
            assert claim in spec[int(match[1]) - 1]
            assert words in f"{match[2]} {match[3]}"

    def test_the_summary_of_the_job_has_findings_and_claims(self, judged: Specs, summary: Path) -> None:
        judged.replay()

        text = summary.read_text("utf-8")
        assert text.startswith("before\n## k6spec: 1 failed, 1 inconclusive (5 claims, 1 load)\n")
        assert "### ❌ failed: db spans: max duration 412 ms, limit 200 ms" in text
        assert "| db spans: max duration | 412 ms | &#60;= 200 ms | ❌ failed |" in text
        assert "| db spans: max duration | 412 ms | &#60;= 100 ms | ❌ failed (known issue) |" in text
        assert ".k6spec/runs/2026" in text.replace("&#45;", "-").replace("&#95;", "_")

    def test_the_summary_tells_the_change_of_a_claim_that_passed(self, judged: Specs, summary: Path) -> None:
        judged.write("def test(run):\n    assert run.http().duration.p50 <= 9 * k6spec.baseline()")
        info = RunFolder(report_of(judged).parent).info()
        past = [20e6 * (1 + n / 1000) for n in range(6)]
        nights(judged.pytester.path / ".k6spec/history", info, "requests: p50 duration", past)

        judged.replay()

        text = summary.read_text("utf-8").replace("&#45;", "-").replace("&#43;", "+")
        assert "| claim | observed | limit | change | verdict |\n|---|--:|--:|--:|---|\n" in text
        assert re.search(
            r"^\| requests: p50 duration \| [^|]+ \| [^|]+ \| [+-][\d.]+ % \| ✅ passed \|$", text, re.M
        )

    def test_names_of_the_system_act_in_neither(self, judged: Specs, summary: Path) -> None:
        name = "x`](javascript:1)<b>|\n::error::%0A"
        slow = Request(name="GET /checkout", spans=[entry(name), db(name, ms=412)])
        judged.archive([slow], session="later", number=2)

        result = judged.replay("-k", "db")

        assert len([line for line in result.outlines if line.startswith("::")]) == 1
        text = summary.read_text("utf-8")
        assert "javascript" in text
        assert not re.search(r"<b>|\]\(javascript|`", text)

    def test_a_fault_is_annotated_too(self, judged: Specs, summary: Path) -> None:
        judged.write(CLAIMS, head=HEAD.replace('"1s"', '"9s"'))

        result = judged.replay("-k", "db")

        result.assert_outcomes(errors=1, deselected=3)
        result.stdout.fnmatch_lines(["::error file=test_spec.py,line=*,title=k6spec%3A error::no archived run*"])

    def test_a_first_run_without_a_baseline_is_no_finding(self, judged: Specs, summary: Path) -> None:
        judged.write("""
def test_worse(run):
    run.expect(run.http().duration.p50 <= 1.05 * k6spec.baseline(), run.http().failed.rate < percent(1))
""")

        result = judged.replay()

        assert not [line for line in result.outlines if line.startswith("::") or line.startswith("there is no")]
        assert "⏭️ skipped" in summary.read_text("utf-8")

    def test_elsewhere_nothing_is_printed(self, judged: Specs) -> None:
        assert not [line for line in judged.replay().outlines if line.startswith("::")]


class TestGitLab:
    def test_findings_are_a_code_quality_report(self, judged: Specs, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GITLAB_CI", "true")
        judged.replay()

        found = json.loads((judged.pytester.path / ".k6spec/gl-code-quality-report.json").read_text("utf-8"))
        assert [entry["check_name"] for entry in found] == ["k6spec-failed", "k6spec-inconclusive"]
        assert found[0]["location"]["path"] == "test_spec.py"
        assert found[0]["description"].startswith("db spans: max duration 412 ms, limit 200 ms · ")
        assert len({entry["fingerprint"] for entry in found}) == 2

    def test_a_finding_is_the_same_whatever_was_observed(
        self, judged: Specs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GITLAB_CI", "true")
        report = judged.pytester.path / ".k6spec/gl-code-quality-report.json"
        judged.replay("-k", "db")
        before = json.loads(report.read_text("utf-8"))
        slower = Request(name="GET /checkout", ms=900, spans=[entry("GET /checkout", ms=880), db(ms=777)])
        judged.archive([slower], session="later", number=2)
        judged.replay("-k", "db")
        after = json.loads(report.read_text("utf-8"))
        assert before[0]["description"] != after[0]["description"]
        assert before[0]["fingerprint"] == after[0]["fingerprint"]

    def test_nothing_found_is_an_empty_list(self, judged: Specs, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GITLAB_CI", "true")
        judged.replay("-k", "p95")
        assert (judged.pytester.path / ".k6spec/gl-code-quality-report.json").read_text() == "[]\n"
