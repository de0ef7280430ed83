"""What is imported before it is needed: nothing that takes long."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.runs import Request, db, entry, make_run
from tests.support.server import counting_server

_HEAVY = ("docker", "duckdb", "google.protobuf", "grpc", "httpx", "numpy", "pyarrow", "yaml")
_TOLD = f"print(' '.join(name for name in {_HEAVY} if name in sys.modules), file=sys.stderr)"
_COMMAND = f"""
import sys
from k6spec.cli import main
try:
    main()
finally:
    {_TOLD}
"""
_SPEC = """
import k6spec
from k6spec import Run, Scenario, flow, ms, shared_iterations

pytestmark = k6spec.load(Scenario.http(flow.get("/")), shared_iterations(1, 1))

def test_level(run: Run) -> None:
    assert run.http().duration.p95 < ms(10_000)
"""
_CONFTEST = f"""
import sys

def pytest_unconfigure() -> None:
    {_TOLD}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One archived run, which failed a claim; and a spec."""
    run = make_run(tmp_path / ".k6spec/runs/2026-11-01T00-00-00-0000aaaa", [Request(spans=[entry(), db()])])
    verdict = {"nodeid": "test_x.py::test_db", "claim": "p95 < 200 ms", "outcome": "failed"}
    number = {"observed": 412e6, "limit": 200e6, "operator": "<", "unit": "ns", "trace_ids": ["ab" + "0" * 30]}
    run.add_verdicts([{**verdict, **number}])
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "test_spec.py").write_text(_SPEC)
    (tmp_path / "conftest.py").write_text(_CONFTEST)
    return tmp_path


def imported(argv: list[str], cwd: Path, **environ: str) -> set[str]:
    """The heavy modules that a Python with these arguments had at its end."""
    ours = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("K6SPEC_")}
    result = subprocess.run(
        [sys.executable, *argv], cwd=cwd, env={**ours, **environ}, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return set(result.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    "command",
    [
        ["--help"],
        ["show", "--help"],
        ["runs"],
        ["runs", "--json"],
        ["show", "last", "--json"],
        ["history", "list"],
        ["baseline", "list"],
        ["gc", "--keep", "5"],
        ["script", "--help"],
    ],
    ids=" ".join,
)
def test_commands_that_look_at_no_table_import_nothing_heavy(project: Path, command: list[str]) -> None:
    assert imported(["-c", _COMMAND, *command], project) == set()


@pytest.mark.parametrize("line", ["k6spec ", "k6spec show ", "k6spec trace "])
def test_completion_imports_nothing_heavy(project: Path, line: str) -> None:
    environ = {"_K6SPEC_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": line}

    assert imported(["-c", f"import sys; sys.argv[0] = 'k6spec'\n{_COMMAND}"], project, **environ) == set()


def test_a_run_is_shown_without_what_sends_and_receives(project: Path) -> None:
    assert imported(["-c", _COMMAND, "show", "last"], project) == {"duckdb", "numpy", "pyarrow"}


def test_a_session_imports_nothing_that_reads_sources_pushes_or_starts_containers(project: Path) -> None:
    argv = ["-m", "pytest", "-q", "-p", "no:randomly", "--disable-plugin-autoload", "-p", "k6spec.pytest_plugin"]
    judges = {"duckdb", "google.protobuf", "numpy", "pyarrow"}

    assert imported([*argv, "--collect-only"], project) == judges
    with counting_server() as server:
        settings = {"K6SPEC_STACK": "embedded", "K6SPEC_BASE_URL": server.url, "K6SPEC_SETTLE": "100ms"}
        assert imported([*argv], project, **settings) == judges
