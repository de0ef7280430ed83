"""From ``pytest`` to the load's start with the docker stack, beside what its containers take by themselves.

Needs a Docker daemon and the programs of ``python -m tests.toolchain.build``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from k6spec.stack.docker import DockerStack
from tests.support.server import counting_server
from tests.support.stacks import PLAN, docker_client

_ROUNDS = 5
_SPEC = """
import k6spec
from k6spec import Run, Scenario, flow, shared_iterations

pytestmark = k6spec.load(Scenario.http(flow.get("/")), shared_iterations(1, 1))


def test_count(run: Run) -> None:
    assert run.http().count >= 1
"""


def measure() -> dict[str, float]:
    """Seconds, medians of five, the containers' own measured in turn with each."""
    docker_client().close()  # makes the images where they are missing
    pairs = [(_to_load(), _containers()) for _ in range(_ROUNDS)]
    return {
        "pytest to load start, s": median(whole for whole, _ in pairs),
        "of which the containers' own, s": median(own for _, own in pairs),
        "k6spec's and pytest's part, s": median(whole - own for whole, own in pairs),
    }


def _to_load() -> float:
    with TemporaryDirectory() as folder, counting_server() as server:
        root = Path(folder)
        (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
        (root / "test_spec.py").write_text(_SPEC)
        env = {
            **os.environ,
            "K6SPEC_STACK": "docker",
            "K6SPEC_KEEP": "never",
            "K6SPEC_BASE_URL": server.url,
            "K6SPEC_SETTLE": "100ms",
            "K6SPEC_COLLECTOR_IMAGE": PLAN.images.collector,
            "K6SPEC_JAEGER_IMAGE": str(PLAN.images.jaeger),
        }
        begun = time.time()
        subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=root, env=env, capture_output=True, check=True)
        (info,) = root.glob(".k6spec/runs/*/run.json")
        return datetime.fromisoformat(json.loads(info.read_text())["started"]).timestamp() - begun


def _containers() -> float:
    with TemporaryDirectory() as folder:
        stack = DockerStack(PLAN, workspace=Path(folder))
        begun = time.monotonic()
        try:
            stack.start()
            return time.monotonic() - begun
        finally:
            stack.stop()
