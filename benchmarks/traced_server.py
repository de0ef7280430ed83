"""A system under test that costs next to nothing: answers at once and exports two spans a request.

Run as ``python benchmarks/traced_server.py`` with ``OTEL_EXPORTER_OTLP_ENDPOINT``; standard library only, so that
what is measured around it is not its own start. It exports over HTTP, 512 spans a message, every 20 ms.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_CONTEXT = re.compile(rb"traceparent: 00-([0-9a-f]{32})-([0-9a-f]{16})-0[13]", re.IGNORECASE)
_MOST = 512


def _field(number: int, content: bytes) -> bytes:
    size, digits = len(content), bytearray()
    while size > 0x7F:
        digits.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([number << 3 | 2, *digits, size]) + content


def _attribute(number: int, key: str, value: str) -> bytes:
    return _field(number, _field(1, key.encode()) + _field(2, _field(1, value.encode())))


_RESOURCE = _field(1, _attribute(1, "service.name", "shop"))
_SERVER = _field(5, b"GET /products") + b"\x30\x02" + _attribute(9, "http.request.method", "GET")
_QUERY = (
    _field(5, b"SELECT products")
    + b"\x30\x03"
    + _attribute(9, "db.system", "sqlite")
    + _attribute(9, "db.statement", "SELECT * FROM products")
)


def _span(trace: bytes, span: bytes, parent: bytes, begin: int, rest: bytes) -> bytes:
    times = b"\x39" + begin.to_bytes(8, "little") + b"\x41" + (begin + 200_000).to_bytes(8, "little")
    return _field(2, _field(1, trace) + _field(2, span) + _field(4, parent) + rest + times)


class Exporter:
    """Collects spans and sends them off in a thread."""

    def __init__(self, endpoint: str) -> None:
        parts = urlsplit(endpoint)
        self._connection = HTTPConnection(parts.hostname or "", parts.port)
        self._spans: list[bytes] = []

    def add(self, trace: bytes, parent: bytes) -> None:
        """The spans of one request."""
        server, begin = os.urandom(8), time.time_ns()
        self._spans.append(_span(trace, server, parent, begin, _SERVER))
        self._spans.append(_span(trace, os.urandom(8), server, begin, _QUERY))

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(0.02)
            while self._spans:
                spans, self._spans = self._spans[:_MOST], self._spans[_MOST:]
                await asyncio.to_thread(self._send, _field(1, _RESOURCE + _field(2, b"".join(spans))))

    def _send(self, message: bytes) -> None:
        self._connection.request("POST", "/v1/traces", message, {"Content-Type": "application/x-protobuf"})
        answer = self._connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status


class Answering(asyncio.Protocol):
    """One connection."""

    def __init__(self, exporter: Exporter) -> None:
        self._exporter = exporter

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers each request in it."""
        for trace, span in _CONTEXT.findall(data):
            self._exporter.add(bytes.fromhex(trace.decode()), bytes.fromhex(span.decode()))
        self._transport.write(_ANSWER * data.count(b"\r\n\r\n"))


async def main() -> None:
    """Prints its address and serves."""
    exporter = Exporter(os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answering(exporter), "127.0.0.1", 0)
    print(json.dumps({"url": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"}), flush=True)
    await exporter.run()


if __name__ == "__main__":
    asyncio.run(main())
