"""What a spec takes beside its load: from ``pytest`` to the verdict, less the time between first and last request.

10,000 requests with two spans each, from a system that costs next to nothing and exports at once: the wait for an
SDK's batch delay is the setting ``settle``, here 100 ms, and is taken off as well.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.receiver import free_port

_ROUNDS: Final = 5
_REQUESTS: Final = 10_000
_SETTLE: Final = 0.1
_SERVER: Final = Path(__file__).with_name("traced_server.py")
CONFTEST: Final = f"""
import os
import sys
import pytest
import k6spec

@pytest.fixture(scope="session")
def k6spec_sut():
    endpoint = "http://127.0.0.1:" + os.environ["K6SPEC_OTLP_HTTP_PORT"]
    argv = [sys.executable, "-S", {str(_SERVER)!r}]
    return k6spec.CommandSut(argv, ready="/", env={{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}})
"""
"""A conftest.py whose system under test is the traced server; K6SPEC_OTLP_HTTP_PORT says where it exports to."""
_SPEC: Final = f"""
import k6spec
from k6spec import Run, Scenario, flow, ms, percent, shared_iterations

pytestmark = k6spec.load(Scenario.http(flow.get("/products")), shared_iterations(20, {_REQUESTS}))

def test_level(run: Run) -> None:
    run.expect(
        run.http().duration.p95 < ms(1_000),
        run.http().failed.rate < percent(1),
        run.spans.db().duration.max <= ms(200),
        run.traces().calls(db=True).max <= 3,
    )

def test_count(run: Run) -> None:
    assert run.http().count >= {_REQUESTS}
"""


def measure() -> dict[str, float]:
    """Seconds, medians of five."""
    with TemporaryDirectory() as compiled:
        # pip compiles what it installs; with PYTHONDONTWRITEBYTECODE each process would compile the checkout anew.
        bytecode = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": compiled}
        _round(bytecode)  # compiles it
        rounds = [_round(bytecode) for _ in range(_ROUNDS)]
    return {name: median(each[name] for each in rounds) for name in rounds[0]}


def _round(bytecode: Mapping[str, str]) -> dict[str, float]:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
        (root / "conftest.py").write_text(CONFTEST)
        (root / "test_spec.py").write_text(_SPEC)
        env = {
            **os.environ,
            **bytecode,
            "K6SPEC_STACK": "embedded",
            "K6SPEC_OTLP_HTTP_PORT": str(free_port()),
            "K6SPEC_SETTLE": f"{_SETTLE:g}s",
            "K6SPEC_LOAD_LOCK": str(root / "lock"),  # waiting for other people's loads is no part of it
        }
        # The plugins of others, such as Hypothesis's, which takes a second to import, are no part of it.
        argv = [sys.executable, "-m", "pytest", "-q", "--disable-plugin-autoload", "-p", "k6spec.pytest_plugin"]
        begun = time.monotonic()
        subprocess.run(argv, cwd=root, env=env, capture_output=True, check=True)
        whole = time.monotonic() - begun
        (path,) = root.glob(".k6spec/runs/*/run.json")
        info = json.loads(path.read_text())
        assert info["ledger"]["traces_complete"] == _REQUESTS, info["ledger"]
        requests = pq.read_table(path.with_name("requests.parquet"), columns=["start_ns", "end_ns"])
        load = (pc.max(requests["end_ns"]).as_py() - pc.min(requests["start_ns"]).as_py()) / 1e9
        timings = info["timings"]
    return {
        "pytest to verdict, beside load and settle, s": whole - load - _SETTLE,
        "of which k6's start and end, s": timings["load"] - load,
        "of which collecting, s": timings["collect"] - _SETTLE,
        "of which storing, s": timings["store"],
        "the load itself, s": load,
    }
