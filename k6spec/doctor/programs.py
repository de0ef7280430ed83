"""The programs of the process stack: there, and they start."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from typing import Final

from k6spec.doctor.case import Case
from k6spec.doctor.finding import Finding
from k6spec.errors import StackFault
from k6spec.stack.collector_config import OLDEST
from k6spec.stack.process import JAEGER_NAMES, OTELCOL_NAMES, find_program

_SECONDS: Final = 5
_VERSION: Final = re.compile(r"\bv?(\d+)\.(\d+)\.(\d+)\b")


def collector(case: Case) -> Iterator[Finding]:
    """The Collector."""
    oldest = tuple(map(int, OLDEST.split(".")))
    yield _program(case, "Collector", "otelcol", case.config.otelcol, OTELCOL_NAMES, oldest)


def jaeger(case: Case) -> Iterator[Finding]:
    """Jaeger, unless the settings want none."""
    if not case.with_jaeger:
        yield Finding(topic="Jaeger", status="not needed", seen='jaeger_feed = "off"')
        return
    yield _program(case, "Jaeger", "jaeger", case.config.jaeger, JAEGER_NAMES, (2, 0))


def _program(
    case: Case, topic: str, setting: str, asked: str | None, names: Sequence[str], oldest: tuple[int, ...]
) -> Finding:
    lacking = case.lacking("process")
    try:
        path = find_program(asked, names, setting=setting)
    except StackFault as fault:
        return Finding(topic=topic, status=lacking, seen=fault.cause, advice=fault.advice)
    advice = f"install another, or give its path: {setting} in [tool.k6spec]"
    try:
        told = subprocess.run(
            [path, "--version"], capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        why = error.strerror if isinstance(error, OSError) else f"it gave no answer in {_SECONDS} s"
        return Finding(topic=topic, status=lacking, seen=f"{path} --version: {why}", advice=advice)
    if told.returncode != 0:
        seen = f"{path} --version ended with exit code {told.returncode}"
        return Finding(topic=topic, status=lacking, seen=seen, advice=advice)
    version = _VERSION.search(told.stdout)
    if version is None:
        return Finding(topic=topic, status="ok", seen=f"{path} starts; it tells no version")
    if tuple(map(int, version.groups()))[: len(oldest)] < oldest:
        seen = f"{path} is {version[0]}; {'.'.join(map(str, oldest))} or newer is needed"
        return Finding(topic=topic, status=lacking, seen=seen, advice=advice)
    return Finding(topic=topic, status="ok", seen=f"{version[0]} at {path}")
