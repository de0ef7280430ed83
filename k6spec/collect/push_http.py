"""One OTLP export over HTTP: protobuf, gzip.

Source: OTLP specification 1.11, "OTLP/HTTP Response" and "Failures".
"""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, final

import httpx
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from k6spec.collect.push_retry import Busy
from k6spec.collect.push_target import TRACES, Target
from k6spec.errors import StackFault

_PROTOBUF: Final = "application/x-protobuf"
_BUSY: Final = frozenset({429, 502, 503, 504})
_FASTEST: Final = 1
_SHOWN: Final = 200
_SPEAKS_GRPC: Final = "check the address; over gRPC (usually port 4317) write it as grpc://host:port"


@final
class HttpSender:
    """A :class:`~k6spec.collect.push_retry.Sender` over HTTP. Safe to use by several threads."""

    def __init__(self, target: Target, *, connections: int) -> None:
        self._target = target
        self._client = target.access.client(connections=connections)

    def send(self, message: bytes) -> ExportTracePartialSuccess:
        """What the endpoint says to one message.

        Raises:
            Busy: it may take it later.
            StackFault: it refuses it, or does not answer.
        """
        headers = {"content-type": _PROTOBUF, "content-encoding": "gzip"}
        body = gzip.compress(message, _FASTEST)
        try:
            response = self._client.post(self._target.http_url, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise Busy(self._unreachable(error), answered=False) from error
        if response.is_success:
            return _partial(response)
        fault = self._refused(response)
        if response.status_code in _BUSY:
            raise Busy(fault, answered=True, after=_retry_after(response))
        raise fault

    def close(self) -> None:
        """Ends its connections."""
        self._client.close()

    def _unreachable(self, error: httpx.HTTPError) -> StackFault:
        why = self._target.access.hide(str(error)) or type(error).__name__
        return StackFault(f"{self._target.shown} does not take OTLP over HTTP: {why}", advice=_SPEAKS_GRPC)

    def _refused(self, response: httpx.Response) -> StackFault:
        status = response.status_code
        advice = "see the log of what listens there"
        if status in {401, 403}:
            advice = "give the headers, or the client certificate, that it wants to see"
        elif status in {404, 405, 415}:
            advice = f"check the address: OTLP over HTTP is taken below it at {TRACES}"
        elif status == 413:
            advice = "raise the size of requests that it takes"
        said = self._target.access.hide(_said(response))
        return StackFault(f"{self._target.shown} refused spans with {status}: {said}", advice=advice)


def _partial(response: httpx.Response) -> ExportTracePartialSuccess:
    try:
        return ExportTraceServiceResponse.FromString(response.content).partial_success
    except DecodeError:
        return ExportTracePartialSuccess()  # it took them; what it says besides is nothing to rely on


def _said(response: httpx.Response) -> str:
    """The reason in an answer that is an error: a google.rpc.Status, or whatever stands there."""
    text = response.text
    if response.headers.get("content-type", "").startswith(_PROTOBUF):
        try:
            # On the wire a Status is a number and a text, as this is.
            text = ExportTracePartialSuccess.FromString(response.content).error_message
        except DecodeError:
            text = ""
    return " ".join(text.split())[:_SHOWN] or response.reason_phrase or "nothing more"


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds to wait: given as such, or as a date."""
    text = response.headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, ((date if date.tzinfo else date.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())
