"""Docker Compose's command: found, and run on one project."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final, cast, final

from k6spec.child import Child
from k6spec.errors import SutFault

OLDEST: Final = 2

_COMMANDS: Final = (("docker", "compose"), ("docker-compose",))
_PROBE_SECONDS: Final = 20
_ASK_SECONDS: Final = 60.0
"""How long the daemon may take to tell of a project: one that hangs would hold up a session's end for ever."""

_SAY_EVERY: Final = 2.0
_PAUSE: Final = 0.02
_NOWHERE: Final = Path("/")  # no compose file of a folder around us is taken for the project's
_INSTALL: Final = "install Docker Compose 2 (Docker Desktop has it; elsewhere the package docker-compose-plugin)"


@final
class ComposeFailedError(Exception):
    """A command of Compose ended with another code than 0, or not in time; the text is what it said."""


@final
class Compose:
    """Compose's command, for one project.

    Args:
        command: as :func:`find_compose` found it.
        project: its name; None: the file's.
    """

    def __init__(self, command: Sequence[str], project: str | None) -> None:
        self._command = (*command, *(() if project is None else ("-p", project)))

    def run(
        self,
        *arguments: str,
        files: Sequence[Path] = (),
        options: Sequence[str] = (),
        timeout: float = float("inf"),
        say: Callable[[str], None] = lambda _text: None,
    ) -> str:
        """Runs a command of Compose and returns its standard output.

        Args:
            files: the compose files; without any, the project's containers are all that is known.
            options: Compose's own, before the command.
            timeout: seconds.
            say: gets its latest line now and then.

        Raises:
            ComposeFailedError: it failed.
        """
        named = [word for file in files for word in ("-f", str(file))]
        argv = [*self._command, *named, *options, *arguments]
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as log:
            with Child(argv, cwd=_NOWHERE, env=os.environ, stdout=out, stderr=log, grace=10) as child:
                deadline = time.monotonic() + timeout
                said, last = time.monotonic(), ""
                while (code := child.poll()) is None:
                    if time.monotonic() >= deadline:
                        break
                    if time.monotonic() - said >= _SAY_EVERY:
                        said = time.monotonic()
                        if (line := _last_line(_content(log))) != last:
                            last = line
                            say(f"compose {arguments[0]}: {line}")
                    time.sleep(_PAUSE)
            if code != 0:
                late = f"\nit did not end in {timeout:.3g} s" if code is None else ""
                raise ComposeFailedError(_content(log) + late)
            return _content(out)

    def containers(self) -> list[Mapping[str, Any]]:
        """The project's containers, also those that ended: ``Service``, ``State``, ``ExitCode``, ``Publishers`` …

        Raises:
            ComposeFailedError: they cannot be listed.
        """
        text = self.run("ps", "--all", "--format", "json", timeout=_ASK_SECONDS).strip()
        if text.startswith("["):  # before Compose 2.21
            return cast("list[Mapping[str, Any]]", json.loads(text))
        return [json.loads(line) for line in text.splitlines()]

    def logs(self, lines: int) -> str:
        """The last lines of each container; empty where they cannot be had."""
        with suppress(ComposeFailedError):
            return self.run("logs", "--no-color", "--tail", str(lines), timeout=_ASK_SECONDS)
        return ""


def find_compose() -> tuple[str, ...]:
    """The command: ``docker compose``, or ``docker-compose``.

    Raises:
        SutFault: there is none, or only Compose 1.
    """
    found = "there is no Docker Compose: neither `docker compose` nor docker-compose can be run"
    for command in _COMMANDS:
        version = _version(command)
        if version.partition(".")[0].isdecimal():
            if int(version.partition(".")[0]) >= OLDEST:
                return command
            found = f"this Docker Compose is too old: {version}"
    raise SutFault(found, advice=_INSTALL)


def _version(command: Sequence[str]) -> str:
    if shutil.which(command[0]) is None:
        return ""
    try:
        asked = [*command, "version", "--short"]
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip().removeprefix("v") if answer.returncode == 0 else ""


def _content(file: IO[bytes]) -> str:
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode(errors="replace")


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
