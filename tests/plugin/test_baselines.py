"""Claims against a baseline in a session of pytest: nothing blocks a first run, and it is recorded."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from k6spec.store.archive import RunFolder
from tests.plugin.conftest import HEAD, Specs, healthy
from tests.support.history import nights

CLAIM = """
from k6spec import baseline

def test_p95(run: Run) -> None:
    assert run.http("GET /checkout").duration.p95 <= 1.05 * baseline()
"""
BOTH = (
    CLAIM
    + """
def test_both(run: Run) -> None:
    run.expect(run.http().duration.p95 <= 1.05 * baseline(), run.http().failed.rate < percent(1))
"""
)
P95 = "GET /checkout requests: p95 duration"


def test_a_first_run_is_skipped_with_the_reason_unless_it_judges_more(specs: Specs) -> None:
    specs.write(BOTH)
    specs.archive()

    result = specs.replay("-rs")

    result.assert_outcomes(skipped=1, passed=1)
    result.stdout.fnmatch_lines(
        [
            "baseline: 2 claims skipped, for there is no baseline yet; what they measured is recorded",
            "SKIPPED*test_spec.py:*no baseline yet: it takes 5 earlier runs with 'GET /checkout requests: p95 *",
        ]
    )


def test_a_skipped_claim_is_never_called_passed(specs: Specs) -> None:
    specs.write(CLAIM)
    folder = specs.archive()

    specs.replay()

    (verdict,) = RunFolder(folder).info()["verdicts"]
    assert (verdict["outcome"], verdict["limit"]) == ("skipped", None)


def test_with_a_history_it_is_judged(specs: Specs) -> None:
    specs.write(CLAIM)
    folder = specs.archive()
    info = RunFolder(folder).info()
    nights(specs.pytester.path / ".k6spec/history", info, P95, [10e6 * (1 + n / 1000) for n in range(6)])

    result = specs.replay()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*GET /checkout requests: p95 duration 25 ms, limit 1.05 × baseline = 10.5 ms",
            "*+149* % against the baseline 10 ms (*6 runs on main, 2026-10-01 to 2026-10-06)",
            "baseline: 1 claim judged",
        ]
    )
    compared = RunFolder(folder).info()["verdicts"][0]["baseline"]
    assert compared["change"] > 1.4
    assert len(compared["runs"]) == 6


def test_the_expected_number_of_claims_is_that_of_the_last_session(specs: Specs) -> None:
    specs.write(BOTH)
    folder = specs.archive()
    info = RunFolder(folder).info()
    nights(specs.pytester.path / ".k6spec/history", info, P95, [25e6 * (1 + n / 1000) for n in range(6)])

    specs.replay().stdout.fnmatch_lines(["baseline: 1 claim judged, 1 skipped, for there is no baseline yet*"])


def test_a_real_load_is_recorded_with_commit_branch_machine_and_version(live: Specs) -> None:
    root: Path = live.pytester.path
    live.write(CLAIM)
    for command in (
        ["init", "-q", "-b", "trunk"],
        ["add", "-A"],
        ["-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "-m", "first"],
    ):
        subprocess.run(["git", *command], cwd=root, check=True)

    live.run("--k6spec-sut-version", "2.7.1").assert_outcomes(skipped=1)

    (file,) = (root / ".k6spec/history").glob("*.json")
    entry = json.loads(file.read_text())
    assert (entry["branch"], entry["dirty"], entry["version"]) == ("trunk", False, "2.7.1")
    assert len(entry["commit"]) == 40
    assert entry["parts"]["machine"].endswith("cores")
    assert entry["statistics"][P95]["compared"]
    assert entry["statistics"]["GET /checkout requests: failed share"]["value"] == 0


def test_what_is_claimed_of_an_old_run_joins_its_entry(specs: Specs) -> None:
    specs.write("def test_db(run):\n    assert run.spans.db().duration.max <= ms(200)\n")
    folder = specs.archive(healthy(3))
    store = nights(specs.pytester.path / ".k6spec/history", RunFolder(folder).info(), P95, [1.0])
    (night,) = store.entries()
    (specs.pytester.path / ".k6spec/history" / f"{night.run_id}.json").rename(
        specs.pytester.path / ".k6spec/history" / f"{folder.name}.json"
    )
    text = (specs.pytester.path / ".k6spec/history" / f"{folder.name}.json").read_text()
    (specs.pytester.path / ".k6spec/history" / f"{folder.name}.json").write_text(
        text.replace(night.run_id, folder.name)
    )

    specs.replay().assert_outcomes(passed=1)

    assert store.entries()[0].statistics["db spans: max duration"].value == 5e6


def test_a_skipped_claim_is_told_by_report_and_junit_file(specs: Specs) -> None:
    specs.write(BOTH)
    folder = specs.archive()

    specs.replay("--junitxml=junit.xml").assert_outcomes(skipped=1, passed=1)

    page = (folder / "report.html").read_text()
    assert "Claims skipped" in page
    assert "2 skipped of 3 claims" in page
    assert 'name="k6spec.outcome" value="skipped"' in (specs.pytester.path / "junit.xml").read_text()


def test_a_preflight_lets_claims_against_a_baseline_hold(live: Specs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K6SPEC_PREFLIGHT_TIME", "1s")
    rate = "def test_rate(run: Run) -> None:\n    assert run.http().rate >= 0.9 * baseline()\n"
    live.write(f"{CLAIM}\n\n{rate}", head=HEAD.replace('"1s"', '"3s"'))

    live.run().assert_outcomes(skipped=2)
