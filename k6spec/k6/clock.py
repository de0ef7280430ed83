"""Whether this machine's clock was set while k6 ran: k6 says by it when each request was sent."""

from __future__ import annotations

import time
from typing import Final, final

_SURE_NS: Final = 1_000_000
"""Readings of the two clocks that are further apart say nothing: something else ran in between."""


@final
class ClockWatch:
    """Compares the clock that can be set with the one that cannot, from time to time."""

    def __init__(self) -> None:
        self._ahead: int | None = None
        self.step_ns = 0
        """The largest step between two looks: nanoseconds, whichever way. Slewing stays below 1 ms."""
        self.look()

    def look(self) -> None:
        """Takes one reading."""
        before, wall, after = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
        if after - before > _SURE_NS:
            return
        ahead = wall - before
        if self._ahead is not None:
            self.step_ns = max(self.step_ns, abs(ahead - self._ahead))
        self._ahead = ahead
