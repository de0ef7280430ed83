"""Spools of receivers that were killed before they could wipe them: raw spans lie there, for nobody."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from k6spec.collect.handshake import LOCK_NAME, SPOOL_PREFIX

_YOUNG: Final = 60.0
"""Seconds in which a receiver that is starting has surely taken its lock."""


def sweep_spools(root: Path | None = None) -> None:
    """Removes those in ``root`` (the temporary directory if None) that are ours and no living receiver's."""
    for folder in Path(root or tempfile.gettempdir()).glob(f"{SPOOL_PREFIX}*"):
        with suppress(OSError):
            about = folder.lstat()
            if about.st_uid == os.getuid() and time.time() - about.st_mtime > _YOUNG and _is_nobodys(folder):
                shutil.rmtree(folder)


def _is_nobodys(folder: Path) -> bool:
    """Whether its receiver is dead.

    Raises:
        FileNotFoundError: it is no receiver's; Docker's stack keeps spools without one.
    """
    with (folder / LOCK_NAME).open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
