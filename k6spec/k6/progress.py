"""One line that tells how a running load does."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from k6spec.k6.output import K6Output
from k6spec.units import counted, format_ns

_WINDOW: Final = 5  # measurements


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A moment of a running load.

    ``rate`` (requests per second), ``p95_ns`` and ``failed`` (a fraction) are of the last few seconds; None
    where there was no request in them. ``elapsed`` and ``length`` in seconds.
    """

    elapsed: float
    length: float
    vus: int
    requests: int
    rate: float
    p95_ns: float | None
    failed: float | None


@final
class Meter:
    """Measures a running load from time to time, over the last few measurements.

    Args:
        length: the longest the load can run, in seconds.
    """

    def __init__(self, output: K6Output, *, length: float) -> None:
        self._output = output
        self._length = length
        self._counts: deque[tuple[float, int, int]] = deque([(0.0, 0, 0)], maxlen=_WINDOW + 1)
        self._durations: deque[list[float]] = deque(maxlen=_WINDOW)

    def measure(self, elapsed: float) -> Progress:
        """The moment ``elapsed`` seconds after the start."""
        output = self._output
        recent, output.recent_ms = output.recent_ms, []
        self._durations.append(recent)
        self._counts.append((elapsed, output.requests, output.failed))
        since, requests_before, failed_before = self._counts[0]
        requests = output.requests - requests_before
        durations = np.concatenate([np.array(each, dtype=np.float64) for each in self._durations])
        return Progress(
            elapsed=elapsed,
            length=self._length,
            vus=output.active_vus,
            requests=output.requests,
            rate=requests / max(elapsed - since, 1e-3),
            p95_ns=float(np.percentile(durations, 95)) * 1e6 if len(durations) else None,
            failed=(output.failed - failed_before) / requests if requests else None,
        )


def format_progress(progress: Progress) -> str:
    """As in ``00:12 / 00:30  50 VUs  1,234 requests (102/s)  p95 84 ms  0.0 % failed``."""
    parts = [
        f"{_clock(progress.elapsed)} / {_clock(progress.length)}",
        counted(progress.vus, "VU"),
        f"{progress.requests:,} requests ({progress.rate:,.0f}/s)",
    ]
    if progress.p95_ns is not None:
        parts.append(f"p95 {format_ns(progress.p95_ns)}")
    if progress.failed is not None:
        parts.append(f"{progress.failed * 100:.1f} % failed")
    return "  ".join(parts)


@final
class ProgressLine:
    """Rewrites one line on a terminal; says nothing where there is none.

    Args:
        write: writes text and flushes it.
        is_terminal: whether it goes to a terminal, whose cursor can return.
    """

    def __init__(self, write: Callable[[str], object], *, is_terminal: bool) -> None:
        self._write = write
        self._is_terminal = is_terminal
        self._width = 0

    def show(self, progress: Progress) -> None:
        """Shows a moment of a load in place of the line before."""
        self.tell(format_progress(progress))

    def tell(self, line: str) -> None:
        """Shows a line in place of the one before."""
        if self._is_terminal:
            self._write("\r" + line.ljust(self._width))
            self._width = len(line)

    def clear(self) -> None:
        """Takes the line away."""
        if self._width:
            self._write("\r" + " " * self._width + "\r")
            self._width = 0


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes:02}:{rest:02}"
