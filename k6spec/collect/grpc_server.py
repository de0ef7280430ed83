"""OTLP/gRPC: a synchronous grpcio server whose handlers see the raw bytes.

Source: OTLP specification 1.11, "OTLP/gRPC": ``INVALID_ARGUMENT`` is final, ``UNAVAILABLE`` asks to send again,
``RESOURCE_EXHAUSTED`` without ``RetryInfo`` (grpcio's own answer to a message that is too large) is final too.
"""

from __future__ import annotations

from collections.abc import Callable
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
    server.add_generic_rpc_handlers(
        [
            grpc.method_handlers_generic_handler(
                name, {"Export": grpc.unary_unary_rpc_method_handler(_handler(take))}
            )
            for name, take in services.items()
        ]
    )
    return server


def _handler(take: Callable[[bytes], None]) -> Callable[[bytes, grpc.ServicerContext], bytes]:
    def export(message: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            take(message)
        except UndecodableExport as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except SpoolUnwritable as error:
            context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
        return b""  # an empty message of the answer's type: everything was taken

    return export
