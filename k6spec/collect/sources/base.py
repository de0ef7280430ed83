"""The seam of trace sources: backends that hold the spans already, asked for the traces of a load by their ids.

To add one: a class with these members, a function ``make(options, root)`` beside it, a line in the
``k6spec.sources`` entry points, and a backend of it in ``tests/support/sources.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, final, runtime_checkable

import pyarrow as pa

from k6spec.units import Duration, seconds

_CLOCKS: Final = seconds(3600)
"""How far apart clocks may be. Stores use the time that is asked for to choose where to look."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTraces:
    """The traces of a load: ids of 16 bytes, and the time in which their spans lie (Unix time, nanoseconds)."""

    trace_ids: Sequence[bytes]
    begin_ns: int
    end_ns: int

    @property
    def widened(self) -> tuple[int, int]:
        """The time to ask a backend for (Unix time, nanoseconds): wide enough for clocks that are not the same."""
        return self.begin_ns - _CLOCKS.ns, self.end_ns + _CLOCKS.ns


class TraceSource(Protocol):
    """A backend's way to give traces back. Used by one thread; it may use more of its own."""

    @property
    def name(self) -> str:
        """Its kind: ``jaeger``, ``tempo`` …"""

    @property
    def address(self) -> str:
        """Where it is, for people: a URL without credentials, or a path."""

    @property
    def by_id(self) -> bool:
        """Whether a backend of its own kept the spans; a file holds all that passed the Collector."""

    @property
    def lag(self) -> Duration:
        """How much later than it was exported a span may show up here."""

    def check(self) -> None:
        """Asks the least there is to ask.

        Raises:
            StackFault: it does not answer, or refuses us; says what to set.
        """

    def fetch(self, wanted: WantedTraces) -> Iterator[pa.RecordBatch]:
        """All spans that are there now of the wanted traces, as batches of :data:`k6spec.store.spans.SCHEMA`.

        Spans of other traces may be among them. A trace that is not there gives nothing, and is no error.

        Raises:
            StackFault: it does not answer, refuses us, or answers something else.
        """

    def truncated(self) -> Collection[bytes]:
        """Ids of traces of which the backend said, when they were last fetched, that it did not give all."""

    def trace_url(self, trace_id: str, span_id: str | None = None) -> str | None:
        """Where people look at the trace (ids in hex), the span in focus; None if it has no such place."""

    def close(self) -> None:
        """Ends connections. Safe to call again."""


@runtime_checkable
class GrowingSource(TraceSource, Protocol):
    """A source that is written while it is read, all that came in the order in which it came: files.

    It is read on rather than asked again, so a feed of it is a stream (see
    :class:`~k6spec.collect.growing_feed.GrowingFeed`).
    """

    @property
    def undecodable(self) -> int:
        """Spans, or whole messages, in what was read on that could not be decoded."""

    def skip(self) -> None:
        """Leaves out what is there now: ``read_on`` begins after it."""

    def read_on(self, wanted: WantedTraces) -> Iterator[pa.RecordBatch]:
        """Spans of the wanted traces that came since the last time, as ``fetch`` gives them.

        Raises:
            StackFault: as ``fetch``.
        """
