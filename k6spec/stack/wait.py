"""Waiting until something is ready: one small class a way to tell, one loop for them all."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from typing import IO, Final, Protocol, final

from k6spec.collect.plain_http import UNANSWERED, ask

_PAUSES: Final = 0.005, 0.05
"""Seconds between two looks, at least and at most; within these, a tenth of what was waited."""
_PROBE_TIMEOUT: Final = 2.0
_TAIL_LINES: Final = 20
_SILENT: Final = 3.0
"""Seconds after which a wait is said, and not taken for a standstill."""


class WaitStrategy(Protocol):
    """One way to tell that something is ready."""

    def ready(self) -> bool:
        """Whether it is; answers within a few seconds and raises nothing."""

    def __str__(self) -> str:
        """What is waited for and what was seen last: ``GET http://… to answer 200 (last: 503)``."""


@final
class HttpReady:
    """A URL answers with a status; redirects are not followed and proxies not used.

    Args:
        url: or what tells it each time; None while there is none.
    """

    def __init__(self, url: str | Callable[[], str | None], *, status: int = 200) -> None:
        self._url = url if callable(url) else lambda: url
        self._status = status
        self._last = "not asked yet"

    def ready(self) -> bool:
        """Whether it does now."""
        url = self._url()
        if url is None:
            self._last = "it has no address yet"
            return False
        try:
            status = ask(url, timeout=_PROBE_TIMEOUT).status
        except UNANSWERED as error:
            self._last = str(error) or type(error).__name__
            return False
        self._last = str(status)
        return status == self._status

    def __str__(self) -> str:
        return f"GET {self._url() or 'its address'} to answer {self._status} (last: {self._last})"


@final
class LineOnStdout:
    """A program's first line on its standard output, which must be a pipe."""

    def __init__(self, stdout: IO[bytes]) -> None:
        self._fd = stdout.fileno()
        self._seen = b""

    @property
    def line(self) -> str:
        """The line, once it is ready."""
        return self._seen.partition(b"\n")[0].decode(errors="replace")

    def ready(self) -> bool:
        """Whether the whole line has come."""
        while select.select([self._fd], [], [], 0)[0] and b"\n" not in self._seen:
            part = os.read(self._fd, 4096)
            if not part:
                break
            self._seen += part
        return b"\n" in self._seen

    def __str__(self) -> str:
        return "a line on its standard output"


def wait_for(
    strategy: WaitStrategy,
    *,
    timeout: float,
    alive: Callable[[], bool] = lambda: True,
    logs: Callable[[], str] = lambda: "",
    say: Callable[[str], None] | None = None,
) -> None:
    """Returns when ``strategy`` is ready.

    Args:
        timeout: seconds.
        alive: whether what is waited for still runs.
        logs: what it has logged so far; the tail is attached to the error as a note.
        say: is told once what is waited for, where that takes long.

    Raises:
        TimeoutError: it was not ready in time.
        ChildProcessError: it ended before it was ready.
    """
    began = time.monotonic()
    deadline = began + timeout
    error: OSError | None = None
    while error is None:
        was_alive = alive()  # asked first: what it did before it ended still counts
        if strategy.ready():
            return
        if not was_alive:
            error = ChildProcessError(f"it ended while waiting for {strategy}")
        elif time.monotonic() >= deadline:
            error = TimeoutError(f"timed out after {timeout:.3g} s waiting for {strategy}")
        else:
            waited = time.monotonic() - began
            if say is not None and waited >= _SILENT:
                say(f"waiting for {strategy}, {timeout:.0f} s at most")
                say = None
            time.sleep(sorted((*_PAUSES, waited / 10))[1])
    if tail := log_tail(logs()):
        error.add_note(tail)
    raise error


def log_tail(log: str, lines: int = _TAIL_LINES) -> str:
    """The last lines of a log."""
    return "\n".join(log.rstrip().splitlines()[-lines:])
