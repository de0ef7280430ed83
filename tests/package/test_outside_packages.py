"""Packages beside k6spec that bring a report or a source: found by their entry points, as pip leaves them.

Stacks of other packages: tests/stack/test_lifetime.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugin.conftest import HEAD, declared, healthy
from tests.support.command import k6spec
from tests.support.runs import make_run

PACKAGE = '''
"""A package of somebody else."""

def write(session):
    judged = [verdict["outcome"] for case in session.cases for verdict in case.verdicts]
    yield f"chat: {len(session.runs)} run, {', '.join(judged)}"

def broken(session):
    raise RuntimeError("the chat is down")

class Vault:
    def check(self):
        pass

def make(options, root):
    options.required("shelf")
    return Vault()
'''
ENTRY_POINTS = """
[k6spec.reports]
chat = outside_chat:write
flaky = outside_chat:broken

[k6spec.sources]
vault = outside_chat:make
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A judged run's spec, and the package as it lies in site-packages."""
    make_run(tmp_path / ".k6spec/runs/2026-11-01T00-00-00-0000aaaa", healthy(), load=declared())
    (tmp_path / "specs").mkdir()
    holds = "def test_holds(run):\n    assert run.http().duration.p95 < ms(400)\n"
    (tmp_path / "specs/test_spec.py").write_text(HEAD + holds)
    site = tmp_path / "site"
    (site / "outside_chat-1.0.dist-info").mkdir(parents=True)
    (site / "outside_chat.py").write_text(PACKAGE)
    (site / "outside_chat-1.0.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: outside-chat\nVersion: 1.0\n"
    )
    (site / "outside_chat-1.0.dist-info/entry_points.txt").write_text(ENTRY_POINTS)
    return tmp_path


def test_a_report_of_another_package_tells_of_the_session(project: Path) -> None:
    result = k6spec("run", "--replay", "last", cwd=project, PYTHONPATH="site", K6SPEC_REPORTS="chat")

    assert result.returncode == 0, result.stdout
    assert "chat: 1 run, passed" in result.stdout


def test_one_that_fails_is_a_remark_and_takes_no_other_away(project: Path) -> None:
    result = k6spec("run", "--replay", "last", cwd=project, PYTHONPATH="site")

    assert result.returncode == 0, result.stdout
    assert "there is no flaky report: RuntimeError: the chat is down" in result.stdout
    assert "chat: 1 run, passed" in result.stdout
    assert "report: " in result.stdout


def test_a_name_that_nobody_brings_is_told_with_those_that_there_are(project: Path) -> None:
    result = k6spec("run", "--replay", "last", cwd=project, PYTHONPATH="site", K6SPEC_REPORTS="chatt")

    assert "reports are html, github, gitlab, chat, flaky" in result.stdout


def test_a_source_of_another_package_is_made_of_its_settings(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.k6spec.source]\nkind = "vault"\n')

    result = k6spec("doctor", "--stack", "external", cwd=project, PYTHONPATH="site")

    assert "shelf" in result.stdout + result.stderr
    assert "Traceback" not in result.stderr


def test_a_kind_that_nobody_brings_is_told_with_those_that_there_are(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.k6spec.source]\nkind = "volt"\n')

    result = k6spec("doctor", "--stack", "external", cwd=project, PYTHONPATH="site")

    assert "vault" in result.stdout + result.stderr
