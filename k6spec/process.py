"""Processes told by when they began: a pid is given to another one later."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import final


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process, told by its beginning from a later one with the same pid."""

    pid: int
    begun: str

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return process_begun(self.pid) == self.begun


def process_begun(pid: int) -> str | None:
    """When a process began, and in which boot, in its system's own terms.

    None if there is none, or it has ended and is a zombie.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass  # another user's
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None if Path("/proc/self").exists() else _begun_by_ps(pid)
    # State and starttime, fields 3 and 22 of proc(5); the name in parentheses may hold anything.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else f"{fields[19]} {_boot()}".rstrip()


def _boot() -> str:
    """The ticks of ``starttime`` are counted anew from each boot on."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def _begun_by_ps(pid: int) -> str | None:
    asked = ["ps", "-o", "stat=", "-o", "lstart=", "-p", str(pid)]
    answer = subprocess.run(
        asked, env={**os.environ, "LC_ALL": "C", "TZ": "UTC"}, capture_output=True, text=True, check=False
    )
    state, _, begun = answer.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else begun.strip()
