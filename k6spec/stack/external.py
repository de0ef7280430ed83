"""The external stack: a Collector that somebody else runs, with a second exporter to k6spec's own receiver.

Nothing is started but the receiver. What the Collector does with spans on the way is its own affair: what it
samples or loses is missing in the ledger, and so bounded there.
"""

from __future__ import annotations

from pathlib import Path
from typing import final

from k6spec.collect.feed import SpanFeed
from k6spec.errors import ConfigError
from k6spec.stack.base import Endpoints, Vantage
from k6spec.stack.embedded import EmbeddedStack


@final
class ExternalStack:
    """A :class:`~k6spec.stack.base.StackBackend` whose Collector exists already.

    Args:
        endpoints: the Collector's, where systems export to; the same from everywhere.
        receiver: ``host:port`` of this host to which the Collector exports, OTLP over gRPC.
        link: where people look at a trace, with ``{trace_id}`` in it.
        spool_root: where the receiver's spool is made; the temporary directory if None.

    Raises:
        ConfigError: the receiver's address or the link is not what it should be.
    """

    def __init__(
        self, endpoints: Endpoints, *, receiver: str, link: str | None = None, spool_root: Path | None = None
    ) -> None:
        host, _, port = receiver.rpartition(":")
        if not host or not port.isdecimal():
            raise ConfigError(f'receiver = {receiver!r}; write "host:port", an address of this host')
        if link is not None and "{trace_id}" not in link:
            raise ConfigError(f"trace_url = {link!r}; write {{trace_id}} where the id belongs")
        self._endpoints = endpoints
        self._link = link
        self._receiver = EmbeddedStack(host=host.strip("[]"), grpc_port=int(port), spool_root=spool_root)

    @property
    def name(self) -> str:
        """``external``."""
        return "external"

    def start(self) -> None:
        """Starts the receiver.

        Raises:
            StackFault: it did not come up.
        """
        self._receiver.start()

    def endpoints(self, vantage: Vantage = "host") -> Endpoints:
        """As given."""
        return self._endpoints

    def feed(self) -> SpanFeed:
        """A feed of the spans that the Collector hands on from now on."""
        return self._receiver.feed()

    def trace_url(self, trace_id: str, span_id: str | None = None) -> str | None:
        """The link, with the ids."""
        if self._link is None:
            return None
        return self._link.replace("{trace_id}", trace_id).replace("{span_id}", span_id or "")

    def viewer(self) -> None:
        """None: what shows the traces is fed by the Collector, and not ours to add to."""

    def logs(self) -> str:
        """The receiver's; the Collector's are not ours to read."""
        return self._receiver.logs()

    def stop(self) -> None:
        """Ends the receiver. Safe to call again."""
        self._receiver.stop()
