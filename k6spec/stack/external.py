"""The external stack: a trace pipeline that somebody else runs.

Its spans come to k6spec in one of two ways: its Collector has a second exporter to k6spec's own receiver, or they
are read back from the backend that keeps them. What is sampled or lost on the way is missing in the ledger, and so
bounded there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import final
from urllib.parse import quote

from k6spec.collect.feed import SpanFeed
from k6spec.collect.sampled_feed import SampledFeed
from k6spec.collect.source_feed import feed_of
from k6spec.collect.sources.base import TraceSource
from k6spec.errors import ConfigError
from k6spec.stack.base import Endpoints, Vantage
from k6spec.stack.embedded import EmbeddedStack


@final
class ExternalStack:
    """A :class:`~k6spec.stack.base.StackBackend` that exists already.

    Args:
        endpoints: where systems export to; the same from everywhere; empty for systems that need not be told.
        spans: how its spans come to us.
        link: where people look at a trace, with ``{trace_id}`` in it, and perhaps ``{span_id}``; in place of the
            one that a source knows.
        sampled: whether something on the way keeps a part of the traces only.

    Raises:
        ConfigError: the link is not what it should be.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        *,
        spans: ExportedSpans | KeptSpans,
        link: str | None = None,
        sampled: bool = False,
    ) -> None:
        if link is not None and "{trace_id}" not in link:
            raise ConfigError(f"trace_url = {link!r}; write {{trace_id}} where the id belongs")
        self._endpoints = endpoints
        self._spans = spans
        self._link = link
        self._sampled = sampled

    @property
    def name(self) -> str:
        """``external``."""
        return "external"

    def start(self) -> None:
        """Makes sure that spans will come.

        Raises:
            StackFault: the receiver did not come up, or the source does not answer.
        """
        self._spans.start()

    def endpoints(self, vantage: Vantage = "host") -> Endpoints:
        """As given."""
        return self._endpoints

    def feed(self) -> SpanFeed:
        """A feed of the spans of a load that begins now."""
        feed = self._spans.feed()
        return SampledFeed(feed) if self._sampled else feed

    def trace_url(self, trace_id: str, span_id: str | None = None) -> str | None:
        """The link, with the ids; else the source's."""
        if self._link is None:
            return self._spans.trace_url(trace_id, span_id)
        return self._link.replace("{trace_id}", trace_id).replace("{span_id}", quote(span_id or ""))

    def viewer(self) -> None:
        """None: what shows the traces is not ours to add to."""

    def logs(self) -> str:
        """Those of what we started; the pipeline's are not ours to read."""
        return self._spans.logs()

    def stop(self) -> None:
        """Ends what we started. Safe to call again."""
        self._spans.stop()


@final
class ExportedSpans:
    """Spans that the pipeline's Collector exports to us.

    Args:
        receiver: ``host:port`` of this host to which it exports, OTLP over gRPC.
        spool_root: where the receiver's spool is made; the temporary directory if None.

    Raises:
        ConfigError: the receiver's address is not what it should be.
    """

    def __init__(self, receiver: str, *, spool_root: Path | None = None) -> None:
        host, _, port = receiver.rpartition(":")
        if not host or not port.isdecimal() or int(port) >= 1 << 16:
            raise ConfigError(f'receiver = {receiver!r}; write "host:port", an address of this host')
        self._receiver = EmbeddedStack(host=host.strip("[]"), grpc_port=int(port), spool_root=spool_root)

    def start(self) -> None:
        """Starts the receiver."""
        self._receiver.start()

    def feed(self) -> SpanFeed:
        """A feed of the spans that the Collector hands on from now on."""
        return self._receiver.feed()

    def trace_url(self, trace_id: str, span_id: str | None) -> None:
        """None: a Collector shows nothing."""

    def logs(self) -> str:
        """The receiver's."""
        return self._receiver.logs()

    def stop(self) -> None:
        """Ends the receiver. Safe to call again."""
        self._receiver.stop()


@final
class KeptSpans:
    """Spans that are read back from the backend that keeps them.

    Args:
        make: makes the source; each feed has one of its own.
    """

    def __init__(self, make: Callable[[], TraceSource]) -> None:
        self._make = make
        self._shown = make()

    def start(self) -> None:
        """Asks the source whether it answers."""
        self._shown.check()

    def feed(self) -> SpanFeed:
        """A feed of the traces that the load will have begun."""
        return feed_of(self._make())

    def trace_url(self, trace_id: str, span_id: str | None) -> str | None:
        """The source's."""
        return self._shown.trace_url(trace_id, span_id)

    def logs(self) -> str:
        """None that are ours."""
        return ""

    def stop(self) -> None:
        """Ends connections. Safe to call again."""
        self._shown.close()
