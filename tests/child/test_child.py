"""Programs that we start never outlive us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from k6spec.child import Child

PARENT = """
import subprocess, sys, time
from k6spec.child import Child
child = Child([sys.executable, "-c", {program!r}])
print("started", flush=True)
time.sleep(60)
"""
FAMILY = (
    "import subprocess, sys, os, time, pathlib;"
    "pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else os.environ['PIDS']).open('a').write(f'{os.getpid()}\\n');"
    "len(sys.argv) > 2 or subprocess.Popen([sys.executable, '-c', sys.orig_argv[2], os.environ['PIDS'], 'x']);"
    "time.sleep(60)"
)


def test_a_python_without_pidfd_waits_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)

    assert Child(["true"]).wait(5) == 0


def until(condition: Callable[[], bool], seconds: float = 15) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def alive(pid: int) -> bool:
    """Whether the process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def pids(path: Path) -> list[int]:
    """The processes that have reported themselves."""
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def test_returns_the_programs_exit_code() -> None:
    with Child([sys.executable, "-c", "raise SystemExit(7)"]) as child:
        assert child.wait(10) == 7


def test_a_program_that_does_not_exist_ends_with_127(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log, Child(["/nonexistent/program"], stderr=log) as child:
        assert child.wait(10) == 127
    assert "could not start /nonexistent/program" in (tmp_path / "log").read_text()


def test_stop_ends_all_that_the_program_started(tmp_path: Path) -> None:
    report = tmp_path / "pids"
    child = Child([sys.executable, "-c", FAMILY], env={**os.environ, "PIDS": str(report)})
    assert until(lambda: len(pids(report)) == 2)

    child.stop()

    assert until(lambda: not any(alive(pid) for pid in pids(report)))


def test_a_program_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    report = tmp_path / "pid"
    stubborn = (
        "import signal, time, os, pathlib; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"pathlib.Path({str(report)!r}).write_text(str(os.getpid())); time.sleep(60)"
    )
    child = Child([sys.executable, "-c", stubborn], grace=0.5)
    assert until(lambda: len(pids(report)) == 1)

    child.stop()

    assert until(lambda: not alive(pids(report)[0]))


def test_a_signal_reaches_the_program(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    program = (
        "import signal, sys, time, pathlib; signal.signal(signal.SIGINT, lambda *_: sys.exit(3));"
        f"pathlib.Path({str(ready)!r}).touch(); time.sleep(60)"
    )
    with Child([sys.executable, "-c", program]) as child:
        assert until(ready.exists)
        child.send_signal(signal.SIGINT)

        assert child.wait(10) == 3


def test_nothing_is_left_when_we_are_killed(tmp_path: Path) -> None:
    report = tmp_path / "pids"
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(program=FAMILY)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PIDS": str(report)},
    )
    assert until(lambda: len(pids(report)) == 2)

    parent.kill()
    parent.communicate()

    assert until(lambda: not any(alive(pid) for pid in pids(report)))
