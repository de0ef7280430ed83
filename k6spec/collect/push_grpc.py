"""One OTLP export over gRPC.

Source: OTLP specification 1.11, "OTLP/gRPC Response" and "Failures".
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, final
from urllib.parse import urlsplit

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from k6spec.collect.access import Access, is_loopback
from k6spec.collect.push_retry import Busy
from k6spec.collect.push_target import Target
from k6spec.errors import StackFault

_EXPORT: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_BUSY: Final = frozenset(
    {
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)
_DETAILS: Final = "grpc-status-details-bin"
_RETRY_INFO: Final = b"google.rpc.RetryInfo"
_NOT_REACHED: Final = ("failed to connect", "DNS resolution failed")
_SHOWN: Final = 200


@final
class GrpcSender:
    """A :class:`~k6spec.collect.push_retry.Sender` over gRPC. Safe to use by several threads.

    Raises:
        ConfigError: a certificate file cannot be read.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._metadata = tuple((name.lower(), value) for name, value in target.access.headers.items())
        self._channel = _channel(target)
        self._export = self._channel.unary_unary(
            _EXPORT, request_serializer=None, response_deserializer=ExportTraceServiceResponse.FromString
        )

    def send(self, message: bytes) -> ExportTracePartialSuccess:
        """What the endpoint says to one message.

        Raises:
            Busy: it may take it later.
            StackFault: it refuses it, or does not answer.
        """
        timeout = self._target.access.timeout.seconds
        try:
            answer: ExportTraceServiceResponse = self._export(message, timeout=timeout, metadata=self._metadata)
        except grpc.RpcError as error:
            details = error.details() or ""
            reached = not details.startswith(_NOT_REACHED)
            fault = self._refused(error.code(), details) if reached else self._unreachable(details)
            if _retryable(error):
                raise Busy(fault, answered=reached) from error
            raise fault from error
        return answer.partial_success

    def close(self) -> None:
        """Ends the connection."""
        self._channel.close()

    def _unreachable(self, details: str) -> StackFault:
        why = self._target.access.hide(details.removeprefix("failed to connect to all addresses; last error: "))
        return StackFault(
            f"{self._target.shown} does not take OTLP over gRPC: {why[:_SHOWN]}",
            advice="check the address; over HTTP (usually port 4318) write it as http://host:port, "
            "over gRPC with TLS as grpcs://host:port",
        )

    def _refused(self, code: grpc.StatusCode, details: str) -> StackFault:
        advice = "see the log of what listens there"
        if code in {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED}:
            advice = "give the headers, or the client certificate, that it wants to see"
        said = self._target.access.hide(" ".join(details.split()))[:_SHOWN] or "nothing more"
        return StackFault(f"{self._target.shown} refused spans with {code.name}: {said}", advice=advice)


def _retryable(error: grpc.RpcError) -> bool:
    if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return any(item.key == _DETAILS and _RETRY_INFO in item.value for item in error.trailing_metadata() or ())
    return error.code() in _BUSY


def _channel(target: Target) -> grpc.Channel:
    access = target.access
    options: list[tuple[str, int | str]] = [("grpc.max_send_message_length", -1)]
    if is_loopback(access.url):
        options.append(("grpc.enable_http_proxy", 0))
    elif access.proxy is not None:
        options.append(("grpc.http_proxy", access.proxy))
    if urlsplit(access.url).scheme == "http":
        return grpc.insecure_channel(target.grpc_address, options)
    return grpc.secure_channel(target.grpc_address, _credentials(access), options)


def _credentials(access: Access) -> grpc.ChannelCredentials:
    access.tls()  # says in words which file is wrong

    def content(path: Path | None) -> bytes | None:
        return None if path is None else path.read_bytes()

    return grpc.ssl_channel_credentials(
        root_certificates=content(access.ca),
        private_key=content(access.client_key or access.client_cert),
        certificate_chain=content(access.client_cert),
    )
