"""OTLP/gRPC: a synchronous grpcio server whose handlers see the raw bytes.

Source: OTLP specification 1.11, "OTLP/gRPC": ``INVALID_ARGUMENT`` is final, ``UNAVAILABLE`` asks to send again,
``RESOURCE_EXHAUSTED`` without ``RetryInfo`` (grpcio's own answer to a message that is too large) is final too.

Export takes one message, and is served as a call that may send many: the two are the same on the wire, and only so
is a handler told of a message that grpcio itself refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import grpc

from k6spec.collect.intake import MAX_MESSAGE_BYTES, Intake, SpoolUnwritable, UndecodableExport

_COLLECTOR: Final = "opentelemetry.proto.collector"
_WORKERS: Final = 8


def grpc_server(intake: Intake, *, max_bytes: int = MAX_MESSAGE_BYTES) -> grpc.Server:
    """A server of the trace, metrics and logs services, without a port yet and not started."""
    server = grpc.server(
        ThreadPoolExecutor(_WORKERS, thread_name_prefix="otlp-grpc"),
        options=[
            ("grpc.max_receive_message_length", max_bytes),  # as sent and as decompressed
            ("grpc.so_reuseport", 0),  # a port in use is an error, not a second listener
        ],
    )
    services: dict[str, Callable[[bytes], None]] = {
        f"{_COLLECTOR}.trace.v1.TraceService": intake.traces,
        f"{_COLLECTOR}.metrics.v1.MetricsService": intake.metrics,
        f"{_COLLECTOR}.logs.v1.LogsService": intake.logs,
    }
    unseen = {f"{_COLLECTOR}.trace.v1.TraceService": intake.refused}
    server.add_generic_rpc_handlers(
        [
            grpc.method_handlers_generic_handler(
                name, {"Export": grpc.stream_unary_rpc_method_handler(_handler(take, unseen.get(name)))}
            )
            for name, take in services.items()
        ]
    )
    return server


def _handler(
    take: Callable[[bytes], None], unseen: Callable[[], None] | None
) -> Callable[[Iterator[bytes], grpc.ServicerContext], bytes]:
    """``unseen`` counts an export whose message never came: it was too large, or its sender gave up."""

    def export(messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        message, over = None, False
        try:
            message = next(messages, None)
        except grpc.RpcError:
            over = True
        if message is None and unseen is not None:
            unseen()  # grpcio tells of a call that it ended by an error, or by an end without a message
        if over:
            return b""  # nobody reads it
        if message is None:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "an export has one message; none came")
        try:
            take(message)
        except UndecodableExport as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except SpoolUnwritable as error:
            context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
        return b""  # an empty message of the answer's type: everything was taken

    return export
