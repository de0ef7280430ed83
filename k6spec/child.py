"""Child processes that never outlive us.

Every program that k6spec starts (k6, the receiver, a system under test) runs under a tiny guard: a
separate process that holds a pipe from us. When we end, however we end, the pipe closes and the guard
ends the program's whole process group. It works for SIGKILL too, and on every POSIX system.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final, final

from k6spec.errors import K6specError

_GUARD: Final = str(Path(__file__).with_name("_guard.py"))
_Stream = int | IO[bytes] | None


@final
class Child:
    """A running program with all it started; ``with`` ends it.

    Args:
        argv: the program and its arguments.
        grace: seconds between SIGTERM and SIGKILL when it is ended.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdout: _Stream = subprocess.DEVNULL,
        stderr: _Stream = subprocess.DEVNULL,
        pass_fds: Sequence[int] = (),
        grace: float = 5.0,
    ) -> None:
        self.argv = tuple(argv)
        self._grace = grace
        try:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", _GUARD, str(grace), *argv],
                stdin=subprocess.PIPE,
                stdout=stdout,
                stderr=stderr,
                env=None if env is None else dict(env),
                cwd=cwd,
                pass_fds=tuple(pass_fds),
                start_new_session=True,
            )
        except OSError as error:
            raise K6specError(f"could not start {argv[0]}: {error}") from error

    @property
    def stdout(self) -> IO[bytes] | None:
        """The program's standard output, where ``stdout=subprocess.PIPE`` was asked for."""
        return self._guard.stdout

    @property
    def pid(self) -> int:
        """The guard's, which lives as long as the program."""
        return self._guard.pid

    @property
    def lifeline(self) -> int:
        """The descriptor by whose end the guard knows ours: a process that inherits it keeps the program alive."""
        assert self._guard.stdin is not None
        return self._guard.stdin.fileno()

    def poll(self) -> int | None:
        """The exit code (negative: the signal's number), or None while it runs."""
        return self._guard.poll()

    def wait(self, timeout: float | None = None) -> int:
        """Waits for the end and returns the exit code.

        Raises:
            subprocess.TimeoutExpired: it still runs after ``timeout`` seconds.
        """
        if timeout is None or not _told_of_end(self._guard.pid, timeout):
            return self._guard.wait(timeout)
        return self._guard.wait(0)

    def send_signal(self, signum: signal.Signals) -> None:
        """Sends the program a signal: SIGINT, SIGTERM or SIGHUP."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._guard.pid, signum)

    def stop(self) -> int:
        """Ends the program and all it started: SIGTERM, after the grace SIGKILL. Safe to call again."""
        if self._guard.stdin is not None:
            with contextlib.suppress(OSError):
                self._guard.stdin.close()
        try:
            return self.wait(self._grace + 5)
        except subprocess.TimeoutExpired:
            self._guard.kill()
            return self._guard.wait()
        finally:
            if self._guard.stdout is not None:
                self._guard.stdout.close()

    def let_go(self) -> None:
        """Gives up our end of the lifeline: from now on the program lives as long as who else holds it."""
        for stream in (self._guard.stdin, self._guard.stdout):
            if stream is not None:
                stream.close()
        disown(self._guard)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()


def _told_of_end(pid: int, timeout: float) -> bool:
    """Waits where the system tells when a process ends (Linux): ``Popen`` looks for it every 50 ms."""
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):  # uv's and conda's Pythons are built without it
        return False
    try:
        process = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        end = select.poll()
        end.register(process, select.POLLIN)
        end.poll(timeout * 1000)
    finally:
        os.close(process)
    return True


def disown(process: subprocess.Popen[bytes]) -> None:
    """Forgets a child that is to outlive us, so that nothing warns of it when its object goes."""
    process.returncode = 0
