"""Faults around a whole session: told in words, told apart from findings, and nothing is left half done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import SHOP, SPEC, Project, eventually
from tests.support.disks import disk
from tests.support.server import CountingServer, counting_server
from tests.support.stacks import missing

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")


@pytest.fixture
def server(project: Project) -> Iterator[CountingServer]:
    """A system that answers and has no instrumentation; the project's base URL."""
    with counting_server() as running:
        project.env |= {"K6SPEC_BASE_URL": running.url, "K6SPEC_SETTLE": "500ms"}
        yield running


@pytest.fixture
def small_disk(project: Project) -> Iterator[Path]:
    """A disk of 64 KiB."""
    with disk(project.root / "disk", size="64k") as path:
        yield path


def pids(project: Project, word: str) -> list[int]:
    """Processes of the session with a word in their command line; not those that guard them."""
    return [
        pid
        for pid, argv in project.processes().items()
        if word in " ".join(argv) and not any(part.endswith("_guard.py") for part in argv)
    ]


def killed(project: Project, word: str) -> str:
    """What a session says whose process is killed in the middle of its load."""
    project.env["LENGTH"] = "5s"
    process = project.start()
    assert eventually(lambda: any(project.runs.glob("*/requests.generated.parquet")), within=40), process.kill()
    assert eventually(lambda: pids(project, word), within=20), process.kill()
    (pid,) = pids(project, word)
    os.kill(pid, signal.SIGKILL)
    said, _ = process.communicate(timeout=60)
    return said


def test_a_receiver_that_is_killed_is_a_fault(project: Project) -> None:
    project.write(conftest=SHOP)

    said = killed(project, "k6spec.collect.receiver")

    assert "FAULT k6spec's receiver died (exit code 137)" in said, said
    assert "Traceback" not in said
    assert [info["status"] for info in project.infos()] == ["aborted"]
    assert project.processes() == {}
    assert project.leftovers() == []


def test_k6_that_is_killed_is_a_fault(project: Project, server: CountingServer) -> None:
    project.write()

    said = killed(project, "--quiet")

    assert "FAULT k6 was ended by SIGKILL" in said
    assert [info["status"] for info in project.infos()] == ["aborted"]


def test_a_full_disk_under_the_archive_is_a_fault(
    project: Project, server: CountingServer, small_disk: Path
) -> None:
    project.write()
    project.env["K6SPEC_RUNS"] = str(small_disk / "runs")

    ended = project.run()

    assert ended.code != 0
    assert "FAULT the run could not be archived in " in ended.text, ended.text
    assert "No space left on device" in ended.text
    assert "What to do: make room there" in ended.text
    assert "Traceback" not in ended.text
    assert project.processes() == {}
    assert not any(run.name for run in small_disk.glob("runs/*/run.json") if '"complete"' in run.read_text())


def test_a_full_disk_under_the_spool_leaves_claims_on_spans_open_and_is_said(
    project: Project, small_disk: Path
) -> None:
    spec = SPEC.replace("run.http().count >= 1", 'run.traces(root="GET /products").calls(db=True).max <= 90')
    beside = SHOP.replace("[sys.executable", f"['env', 'TMPDIR={project.tmp}', sys.executable")
    project.write(spec, conftest=beside)
    project.env |= {"TMPDIR": str(small_disk), "LENGTH": "3s"}

    ended = project.run()

    (info,) = project.infos()
    ledger = info["ledger"]
    assert "INCONCLUSIVE" in ended.text, ended.text
    assert f"the receiver refused {ledger['spans_unwritten']:,} spans as the disk of its temporary" in ended.text
    assert 0 < ledger["spans_unwritten"] <= ledger["spans_dropped"]
    assert 0 < ledger["traces_complete"] < ledger["traces_expected"]
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("hours", [1, -1], ids=["forward", "back"])
def test_a_clock_that_is_set_during_the_load_delays_nothing_and_lets_no_latency_claim_pass(
    project: Project, hours: int
) -> None:
    # The clock of a machine is not for a test to set: this session is told another time.
    told_otherwise = f"""
import time
true, begun = time.time_ns, []

def told():
    if not begun and any(Path().glob(".k6spec/runs/*/requests.generated.parquet")):
        begun.append(time.monotonic())
    in_the_middle = begun and time.monotonic() > begun[0] + 1.5
    return true() + ({hours} * 3_600 * 10**9 if in_the_middle else 0)

time.time_ns = told
"""
    spec = SPEC.replace("run.http().count >= 1", "run.spans.db().duration.max < ms(60_000)")
    project.write(spec, conftest=SHOP + told_otherwise)
    project.env["LENGTH"] = "4s"

    ended = project.run("--timeout=100")

    assert "INCONCLUSIVE" in ended.text, ended.text
    assert "this machine's clock was set by 3600 s" in ended.text, ended.text
    (info,) = project.infos()
    assert info["traces_settled"]
    assert info["ledger"]["traces_complete"] == info["ledger"]["traces_expected"] > 0


def test_two_sessions_at_once_wait_for_each_other(project: Project, server: CountingServer) -> None:
    project.write()
    project.env["LENGTH"] = "15s"
    first = project.start()
    assert eventually(lambda: any(project.runs.glob("*/requests.generated.parquet")), within=40), first.kill()

    second = project.run()

    assert "waiting: another k6spec load runs on this machine" in second.text
    assert (first.wait(60), second.code) == (0, 0)
    first.communicate()
    assert [info["status"] for info in project.infos()] == ["complete", "complete"]


def test_a_session_after_one_that_was_killed_finds_an_aborted_run(
    project: Project, server: CountingServer
) -> None:
    project.write()
    project.env["LENGTH"] = "20s"
    first = project.start()
    assert eventually(lambda: any(project.runs.glob("*/requests.generated.parquet")), within=40), first.kill()
    first.kill()
    first.communicate()
    project.env["LENGTH"] = "1s"

    second = project.run()

    assert second.code == 0, second.text
    assert [info["status"] for info in project.infos()] == ["aborted", "complete"]
    dead = project.infos()[0]["run_id"]
    assert list(project.runs.glob(f"{dead}/*.parquet")) == []  # nobody could have read what it had
    listed = subprocess.run(
        [sys.executable, "-c", "from k6spec.cli import main; main()", "runs"],
        cwd=project.root,
        env=project.env,
        capture_output=True,
        text=True,
    )
    assert "aborted" in listed.stdout


def test_pytest_timeouts_thread_ends_the_session_and_all_it_started(project: Project) -> None:
    project.write(conftest=SHOP)
    project.env["LENGTH"] = "60s"

    ended = project.run("--timeout=8", "--timeout-method=thread")

    assert "Timeout" in ended.text
    assert eventually(lambda: not project.processes(), within=20), project.processes()
    assert project.leftovers() == []


def test_a_read_only_folder_says_what_to_set(project: Project, server: CountingServer) -> None:
    project.write()
    mount = ["mount", "--bind", "-o", "ro", str(project.root), str(project.root)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        missing("mounting a folder read-only needs root")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(project.root)], check=True)
        with tempfile.TemporaryDirectory() as writable:
            project.env |= {"TMPDIR": writable, "K6SPEC_LOAD_LOCK": f"{writable}/lock"}
            ended = project.run()
    finally:
        subprocess.run(["umount", "-l", str(project.root)], check=True)

    assert "FAULT the run's folder" in ended.text
    assert "Read-only file system" in ended.text
    assert "What to do: make the place writable, or set runs" in ended.text
