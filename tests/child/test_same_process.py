"""Processes told from later ones with the same pid."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from k6spec.process import Process, process_begun


def test_a_zombie_has_ended() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    begun = process_begun(child.pid)
    assert child.stdout is not None
    child.stdout.read()
    deadline = time.monotonic() + 10
    while process_begun(child.pid) is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not Process(pid=child.pid, begun=begun or "").alive
    child.wait()


def test_another_process_with_the_same_pid_is_not_the_one_that_ended() -> None:
    # Our parent may have begun in the same hundredth of a second; a child begins later.
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        begun = process_begun(child.pid)
        child.communicate(b"\n")
    assert begun is not None

    assert Process(pid=os.getpid(), begun=process_begun(os.getpid()) or "").alive
    assert not Process(pid=os.getpid(), begun=begun).alive


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_same_moment_after_another_boot_is_another_process() -> None:
    ticks, boot = (process_begun(os.getpid()) or "").split()

    assert boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert not Process(pid=os.getpid(), begun=f"{ticks} 8d0c7c1e-0000-4000-8000-000000000000").alive
