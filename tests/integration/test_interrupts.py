"""Ctrl-C, SIGTERM and SIGKILL at every phase of a load: nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import SHOP, Project, eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")

Phase = Callable[[Project], bool]


def stack_starts(project: Project) -> bool:
    return any("k6spec.collect.receiver" in " ".join(argv) for argv in project.processes().values())


def system_starts(project: Project) -> bool:
    return any(argv[-3:-1] == ["demo", "serve"] for argv in project.processes().values())


def services_start(project: Project) -> bool:
    return any("demo.orders" in argv for argv in project.processes().values())


def k6_runs(project: Project) -> bool:
    return _has_k6(project) and any(project.runs.glob("*/requests.generated.parquet"))


def traces_are_collected(project: Project) -> bool:
    return any(project.runs.glob("*/requests.parquet")) and not _has_k6(project)


def _has_k6(project: Project) -> bool:
    return any(Path(argv[0]).name == "k6" and "run" in argv for argv in project.processes().values())


PHASES = [stack_starts, system_starts, services_start, k6_runs, traces_are_collected]


def interrupted(project: Project, phase: Phase, end: Callable[[subprocess.Popen[str]], None]) -> tuple[int, float]:
    """Starts a session, ends it in the phase; its exit code, and the seconds that its end took."""
    project.write(conftest=SHOP)
    project.env["LENGTH"] = "1s" if phase is traces_are_collected else "30s"
    project.env["K6SPEC_SETTLE"] = project.env["K6SPEC_DEADLINE"] = "60s"
    process = project.start()
    assert eventually(lambda: phase(project), within=30), process.kill() or process.communicate()[0]
    if phase is k6_runs:
        time.sleep(1)
    begun = time.monotonic()
    end(process)
    process.communicate(timeout=20)
    return process.returncode, time.monotonic() - begun


def to_the_process(signum: signal.Signals) -> Callable[[subprocess.Popen[str]], None]:
    return lambda process: os.kill(process.pid, signum)


def to_its_group(signum: signal.Signals) -> Callable[[subprocess.Popen[str]], None]:
    return lambda process: os.killpg(process.pid, signum)


@pytest.mark.parametrize("phase", PHASES)
def test_ctrl_c_ends_all_within_seconds(project: Project, phase: Phase) -> None:
    code, took = interrupted(project, phase, to_the_process(signal.SIGINT))

    assert code == pytest.ExitCode.INTERRUPTED
    assert took < 8
    assert project.processes() == {}
    assert project.leftovers() == []
    assert [info["status"] for info in project.infos()] == (
        ["aborted"] if phase in {k6_runs, traces_are_collected} else []
    )


def test_ctrl_c_in_a_terminal_reaches_the_whole_group(project: Project) -> None:
    code, _took = interrupted(project, k6_runs, to_its_group(signal.SIGINT))

    assert code == pytest.ExitCode.INTERRUPTED
    assert project.processes() == {}
    assert project.leftovers() == []
    (info,) = project.infos()
    assert (info["status"], info["reason"]) == ("aborted", "KeyboardInterrupt")


@pytest.mark.parametrize("phase", PHASES)
def test_nothing_outlives_a_killed_session(project: Project, phase: Phase) -> None:
    interrupted(project, phase, to_the_process(signal.SIGKILL))

    assert eventually(lambda: not project.processes(), within=20), project.processes()
    assert project.leftovers() == []


def test_nothing_outlives_a_cancelled_ci_job(project: Project) -> None:
    interrupted(project, k6_runs, to_the_process(signal.SIGTERM))

    assert eventually(lambda: not project.processes(), within=20), project.processes()
    assert project.leftovers() == []
