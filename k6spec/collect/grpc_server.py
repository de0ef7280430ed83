"""OTLP/gRPC: a grpcio server in an event loop, whose handlers see the raw bytes.

Source: OTLP specification 1.11, "OTLP/gRPC": ``INVALID_ARGUMENT`` is final, ``UNAVAILABLE`` asks to send again,
``RESOURCE_EXHAUSTED`` without ``RetryInfo`` (grpcio's own answer to a message that is too large) is final too.

Export takes one message, and is served as a call that may send many: the two are the same on the wire, and only so
is a handler told of a message that grpcio itself refuses. A message that is long in coming takes no thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Final, final

import grpc

from k6spec.collect.handshake import MAX_MESSAGE_BYTES
from k6spec.collect.intake import AT_ONCE_BYTES, Intake, SpoolUnwritable, UndecodableExport

_LOG: Final = logging.getLogger(__name__)
_COLLECTOR: Final = "opentelemetry.proto.collector"
_Context = grpc.aio.ServicerContext[bytes, bytes]
if TYPE_CHECKING:
    _Handler = grpc.GenericRpcHandler[bytes, bytes]
else:
    _Handler = grpc.GenericRpcHandler


def grpc_server(intake: Intake, *, max_bytes: int = MAX_MESSAGE_BYTES) -> grpc.aio.Server:
    """A server of the trace, metrics and logs services, without a port yet and not started.

    It belongs to the event loop that runs.
    """
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", max_bytes),  # as sent and as decompressed
            ("grpc.so_reuseport", 0),  # a port in use is an error, not a second listener
        ],
    )
    server.add_generic_rpc_handlers(
        [
            _Services(
                {
                    f"/{_COLLECTOR}.trace.v1.TraceService/Export": (intake.traces, intake.refused),
                    f"/{_COLLECTOR}.metrics.v1.MetricsService/Export": (intake.metrics, None),
                    f"/{_COLLECTOR}.logs.v1.LogsService/Export": (intake.logs, None),
                }
            )
        ]
    )
    return server


@final
class _Services(_Handler):
    def __init__(self, methods: Mapping[str, tuple[Callable[[bytes], None], Callable[[], None] | None]]) -> None:
        self._methods = methods

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        found = self._methods.get(handler_call_details.method)
        return None if found is None else grpc.stream_unary_rpc_method_handler(_Call(*found).export)


@final
class _Call:
    """One export, from when it is known that it comes.

    ``unseen`` counts one whose message never came: it was too large, or its sender gave up, be it before the
    handler was run. The end of this object is what tells of each of these.
    """

    def __init__(self, take: Callable[[bytes], None], unseen: Callable[[], None] | None) -> None:
        self._take = take
        self._unseen = unseen

    def __del__(self) -> None:
        if self._unseen is not None:
            self._unseen()

    async def export(self, messages: AsyncIterator[bytes], context: _Context) -> bytes:
        message = await anext(messages, None)
        if message is None:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "an export has one message; none came")
        self._unseen = None
        try:
            if len(message) <= AT_ONCE_BYTES:
                self._take(message)
            else:
                # Whole, it is taken or counted, though its sender may give up meanwhile.
                await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, self._take, message))
        except UndecodableExport as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except SpoolUnwritable as error:
            await context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
        except Exception:
            _LOG.exception("an export over gRPC was answered with an error")  # grpcio tells nobody
            raise
        return b""  # an empty message of the answer's type: everything was taken
