"""Programs of a stack: child processes of ours, whose output is kept in files without names, or another's."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, final

from k6spec.child import Child
from k6spec.environment import bare_environment
from k6spec.process import Process
from k6spec.stack.wait import LineOnStdout, WaitStrategy, wait_for


@final
class Program:
    """Runs until it is stopped; its output can be read at any time, also after the end.

    Args:
        argv: the program and its arguments.
        env: environment variables, besides the few that any program needs.
        grace: seconds that it has to end by itself.
        speaks: whether its standard output is for :attr:`line`, and no part of its log.
    """

    def __init__(
        self, argv: Sequence[str], *, env: Mapping[str, str], grace: float = 5.0, speaks: bool = False
    ) -> None:
        self._log: IO[bytes] | None = tempfile.TemporaryFile()  # noqa: SIM115  closed by stop()
        self._last_log = ""
        self._child = Child(
            argv,
            env={**bare_environment(os.environ), **env},
            stdout=subprocess.PIPE if speaks else self._log,
            stderr=self._log,
            grace=grace,
        )
        self.line = LineOnStdout(self._child.stdout) if self._child.stdout else None
        """The first line of its standard output, to be waited for."""

    @property
    def pid(self) -> int:
        """Of the process that lives as long as the program."""
        return self._child.pid

    @property
    def exit_code(self) -> int | None:
        """Its exit code, or None while it runs."""
        return self._child.poll()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.exit_code is None

    @property
    def lifeline(self) -> int:
        """The descriptor that keeps it alive."""
        return self._child.lifeline

    @property
    def log(self) -> int:
        """The descriptor of the file with its output."""
        assert self._log is not None
        return self._log.fileno()

    def wait_until(self, strategy: WaitStrategy, *, timeout: float) -> None:
        """Returns when it is ready; ``timeout`` in seconds.

        Raises:
            TimeoutError: it was not ready in time.
            ChildProcessError: it ended before.
        """
        wait_for(strategy, timeout=timeout, alive=lambda: self.alive)

    def logs(self) -> str:
        """What it has put out so far."""
        if self._log is not None:
            size = os.fstat(self._log.fileno()).st_size
            self._last_log = os.pread(self._log.fileno(), size, 0).decode(errors="replace")
        return self._last_log

    def stop(self) -> None:
        """Ends it with all it started. Safe to call again."""
        self._child.stop()
        self._close_log()

    def let_go(self) -> None:
        """Leaves it to a holder of its lifeline."""
        self._child.let_go()
        self._close_log()

    def _close_log(self) -> None:
        self.logs()
        if self._log is not None:
            self._log.close()
            self._log = None


@final
class HeldProgram:
    """A program that another process started and a holder keeps; who ends the holder ends it.

    Args:
        process: lives as long as the program.
        holder: has the file with its output open, at the descriptor ``log``; readable where there is a /proc.
    """

    def __init__(self, process: Process, *, holder: Process, log: int) -> None:
        self._process = process
        self._holder = holder
        self._log = Path(f"/proc/{holder.pid}/fd/{log}")
        self._last_log = ""

    @property
    def pid(self) -> int:
        """Of the process that lives as long as the program."""
        return self._process.pid

    @property
    def exit_code(self) -> None:
        """None: only the parent is told."""

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.alive

    def logs(self) -> str:
        """What it has put out so far; where that cannot be read, what was read before."""
        if self._holder.alive:
            with suppress(OSError):
                self._last_log = self._log.read_bytes().decode(errors="replace")
        return self._last_log
