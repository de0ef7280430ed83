"""What those left that were killed: raw spans in spools, and runs of which nothing is redacted."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from k6spec.collect.handshake import LOCK_NAME, SPOOL_PREFIX
from k6spec.config import Config
from k6spec.errors import ArchiveFault
from k6spec.store.archive import RunFolder, find_runs

_YOUNG: Final = 60.0
"""Seconds in which a receiver that is starting has surely taken its lock."""

_LATEST: Final = 20
"""Of so many runs it is looked whether they were killed."""


def clean_leftovers(runs: Path, config: Config, environ: Mapping[str, str]) -> None:
    """Removes spools of killed receivers, and redacts the latest runs in ``runs`` that were killed."""
    sweep_spools(Path(tempfile.gettempdir()))
    _clean_dead_runs(runs, config, environ)


def sweep_spools(root: Path) -> None:
    """Removes those in ``root`` that are ours and no living receiver's."""
    for folder in root.glob(f"{SPOOL_PREFIX}*"):
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


def _clean_dead_runs(runs: Path, config: Config, environ: Mapping[str, str]) -> None:
    """Does for the latest runs what those that were killed in the middle of their load could not do themselves.

    Their requests are gone, the rest is redacted by the settings and by the secrets that they declared, and they
    are marked as aborted.
    """
    for run in find_runs(runs)[:_LATEST]:
        with suppress(ArchiveFault, OSError):
            info = run.info()
            if info.get("status") == "running" and run.status() == "aborted":
                _clean_dead_run(run, info, config, environ)


def _clean_dead_run(run: RunFolder, info: Mapping[str, Any], config: Config, environ: Mapping[str, str]) -> None:
    from k6spec.collect.redact_load import load_redactor
    from k6spec.collect.redact_run import redact_run

    redact_run(run.path, load_redactor(config, environ, info))
    for part in run.path.glob("preflight-*"):
        shutil.rmtree(part, ignore_errors=True)
    run.write_info({**info, "status": "aborted", "reason": "k6spec was killed"})
