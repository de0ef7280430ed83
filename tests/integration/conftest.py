"""A user's project in a folder of its own, and pytest as a process of its own: started, signalled, read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

ROOT = Path(__file__).parents[2]
_MARK = "LC_K6SPEC_TEST"
"""Reaches programs of a stack too: they get few variables of the environment, and all of the locale."""
_OTHER_PLUGINS = ("randomly", "cacheprovider", "hypothesispytest", "inline_snapshot")
_WITHOUT = [word for name in _OTHER_PLUGINS for word in ("-p", f"no:{name}")]
_OTHERS = ("CI", "K6SPEC_", "SHOP_", "OTEL_", "PYTEST_")

SPEC = """
import os
import pytest
import k6spec
from k6spec import Run, Scenario, constant_vus, flow, ms, percent, shared_iterations

look = Scenario.http(flow.get("/products"), flow.think("50ms"), name="look")
pytestmark = k6spec.load(look, constant_vus(3, os.environ.get("LENGTH", "1s")))


def test_count(run: Run) -> None:
    assert run.http().count >= 1
"""

SHOP = f"""
import sys
from pathlib import Path
import pytest
import k6spec

@pytest.fixture(scope="session")
def k6spec_sut():
    return k6spec.CommandSut(
        [sys.executable, "-m", "demo", "serve"], url_key="orders", ready="/healthz", cwd=Path({str(ROOT)!r})
    )
"""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A pytest session that ended."""

    code: int
    text: str

    def lines(self, part: str) -> list[str]:
        """The lines of the output that contain ``part``."""
        return [line for line in self.text.splitlines() if part in line]


class Project:
    """Specs in ``root``. Temporary files of its sessions are made in ``tmp``, its runs in ``runs``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tmp = root / "tmp"
        self.tmp.mkdir()
        self.runs = root / ".k6spec" / "runs"
        self.mark = uuid.uuid4().hex
        own = {name: value for name, value in os.environ.items() if not name.startswith(_OTHERS)}
        self.env = {**own, "K6SPEC_STACK": "embedded", "TMPDIR": str(self.tmp), "COLUMNS": "300", _MARK: self.mark}
        self.env["K6SPEC_PREFLIGHT"] = "false"  # most tests want the load itself, soon
        # Loads of different tests need not wait for each other: none of them judges how fast anything is.
        self.env["K6SPEC_LOAD_LOCK"] = str(self.tmp / "k6spec-load.lock")
        (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")

    def write(self, spec: str = SPEC, *, conftest: str = "", **files: str) -> None:
        """The spec, its conftest.py, and other files by name (``load_js="…"`` is load.js)."""
        (self.root / "test_spec.py").write_text(spec)
        (self.root / "conftest.py").write_text(conftest)
        for name, text in files.items():
            (self.root / name.replace("_", ".")).write_text(text)

    def start(
        self, *options: str, cwd: Path | None = None, stdout: int | IO[str] = subprocess.PIPE
    ) -> subprocess.Popen[str]:
        """``pytest``, in a process group of its own as in a terminal."""
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", *_WITHOUT, *options],
            cwd=cwd or self.root,
            env=self.env,
            text=True,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            process_group=0,
        )

    def run(self, *options: str, cwd: Path | None = None, timeout: float = 120) -> Ended:
        """``pytest`` to its end."""
        process = self.start(*options, cwd=cwd)
        try:
            text, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            text, _ = process.communicate()
            pytest.fail(f"pytest did not end in {timeout:g} s:\n{text}")
        return Ended(code=process.returncode, text=text)

    def infos(self) -> list[dict[str, Any]]:
        """``run.json`` of all runs, the oldest first."""
        return [json.loads(path.read_text()) for path in sorted(self.runs.glob("*/run.json"))]

    def processes(self) -> dict[int, list[str]]:
        """Pid and command line of every process that the project's sessions left or have running."""
        found = {}
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdigit() and self.mark.encode() in (folder / "environ").read_bytes():
                    found[int(folder.name)] = (folder / "cmdline").read_text().split("\0")
            except OSError:  # it ended meanwhile, or is somebody else's
                continue
        return found

    def leftovers(self) -> list[str]:
        """What sessions left among the temporary files; the lock is a file that stays."""
        return sorted(path.name for path in self.tmp.iterdir() if path.name != "k6spec-load.lock")


def eventually(condition: Callable[[], object], *, within: float) -> bool:
    """Whether the condition comes true in time (seconds)."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """An empty project; its processes are ended with the test."""
    made = Project(tmp_path)
    yield made
    for pid in made.processes():
        os.kill(pid, 9)
