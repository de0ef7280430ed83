"""How much of its cores k6 takes: measured on real processes."""

from __future__ import annotations

import sys
import time

import pytest

from k6spec.child import Child
from k6spec.k6.cpu import CpuMeter, CpuUse

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="measured by way of /proc")

BUSY = "while True: pass"
IDLE = "import time; time.sleep(60)"


def used(program: str, **env: str) -> CpuUse:
    """What a program takes over half a second, as k6 would be measured."""
    with Child([sys.executable, "-c", program]) as child:
        meter = CpuMeter(child.pid, env)
        time.sleep(0.5)
        meter.measure()
        time.sleep(0.5)
        meter.measure()
        found = meter.used()
    assert found is not None
    return found


def test_the_program_is_measured_and_not_its_guard() -> None:
    busy, idle = used(BUSY, GOMAXPROCS="1"), used(IDLE, GOMAXPROCS="1")

    assert idle.of_k6 < 0.1 < busy.of_k6 <= 1.2  # the kernel counts in ticks of a hundredth of a second
    assert 0 < busy.of_machine <= 1


def test_its_cores_are_those_that_it_may_use() -> None:
    assert used(IDLE, GOMAXPROCS="1").cores == 1
    assert used(IDLE, GOMAXPROCS="nonsense").cores >= 1


def test_a_program_that_has_ended_is_not_measured() -> None:
    with Child([sys.executable, "-c", "pass"]) as child:
        child.wait(10)
        meter = CpuMeter(child.pid, {})
        meter.measure()
        meter.measure()

    assert meter.used() is None
