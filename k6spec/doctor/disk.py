"""Disk: room for archived runs, and for the raw spans of a load."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from k6spec.doctor.case import Case
from k6spec.doctor.finding import Finding, Status

_SPAN: Final = 300
"""Bytes of a span in the spool, roughly; measured with the demo shop's."""

_LOW: Final = 2 << 30
_TOO_LOW: Final = 100 << 20


def runs_folder(case: Case) -> Iterator[Finding]:
    """Where runs are archived."""
    folder = case.config.runs_folder
    yield _room("runs folder", folder, str(folder), "runs")


def temporary_folder(_case: Case) -> Iterator[Finding]:
    """Where raw spans are kept until they are judged."""
    folder = Path(tempfile.gettempdir())
    spans = shutil.disk_usage(folder).free // _SPAN
    yield _room("temporary folder", folder, f"{folder}, some {spans / 1e6:,.0f} million raw spans", "TMPDIR")


def _room(topic: str, folder: Path, words: str, setting: str) -> Finding:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        seen = f"{there} is not a folder that we can write to"
        return Finding(topic=topic, status="problem", seen=seen, advice=f"set {setting} to another")
    free = shutil.disk_usage(there).free
    seen = f"{free / 1e9:,.1f} GB free at {words}"
    if free >= _LOW:
        return Finding(topic=topic, status="ok", seen=seen)
    status: Status = "warning" if free >= _TOO_LOW else "problem"
    return Finding(topic=topic, status=status, seen=seen, advice=f"make room, or set {setting} to another disk's")
