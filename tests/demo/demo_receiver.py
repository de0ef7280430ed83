"""An OTLP/HTTP receiver that keeps the spans it is sent."""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support.serving import LoopbackServer, QuietHandler, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENT, SERVER = 3, 2


@dataclass(frozen=True)
class Span:
    """What the tests ask of a span; ids are hex, kinds as in OTLP, attributes plain values."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str
    kind: int
    duration_s: float
    attributes: dict[str, Any]
    events: tuple[str, ...]

    @property
    def statement(self) -> str:
        """The database statement in one line, or an empty string."""
        return " ".join(str(self.attributes.get("db.statement", "")).split())


@dataclass(frozen=True)
class Traceparent:
    """A W3C trace context to send with a request."""

    trace_id: str = field(default_factory=lambda: secrets.token_hex(16))
    span_id: str = field(default_factory=lambda: secrets.token_hex(8))

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-01"


@dataclass
class Receiver:
    """Spans in the order of their arrival at `endpoint`."""

    endpoint: str
    _spans: list[Span] = field(default_factory=list)

    def trace(self, context: Traceparent, services: int = 1, timeout_s: float = 5) -> list[Span]:
        """The spans of a trace, once the server spans of so many services have come.

        A service exports its server span last, so the others have come before.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            spans = [span for span in self._spans if span.trace_id == context.trace_id]
            if sum(span.kind == SERVER for span in spans) == services:
                return spans
            assert time.monotonic() < deadline, f"incomplete trace: {spans}"
            time.sleep(0.02)

    @property
    def names(self) -> set[str]:
        """The names of all spans."""
        return {span.name for span in self._spans}

    def add(self, body: bytes) -> None:
        """Take the spans of an export request."""
        request = ExportTraceServiceRequest.FromString(body)
        for resource_spans in request.resource_spans:
            service = _plain(resource_spans.resource.attributes)["service.name"]
            for scope_spans in resource_spans.scope_spans:
                self._spans += [_span(service, span) for span in scope_spans.spans]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port of 127.0.0.1."""

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            receiver.add(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = LoopbackServer(Handler)
    receiver = Receiver(server.url)
    with serving(server):
        yield receiver


def _span(service: str, span: Any) -> Span:
    return Span(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        service=service,
        name=span.name,
        kind=span.kind,
        duration_s=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
        attributes=_plain(span.attributes),
        events=tuple(event.name for event in span.events),
    )


def _plain(attributes: Any) -> dict[str, Any]:
    return {item.key: getattr(item.value, item.value.WhichOneof("value")) for item in attributes}
