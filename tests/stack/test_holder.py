"""Programs that outlive whoever started them, and what ends them all the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from k6spec.process import process_begun
from k6spec.stack.holder import Holder, keep_programs
from k6spec.stack.program import Program
from tests.integration.conftest import eventually

pytestmark = pytest.mark.timeout(60)

SLEEPER = [sys.executable, "-u", "-c", "print('hello'); import time; time.sleep(300)"]


class Kept:
    """Two programs that are kept, and the file that tells of them."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "stack.json"
        programs = {name: Program(SLEEPER, env={}, grace=1) for name in ("one", "two")}
        assert eventually(lambda: all("hello" in program.logs() for program in programs.values()), within=20)
        self.pids = [program.pid for program in programs.values()]
        self.found: Mapping[str, object] = {}
        keep_programs(programs, self.record, found={"more": 1})
        self.holder = Holder(self.found)

    def record(self, stack: str, found: Mapping[str, object]) -> Path:
        self.found = found
        self.file.write_text(f"a stack {stack}")
        return self.file

    @property
    def holder_pid(self) -> int:
        pid, _begun = self.found["holder"]  # type: ignore[misc]
        return int(pid)

    def alive(self) -> list[int]:
        """The pids of what still runs."""
        return [pid for pid in [*self.pids, self.holder_pid] if process_begun(pid) is not None]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    """Programs that are kept, and ended with the test."""
    made = Kept(tmp_path)
    yield made
    made.holder.end()


def test_they_run_on_and_their_output_can_be_read(kept: Kept) -> None:
    assert len(kept.alive()) == 3
    assert {name: program.alive for name, program in kept.holder.programs.items()} == {"one": True, "two": True}
    assert kept.holder.programs["one"].logs() == "hello\n"
    assert kept.found["more"] == 1


def test_they_end_with_their_holder(kept: Kept) -> None:
    kept.holder.end()

    assert kept.alive() == []
    kept.holder.end()


def test_the_output_of_one_that_died_can_still_be_read(kept: Kept) -> None:
    os.kill(kept.pids[0], signal.SIGTERM)

    assert eventually(lambda: not kept.holder.programs["one"].alive, within=10)
    assert kept.holder.programs["one"].logs() == "hello\n"
    assert kept.holder.programs["two"].alive


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL])
def test_they_end_with_a_holder_that_is_killed(kept: Kept, signum: signal.Signals) -> None:
    os.kill(kept.holder_pid, signum)

    assert eventually(lambda: not kept.alive(), within=20)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGHUP])
def test_a_terminal_that_closes_does_not_end_them(kept: Kept, signum: signal.Signals) -> None:
    os.kill(kept.holder_pid, signum)

    assert not eventually(lambda: len(kept.alive()) < 3, within=0.5)


def test_they_end_when_nothing_tells_of_them_any_more(kept: Kept) -> None:
    kept.file.unlink()

    assert eventually(lambda: not kept.alive(), within=20)


def test_they_end_when_the_file_tells_of_another_stack(kept: Kept) -> None:
    kept.file.write_text("another")

    assert eventually(lambda: not kept.alive(), within=20)


def test_a_record_that_fails_leaves_them_to_their_starter() -> None:
    program = Program(SLEEPER, env={})
    holders = []

    def record(_stack: str, found: Mapping[str, object]) -> Path:
        holders.append(found["holder"])
        raise OSError("the disk is full")

    try:
        with pytest.raises(OSError, match="full"):
            keep_programs({"one": program}, record, found={})
        assert program.alive
        assert process_begun(holders[0][0]) is None  # type: ignore[index]
    finally:
        program.stop()
    assert not program.alive


def test_a_starter_that_is_killed_before_they_are_recorded_takes_them_along(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from k6spec.stack.holder import keep_programs; from k6spec.stack.program import Program\n"
        f"program = Program({SLEEPER!r}, env={{}})\n"
        "def record(stack, found):\n"
        "    print(program.pid, found['holder'][0], flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "keep_programs({'one': program}, record, found={})"
    )

    killed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)

    assert killed.returncode == -signal.SIGKILL
    pids = [int(pid) for pid in killed.stdout.split()]
    assert len(pids) == 2
    assert eventually(lambda: all(process_begun(pid) is None for pid in pids), within=20)
