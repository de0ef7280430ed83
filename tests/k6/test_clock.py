"""A clock that is set while k6 runs is noticed; one that merely runs on is not."""

from __future__ import annotations

import time

import pytest

from k6spec.k6.clock import ClockWatch

HOUR = 3_600 * 10**9


@pytest.mark.parametrize("step", [HOUR, -HOUR], ids=["forward", "back"])
def test_a_clock_that_is_set_is_a_step_of_that_length(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = ClockWatch()
    true = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: true() + step)
    for _ in range(20):  # a look that something else came between says nothing
        watch.look()

    assert watch.step_ns == pytest.approx(HOUR, abs=10**9)


def test_a_clock_that_runs_on_takes_no_step() -> None:
    watch = ClockWatch()
    time.sleep(0.05)
    watch.look()

    assert watch.step_ns < 100e6
