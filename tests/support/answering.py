"""A real HTTP server on loopback whose answers a test gives: for backends that cannot be had."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import parse_qsl, urlsplit

from tests.support.serving import LoopbackServer, QuietHandler, serving


@dataclass(frozen=True)
class Asked:
    """A request. ``headers`` are found in any case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Message
    body: bytes


@dataclass(frozen=True)
class Answer:
    """An answer."""

    body: bytes = b""
    status: int = 200
    kind: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


class _Server(LoopbackServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Quiet: clients that go away are part of tests."""


@contextmanager
def answering(answer: Callable[[Asked], Answer], *, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The server's URL while the block runs; ``answer`` is called from several threads."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked = Asked(self.command, url.path, dict(parse_qsl(url.query)), self.headers, body)
            given = answer(asked)
            self.send_response(given.status)
            self.send_header("Content-Type", given.kind)
            self.send_header("Content-Length", str(len(given.body)))
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(given.body)

        do_POST = do_GET

    server = _Server(Handler)
    if tls is not None:  # shaking hands in the thread of each connection, for some fail
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with serving(server):
        yield server.url if tls is None else server.url.replace("http:", "https:")
