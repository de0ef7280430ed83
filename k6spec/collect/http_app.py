"""OTLP/HTTP as a bare ASGI application: protobuf and JSON on one port, answers in the request's type.

Source: OTLP specification 1.11, "OTLP/HTTP". Refusals carry a ``google.rpc.Status``; 400, 413 and 415 are final,
503 asks to send again later.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final, final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from k6spec.collect.handshake import MAX_MESSAGE_BYTES
from k6spec.collect.intake import AT_ONCE_BYTES, Intake, SpoolUnwritable, UndecodableExport
from k6spec.collect.otlp_json import message_from_json, traces_from_json

_PROTOBUF: Final = "application/x-protobuf"
_JSON: Final = "application/json"
_TEXT: Final = "text/plain; charset=utf-8"
_JSON_AT_ONCE: Final = 16 << 10
"""Bytes of JSON that are read sooner than another thread would be woken for them."""
_PIECE: Final = 16 << 10
"""Bytes of gzip that are read at once."""

_INVALID_ARGUMENT: Final = 3
_RESOURCE_EXHAUSTED: Final = 8
_UNAVAILABLE: Final = 14

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
"""ASGI: the next event of the request."""
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
"""ASGI: sends an event of the response."""


class _Refusal(Exception):
    def __init__(self, status: int, message: str, *, code: int = _INVALID_ARGUMENT, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@final
class HttpApp:
    """The application; ``max_bytes`` bounds a body both as sent and as decompressed."""

    def __init__(self, intake: Intake, *, max_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._intake = intake
        self._max = max_bytes
        self._routes: Mapping[str, tuple[Callable[[bytes], None], Callable[[bytes], bytes]]] = {
            "/v1/traces": (intake.traces, traces_from_json),
            "/v1/metrics": (
                intake.metrics,
                lambda body: message_from_json(body, ExportMetricsServiceRequest()),
            ),
            "/v1/logs": (intake.logs, lambda body: message_from_json(body, ExportLogsServiceRequest())),
        }

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answers one request."""
        path: str = scope["path"]
        content_type = _TEXT
        try:
            if path not in self._routes:
                raise _Refusal(404, "OTLP is taken at " + ", ".join(self._routes))
            if scope["method"] != "POST":
                raise _Refusal(405, "OTLP is sent by POST", allow="POST")
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
            try:
                sent_type = headers.get("content-type", "").partition(";")[0].strip().lower()
                if sent_type not in (_PROTOBUF, _JSON):
                    raise _Refusal(415, f"content type {sent_type!r}: send {_PROTOBUF} or {_JSON}")
                content_type = sent_type
                body = await self._body(headers, receive)
                at_once = _JSON_AT_ONCE if content_type == _JSON else AT_ONCE_BYTES
                if len(body) <= at_once and "content-encoding" not in headers:
                    self._take(path, content_type, headers, body)
                else:
                    await asyncio.to_thread(self._take, path, content_type, headers, body)
            except _Refusal:
                if path == "/v1/traces":
                    self._intake.refused()
                raise
        except UndecodableExport as error:
            await _refuse(send, content_type, _Refusal(400, str(error)))
        except SpoolUnwritable as error:
            retry = _Refusal(503, str(error), code=_UNAVAILABLE, retry_after="1")
            await _refuse(send, content_type, retry)
        except _Refusal as refusal:
            await _refuse(send, content_type, refusal)
        else:
            # An empty message of the answer's type: everything was taken.
            await _answer(send, 200, content_type, b"{}" if content_type == _JSON else b"")

    async def _body(self, headers: Mapping[str, str], receive: Receive) -> bytes:
        declared = headers.get("content-length", "")
        too_large = declared.isdecimal() and int(declared) > self._max
        parts: list[bytes] = []
        size = 0
        more = not too_large
        while more:
            event = await receive()
            if event["type"] == "http.disconnect":
                raise _Refusal(400, "the connection ended before the request did")
            part: bytes = event.get("body", b"")
            size += len(part)
            parts.append(part)
            more = event.get("more_body", False)
            if size > self._max:
                too_large, more = True, False
        if too_large:
            raise self._too_large()
        return b"".join(parts)

    def _take(self, path: str, content_type: str, headers: Mapping[str, str], body: bytes) -> None:
        take, from_json = self._routes[path]
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding == "gzip":
            body = self._gunzip(body)
        elif encoding not in ("identity", "none", ""):
            raise _Refusal(415, f"content encoding {encoding!r}: send gzip or none", accept_encoding="gzip")
        if content_type == _JSON and body:
            try:
                body = from_json(body)
            except ValueError as error:
                raise _Refusal(400, str(error)) from None
        take(body)

    def _gunzip(self, body: bytes) -> bytes:
        parts: list[bytes] = []
        room = self._max
        member = None
        rest = b""
        place = 0
        while rest or place < len(body):  # a gzip file may have several members
            if not rest:
                # In pieces: what is behind a member's end is copied, for each of a million members.
                rest, place = body[place : place + _PIECE], place + _PIECE
            member = member or zlib.decompressobj(wbits=31)
            try:
                # One byte more than there is room for tells "too large" from "just fits".
                part = member.decompress(rest, room + 1)
            except zlib.error as error:
                raise _Refusal(400, f"not gzip: {error}") from None
            if len(part) > room:
                raise self._too_large()
            room -= len(part)
            if part:
                parts.append(part)
            rest = member.unused_data
            if member.eof:
                member = None
        if member is not None:
            raise _Refusal(400, "gzip ends too early")
        return b"".join(parts)

    def _too_large(self) -> _Refusal:
        return _Refusal(413, f"larger than {self._max:,} bytes", code=_RESOURCE_EXHAUSTED)


async def _refuse(send: Send, content_type: str, refusal: _Refusal) -> None:
    message = str(refusal)
    if content_type == _JSON:
        body = json.dumps({"code": refusal.code, "message": message}).encode()
    elif content_type == _PROTOBUF:
        body = _status(refusal.code, message)
    else:
        body = message.encode()
    await _answer(send, refusal.status, content_type, body, refusal.headers)


async def _answer(
    send: Send, status: int, content_type: str, body: bytes, headers: Mapping[str, str] | None = None
) -> None:
    fields = {"content-type": content_type, "content-length": str(len(body)), **(headers or {})}
    start = [(name.encode(), value.encode()) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": body})


def _status(code: int, message: str) -> bytes:
    """``google.rpc.Status{code = 1, message = 2}``: too small to depend on googleapis-common-protos for it."""
    text = message.encode()
    length = len(text)
    size = bytearray()
    while length > 0x7F:
        size.append(length & 0x7F | 0x80)
        length >>= 7
    size.append(length)
    return b"\x08%c\x12%s%s" % (code, bytes(size), text)
