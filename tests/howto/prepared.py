"""What the systems of the how-tos need besides their source: built or fetched once, kept by content.

A machine without a language skips its page; in CI, where .ci/run installs them, that is a failure.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.howto.pages import commands_of, files_of

HERE = Path(__file__).parent


def go() -> Path:
    """A folder with the program ``shop``."""
    source = files_of("go")["main.go"]
    pins = [HERE / "go" / name for name in ("go.mod", "go.sum")]

    def make(folder: Path) -> None:
        (folder / "main.go").write_text(source)
        for pin in pins:
            shutil.copy(pin, folder)
        _run("go build -trimpath -o shop .", folder, CGO_ENABLED="0")

    return _kept("go", [source, *map(Path.read_text, pins)], make, needs=["go"])


def node() -> Path:
    """A folder with ``node_modules``, and ``postgres.mjs``: PostgreSQL itself, as WebAssembly."""
    pins = [HERE / "node" / name for name in ("package.json", "package-lock.json", "postgres.mjs")]

    def make(folder: Path) -> None:
        for pin in pins:
            shutil.copy(pin, folder)
        _run("npm ci --no-audit --no-fund --ignore-scripts", folder)

    return _kept("node", map(Path.read_text, pins), make, needs=["node", "npm"])


def java() -> Path:
    """A folder with the agent, H2 and the compiled class, by the page's own commands."""
    source = files_of("java")["Shop.java"]
    commands = [*commands_of("java", "mvn"), *commands_of("java", "javac")]

    def make(folder: Path) -> None:
        (folder / "Shop.java").write_text(source)
        for command in commands:
            _run(command, folder)

    return _kept("java", [source, *commands], make, needs=["java", "javac", "mvn"])


def _kept(name: str, recipe: Iterable[str], make: Callable[[Path], None], *, needs: list[str]) -> Path:
    if missing := [tool for tool in needs if shutil.which(tool) is None]:
        told = f"{', '.join(missing)} is not on this machine"
        pytest.fail(told) if os.environ.get("CI") else pytest.skip(told)
    digest = hashlib.sha256("\0".join(recipe).encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "k6spec-toolchain"
    kept = cache / f"howto-{name}-{digest}"
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            folder = Path(scratch) / "made"
            folder.mkdir()
            make(folder)
            folder.rename(kept)
    return kept


def _run(command: str, folder: Path, **environment: str) -> None:
    done = subprocess.run(
        shlex.split(command), cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
