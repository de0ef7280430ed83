"""OTLP messages like those of an instrumented shop."""

from __future__ import annotations

import random

from opentelemetry.proto.trace.v1 import trace_pb2

_RESOURCE = {
    "service.name": "orders",
    "service.instance.id": "7f9c",
    "telemetry.sdk.language": "python",
    "telemetry.sdk.name": "opentelemetry",
    "telemetry.sdk.version": "1.44.0",
}
_SERVER = {"http.method": "GET", "http.route": "/orders/<id>", "http.scheme": "http", "net.host.name": "localhost"}
_DATABASE = {"db.system": "sqlite", "db.name": "shop", "db.statement": "SELECT * FROM orders WHERE id = ?"}


def message(spans: int, *, seed: int = 1) -> bytes:
    """One export of ``spans`` spans with some seven attributes each; every twentieth has an event."""
    source = random.Random(seed)
    data = trace_pb2.TracesData()
    resource = data.resource_spans.add()
    for key, value in _RESOURCE.items():
        resource.resource.attributes.add(key=key).value.string_value = value
    scope = resource.scope_spans.add()
    scope.scope.name = "opentelemetry.instrumentation.flask"
    for number in range(spans):
        server = number % 2 == 0
        begin = 1_790_000_000_000_000_000 + number
        span = scope.spans.add(
            trace_id=source.randbytes(16),
            span_id=source.randbytes(8),
            parent_span_id=source.randbytes(8),
            name="GET /orders/<id>" if server else "SELECT orders",
            kind=2 if server else 3,
            start_time_unix_nano=begin,
            end_time_unix_nano=begin + source.randrange(10**8),
            trace_state="k6spec=load",
        )
        for key, value in (_SERVER if server else _DATABASE).items():
            span.attributes.add(key=key).value.string_value = value
        span.attributes.add(key="net.host.port").value.int_value = 8080
        span.attributes.add(key="http.status_code").value.int_value = 200
        if number % 20 == 0:
            span.events.add(name="exception", time_unix_nano=begin)
    return bytes(data.SerializeToString())


def usual_message(spans: int, *, seed: int = 1) -> bytes:
    """One export of ``spans`` spans with seven attributes each, two of them of few values, as threads are."""
    return _seven(spans, seed, orders=500, ports=20, threads=16)


def varied_message(spans: int, *, seed: int = 1) -> bytes:
    """One export of ``spans`` spans with seven attributes each, two of which hardly another span has."""
    return _seven(spans, seed, orders=10**6, ports=28_232, threads=2**47)


def _seven(spans: int, seed: int, *, orders: int, ports: int, threads: int) -> bytes:
    source = random.Random(seed)
    data = trace_pb2.TracesData.FromString(message(spans, seed=seed))
    for span in data.resource_spans[0].scope_spans[0].spans:
        del span.attributes[-2:]
        order = source.randrange(orders)
        if span.kind == trace_pb2.Span.SPAN_KIND_SERVER:
            texts = {"http.target": f"/orders/{order}"}
            numbers = {"net.peer.port": 32_768 + source.randrange(ports), "http.status_code": 200}
        else:
            texts = {"net.peer.name": "db", "shop.order": f"{order}"}
            numbers = {"net.peer.port": 5432, "thread.id": source.randrange(threads)}
        for key, text in texts.items():
            span.attributes.add(key=key).value.string_value = text
        for key, number in numbers.items():
            span.attributes.add(key=key).value.int_value = number
    return bytes(data.SerializeToString())


def wide_message(spans: int, *, seed: int = 1) -> bytes:
    """One export of ``spans`` spans with forty attributes, two events and a link each."""
    source = random.Random(seed)
    data = trace_pb2.TracesData.FromString(message(spans, seed=seed))
    for span in data.resource_spans[0].scope_spans[0].spans:
        while len(span.attributes) < 40:
            value = span.attributes.add(key=f"shop.attribute_{len(span.attributes)}").value
            match len(span.attributes) % 4:
                case 0:
                    value.int_value = source.randrange(1_000)
                case 1:
                    value.double_value = source.randrange(100) / 4
                case 2:
                    value.bool_value = source.random() < 0.5
                case _:
                    value.string_value = f"value {source.randrange(1_000)}"
        del span.events[:]
        for name in ("reserved", "exception"):
            event = span.events.add(name=name, time_unix_nano=span.start_time_unix_nano)
            event.attributes.add(
                key="exception.message"
            ).value.string_value = f"no stock of {source.randrange(50)}"
        span.links.add(trace_id=source.randbytes(16), span_id=source.randbytes(8))
    return bytes(data.SerializeToString())
