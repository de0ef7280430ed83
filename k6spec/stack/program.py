"""A program of a stack: a child process whose output is kept in a file that has no name."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO, final

from k6spec.child import Child
from k6spec.stack.wait import WaitStrategy, wait_for


@final
class Program:
    """Runs until it is stopped; its output can be read at any time, also after the end.

    Args:
        argv: the program and its arguments.
        env: environment variables besides ours.
        grace: seconds that it has to end by itself.
    """

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str], grace: float = 5.0) -> None:
        self._log: IO[bytes] | None = tempfile.TemporaryFile()  # noqa: SIM115  closed by stop()
        self._last_log = ""
        self._child = Child(argv, env={**os.environ, **env}, stdout=self._log, stderr=self._log, grace=grace)

    @property
    def exit_code(self) -> int | None:
        """Its exit code, or None while it runs."""
        return self._child.poll()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.exit_code is None

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
        self.logs()
        if self._log is not None:
            self._log.close()
            self._log = None
