"""The seam of stacks: where the system under test sends its spans, and how k6spec reads them.

To add a stack: a class with the members of :class:`StackBackend`, and an entry point of the group
``k6spec.stacks`` whose name is the setting's value and which names a :data:`MakeStack`. A stack that can outlive
the process that started it has the members of :class:`LastingStack` as well; then ``k6spec up`` and ``keep`` work
for it. The suite ``tests/conformance/test_stacks.py`` says the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, final, runtime_checkable

from k6spec.collect.feed import SpanFeed
from k6spec.config import Config

Vantage = Literal["host", "container", "cluster"]
"""Where the exporter stands: addresses differ by it."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where OTLP is accepted, as URLs with scheme and port and without a path; empty where nobody said."""

    otlp_grpc: str
    otlp_http: str


class StackBackend(Protocol):
    """A trace pipeline: brought up, or adopted, once a session before the first load."""

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


MakeStack: TypeAlias = Callable[[Config, Callable[[str], None]], StackBackend]
"""Makes a stack of the settings, not started; the second argument takes lines to be said while it starts."""

Record: TypeAlias = Callable[[str, Mapping[str, object]], Path]
"""Writes down a stack's id and what :meth:`LastingStack.adopt` needs, in plain values; gives the file's path.

The stack is to last as long as that file is there and holds the id.
"""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A program of a stack. ``ailment`` says what ails it, None if nothing does; ``needed``: spans pass it."""

    name: str
    ailment: str | None
    needed: bool


@runtime_checkable
class LastingStack(StackBackend, Protocol):
    """A stack that can outlive the process that started it. Until it is kept, it ends with that process."""

    def keep(self, record: Record) -> None:
        """Makes it last and lets go of it: afterwards this object is as if it was never started.

        ``record`` is called before it lasts; if that or anything else fails, all is as before. An adopted stack,
        which lasts already, is only recorded and let go of.

        Raises:
            StackFault: it cannot be kept.
        """

    def adopt(self, stack: str, found: Mapping[str, object]) -> None:
        """Takes over, instead of starting, the stack that was recorded: whatever its settings, whatever ails it.

        Raises:
            StackFault: it cannot be reached.
            KeyError, TypeError, ValueError: ``found`` is not what was recorded.
        """

    def parts(self) -> Sequence[Part]:
        """Its programs, and what ails each; none if it is not up."""

    def ui(self) -> str | None:
        """The address of the page where people look at its traces; None without one, or where that is dead."""
