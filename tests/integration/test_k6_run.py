"""k6 ends with whoever started it, however that ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import SHOP, Project

PARENT = """
import os, sys
from pathlib import Path
from k6spec.declare.load import declare_load
from k6spec.declare.profiles import constant_vus
from k6spec.declare.scenario import Scenario
from k6spec.k6.binary import find_k6
from k6spec.k6.runner import run_k6
from k6spec.script.compiler import compile_load

folder = Path(sys.argv[1])
load = declare_load(Scenario.script(folder / "user.js"), constant_vus(2, "60s"))
compiled = compile_load(load, run_key=b"abcd", base_url="http://127.0.0.1:1", out=folder / "script")
try:
    run_k6(
        find_k6(os.environ.get("K6SPEC_TEST_K6")), compiled, load, folder=folder, env=os.environ,
        on_progress=lambda progress: print(progress.elapsed, flush=True),
    )
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""

SCRIPT = """
import { sleep } from 'k6';
export default function () { sleep(0.1); }
export function teardown() { console.log('teardown ran'); }
"""


def running(folder: Path) -> list[int]:
    """The processes whose command line names a folder, but for the parent's own."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_bytes()
                if str(folder / "script").encode() in command:
                    found.append(int(entry.name))
    return found


def ended_within(folder: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not running(folder):
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A Python program amid a load of 60 s in ``tmp_path``."""
    (tmp_path / "user.js").write_text(SCRIPT)
    (tmp_path / "parent.py").write_text(PARENT)
    with subprocess.Popen(
        [sys.executable, tmp_path / "parent.py", tmp_path],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline(), "the load did not start"
        assert running(tmp_path)
        yield program
        program.kill()


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for processes in /proc")
class TestProcesses:
    def test_ctrl_c_ends_k6_in_order(self, parent: subprocess.Popen[str], tmp_path: Path) -> None:
        parent.send_signal(signal.SIGINT)
        assert "interrupted" in parent.communicate(timeout=15)[0]
        assert not running(tmp_path)
        assert "teardown ran" in (tmp_path / "k6.log").read_text()

    def test_a_killed_parent_leaves_no_k6(self, parent: subprocess.Popen[str], tmp_path: Path) -> None:
        parent.kill()
        parent.wait(10)
        assert ended_within(tmp_path, 10)


def test_a_script_runs_its_own_load(project: Project) -> None:
    project.write(
        "import k6spec\n"
        "from k6spec import Run, Scenario\n\n"
        'pytestmark = k6spec.load(Scenario.script("own.js", options="script"))\n\n\n'
        "def test_both_scenarios_ran(run: Run) -> None:\n"
        '    assert run.http(scenario="look").during(vus=2).count >= 6\n'
        '    assert run.http(scenario="once", tags={"team": "a"}).count >= 1\n'
        '    assert run.http(scenario="once").count <= 1\n',
        conftest=SHOP,
        own_js="import http from 'k6/http';\n"
        "export function get() { http.get(`${__ENV.BASE_URL}/products`); }\n"
        "export const options = { scenarios: {\n"
        "  look: { executor: 'per-vu-iterations', exec: 'get', vus: 2, iterations: 3 },\n"
        "  once: { executor: 'shared-iterations', exec: 'get', tags: { team: 'a' } },\n"
        "} };\n",
    )

    ended = project.run()

    assert ended.code == 0, ended.text
    (info,) = project.infos()
    assert info["made"]["scenarios"]["look"]["profile"]["vus"] == 2
