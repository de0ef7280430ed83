"""What the machine gives a load: cores, memory, file descriptors."""

from __future__ import annotations

import os
import re
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from k6spec.doctor.case import Case
from k6spec.doctor.finding import Finding
from k6spec.k6.memory import usable_memory

_LITTLE_MEMORY: Final = 1 << 30
_FEW_FILES: Final = 4096


def cores(_case: Case) -> Iterator[Finding]:
    """How many, and whether something else uses them."""
    count = _cores()
    busy = os.getloadavg()[0]
    seen = f"{count}; {busy:.1f} processes on average wanted one in the last minute"
    if busy > count:
        advice = "end other work: what it takes is measured as the system's own slowness"
        yield Finding(topic="cores", status="warning", seen=seen, advice=advice)
    elif count < 2:
        advice = "k6 and what it measures share it: run the system elsewhere, or judge no small latencies"
        yield Finding(topic="cores", status="warning", seen=seen, advice=advice)
    else:
        yield Finding(topic="cores", status="ok", seen=seen)


def memory(_case: Case) -> Iterator[Finding]:
    """How much there is, in this container if we are in one, and how much is free; k6 takes 1 to 5 MB a VU."""
    total, available = usable_memory(), _available()
    if total is None:
        yield Finding(topic="memory", status="not needed", seen="the system does not tell how much there is")
        return
    free = total if available is None else min(total, available)
    seen = f"{free / 1e9:,.1f} GB of {total / 1e9:,.1f} GB available"
    if free >= _LITTLE_MEMORY:
        yield Finding(topic="memory", status="ok", seen=seen)
    else:
        advice = "end other programs, or use few VUs: k6 takes 1 to 5 MB for each, by what its script holds"
        yield Finding(topic="memory", status="warning", seen=seen, advice=advice)


def files(_case: Case) -> Iterator[Finding]:
    """How many files a process may have open: k6 has a connection for each VU and host."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        yield Finding(topic="open files", status="ok", seen="as many as wanted")
        return
    # Go raises the soft limit to the hard one by itself, so that is k6's.
    seen = f"{hard:,} (ulimit -Hn; {soft:,} until a program raises it, as k6 does)"
    if hard >= _FEW_FILES:
        yield Finding(topic="open files", status="ok", seen=seen)
    else:
        advice = f"enough for some {hard // 2:,} VUs; raise it: ulimit -n, limits.conf, or docker run --ulimit"
        yield Finding(topic="open files", status="warning", seen=seen, advice=advice)


def _cores() -> int:
    with suppress(AttributeError):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _available() -> int | None:
    with suppress(OSError):
        found = re.search(r"^MemAvailable:\s+(\d+) kB$", Path("/proc/meminfo").read_text(), re.MULTILINE)
        if found:
            return int(found[1]) * 1024
    return None
