"""The seam of stacks: where the system under test sends its spans, and how k6spec reads them.

To add a stack: a class with these members, and a line in the ``k6spec.stacks`` entry points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, final

from k6spec.collect.feed import SpanFeed

Vantage = Literal["host", "container", "cluster"]
"""Where the exporter stands: addresses differ by it."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where OTLP is accepted, as URLs with scheme and port and without a path; empty where nobody said."""

    otlp_grpc: str
    otlp_http: str


class StackBackend(Protocol):
    """A trace pipeline: brought up once a session, before the first load."""

    @property
    def name(self) -> str:
        """``embedded``, ``docker``, ``process`` or ``external``."""

    def start(self) -> None:
        """Brings it up and returns when it accepts spans.

        Raises:
            StackFault: it did not come up; with the log's tail.
        """

    def endpoints(self, vantage: Vantage = "host") -> Endpoints:
        """Where spans are to be sent, as seen from ``vantage``."""

    def feed(self) -> SpanFeed:
        """A feed of the spans that arrive from now on."""

    def trace_url(self, trace_id: str, span_id: str | None = None) -> str | None:
        """Where people can look at a trace (ids in hex), the span in focus; None if only in k6spec's own page."""

    def viewer(self) -> str | None:
        """The OTLP/gRPC address of what shows the traces, as seen from this host; None if there is nothing."""

    def logs(self) -> str:
        """What its programs have logged so far."""

    def stop(self) -> None:
        """Ends it and leaves nothing behind. Safe to call again."""
