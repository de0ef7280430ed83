"""How much of its cores k6 takes while it runs, and how busy the machine is otherwise. Source: Linux's proc(5).

Nothing is measured where there is no ``/proc``.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import numpy as np

_PROC: Final = Path("/proc")
_BUSIEST: Final = 90
"""The percentile of the measurements that counts: a tenth of the time is enough to spoil a p95."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CpuUse:
    """Shares (0 to 1) of the cores that k6 may use, in all but the busiest tenth of its time.

    ``of_k6``: by k6 itself; ``of_machine``: of all cores of the machine, by whatever runs.
    """

    of_k6: float
    of_machine: float
    cores: float


@final
class CpuMeter:
    """Measures the only child of a process, from time to time.

    Args:
        parent: the process that started k6.
        env: k6's environment: ``GOMAXPROCS`` limits its cores.
    """

    def __init__(self, parent: int, env: Mapping[str, str]) -> None:
        self._parent = parent
        self._cores = _cores(env)
        self._last: tuple[float, float, float, float] | None = None
        self._shares: list[tuple[float, float]] = []

    def measure(self) -> None:
        """Takes one measurement; nothing where it cannot be taken."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            (pid, *_) = (_PROC / f"{self._parent}/task/{self._parent}/children").read_text().split()
            busy, total = _machine()
            now = (time.monotonic(), _seconds_of(int(pid)), busy, total)
            if self._last is not None:
                wall, mine, others, all_of_it = (new - old for new, old in zip(now, self._last, strict=True))
                if wall > 0 and all_of_it > 0:
                    self._shares.append((mine / wall / self._cores, others / all_of_it))
            self._last = now

    def used(self) -> CpuUse | None:
        """What was measured; None where there are no two measurements."""
        if not self._shares:
            return None
        of_k6, of_machine = np.percentile(np.array(self._shares), _BUSIEST, axis=0)
        return CpuUse(of_k6=float(of_k6), of_machine=float(of_machine), cores=self._cores)


def _cores(env: Mapping[str, str]) -> float:
    """The cores that k6 may use: of this process, of its control group, and as ``GOMAXPROCS`` says."""
    cores = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        cores = min(cores, int(quota) / int(period))
    with contextlib.suppress(ValueError):
        cores = min(cores, int(env.get("GOMAXPROCS", "")) or cores)
    return cores


def _seconds_of(pid: int) -> float:
    """User and system time of a process with all its threads, in seconds."""
    fields = (_PROC / f"{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _machine() -> tuple[float, float]:
    """Ticks in which a core of the machine was busy, and all ticks."""
    ticks = [int(field) for field in (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]]
    return float(sum(ticks) - ticks[3] - ticks[4]), float(sum(ticks))
