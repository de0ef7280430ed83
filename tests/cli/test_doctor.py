"""``k6spec doctor``, as people call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project on the embedded stack, with an environment that cannot work."""
    (tmp_path / "pyproject.toml").write_text(
        """
        [tool.k6spec]
        stack = "embedded"
        [tool.k6spec.env.broken]
        base_url = "http://127.0.0.1:9"
        [tool.k6spec.env.staging]
        receiver = "10.1.2.3:4319"
        """
    )
    (tmp_path / "specs").mkdir()
    return tmp_path


def doctor(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs the command in ``cwd``."""
    return subprocess.run(
        [sys.executable, "-c", "from k6spec.cli import main; main()", "doctor", *arguments],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "160", "NO_COLOR": "1", **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_machine_on_which_loads_can_run_gives_0(project: Path) -> None:
    result = doctor(cwd=project)

    assert result.returncode == 0, result.stdout
    assert "nothing keeps loads from running on the embedded stack" in result.stdout


def test_what_hinders_loads_gives_1_and_says_what_to_do(project: Path) -> None:
    result = doctor("--env", "broken", cwd=project)

    assert result.returncode == 1
    assert "http://127.0.0.1:9 does not answer" in result.stdout
    assert "correct base_url" in result.stdout


def test_the_settings_are_those_of_the_project_above(project: Path) -> None:
    assert "embedded: it is the one named" in doctor(cwd=project / "specs").stdout


def test_another_stack_can_be_looked_at(project: Path) -> None:
    result = doctor("--stack", "docker", cwd=project, DOCKER_HOST="unix:///nowhere/docker.sock")

    assert result.returncode == 1
    assert "loads cannot run on the docker stack yet" in result.stdout


def test_json_holds_every_finding(project: Path) -> None:
    result = doctor("--json", "--env", "broken", cwd=project)

    found = json.loads(result.stdout)
    assert (found["stack"], found["hindrances"]) == ("embedded", 1)
    (problem,) = [finding for finding in found["findings"] if finding["status"] == "problem"]
    assert problem["topic"] == "system under test"
    assert problem["advice"]


def test_the_collector_snippet_is_all_there_is_on_standard_output(project: Path) -> None:
    result = doctor("--collector-snippet", "--env", "staging", cwd=project)

    config = yaml.safe_load(result.stdout)
    assert config["exporters"]["otlp_grpc/k6spec"]["endpoint"] == "10.1.2.3:4319"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--env", "nope"], "there is no environment 'nope'"), (["--frob"], "--frob")],
)
def test_a_mistake_is_told_in_words(project: Path, arguments: list[str], message: str) -> None:
    result = doctor(*arguments, cwd=project)

    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_help_has_an_example(project: Path) -> None:
    assert "Example: k6spec doctor" in doctor("--help", cwd=project).stdout
