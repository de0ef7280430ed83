"""A real gRPC server (``scripts/protos/echo.proto``) that remembers the metadata of each call."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.wrappers_pb2 import StringValue  # on the wire what echo.Text is


@dataclass(slots=True)
class GrpcEcho:
    """``seen``: each call's method and metadata. ``Say`` refuses the text ``no`` with NOT_FOUND."""

    address: str = ""
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@contextmanager
def grpc_echo() -> Iterator[GrpcEcho]:
    """The server while the block runs."""
    echo = GrpcEcho()

    def remember(method: str, context: grpc.ServicerContext) -> None:
        echo.seen.append((method, {str(key): str(value) for key, value in context.invocation_metadata()}))

    def say(request: Any, context: grpc.ServicerContext) -> Any:
        remember("Say", context)
        if request.value == "no":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such text")
        return StringValue(value=request.value)

    def chat(requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        remember("Chat", context)
        yield from requests

    coding = {"request_deserializer": StringValue.FromString, "response_serializer": StringValue.SerializeToString}
    handlers = {
        "Say": grpc.unary_unary_rpc_method_handler(say, **coding),
        "Chat": grpc.stream_stream_rpc_method_handler(chat, **coding),
    }
    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("echo.Echo", handlers),))
    echo.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield echo
    finally:
        server.stop(None).wait()
