"""Sending one message again while the endpoint is busy.

Source: OTLP specification 1.11: what is retryable is sent again with exponential back-off, or when ``Retry-After``
says; all else never.
"""

from __future__ import annotations

import random
import threading
import time
from typing import Final, Protocol, final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTracePartialSuccess

from k6spec.errors import StackFault
from k6spec.units import Duration, seconds

PATIENCE: Final = seconds(30)
"""How long a message is sent again."""

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0


@final
class Busy(Exception):
    """A message was not taken, and may be later.

    Args:
        fault: what to say when patience ends.
        answered: whether it was the endpoint that said so; else no word of it came.
        after: seconds that it asks to wait.
    """

    def __init__(self, fault: StackFault, *, answered: bool, after: float | None = None) -> None:
        super().__init__(str(fault))
        self.fault = fault
        self.answered = answered
        self.after = after


class Sender(Protocol):
    """A way to send one message once. Safe to use by several threads."""

    def send(self, message: bytes) -> ExportTracePartialSuccess:
        """What the endpoint says to it: how many spans it rejected, and why.

        Raises:
            Busy: it may take it later.
            StackFault: it refuses it.
        """

    def close(self) -> None:
        """Ends connections."""


@final
class Persistent:
    """Sends again what a busy endpoint did not take. Safe to use by several threads.

    An endpoint of which never a word came is not busy but absent: that is said at once.
    """

    def __init__(self, sender: Sender, *, patience: Duration = PATIENCE) -> None:
        self._sender = sender
        self._patience = patience
        self._reached = False
        self._stopped = threading.Event()

    def send(self, message: bytes) -> ExportTracePartialSuccess:
        """What the endpoint says to a message that it takes.

        Raises:
            StackFault: it refuses it, is absent, or was busy for too long.
        """
        deadline = time.monotonic() + self._patience.seconds
        pause = _FIRST_PAUSE
        while True:
            try:
                answer = self._sender.send(message)
            except Busy as busy:
                self._reached = self._reached or busy.answered
                # Several threads that wait alike would all come back at once.
                wait = busy.after if busy.after is not None else pause * random.uniform(0.5, 1.0)
                if not self._reached or time.monotonic() + wait > deadline or self._stopped.wait(wait):
                    raise busy.fault from busy
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                self._reached = True
                return answer

    def stop(self) -> None:
        """Ends waiting: what is not taken by now is given up."""
        self._stopped.set()
