"""A real HTTP server that remembers each request's headers, and answers with them as JSON."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request as the server got it; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class EchoServer(ThreadingHTTPServer):
    """On 127.0.0.1, at a free port. ``/redirect`` answers 302 to ``/end``, ``/status/N`` with status N,
    ``/page`` with a page that links to ``/clicked``.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[Seen] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def other_host_url(self) -> str:
        """The same server under another host's name."""
        return f"http://localhost:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet an answer

    def _answer(self) -> None:
        assert isinstance(self.server, EchoServer)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append(Seen(method=self.command, path=self.path, headers=headers, body=body))
        status = 302 if self.path.startswith("/redirect") else 200
        if self.path.startswith("/status/"):
            status = int(self.path.split("/")[2])
        page = self.path == "/page"
        answer = b'<a href="/clicked">next</a>' if page else json.dumps(headers).encode()
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/end")
        self.send_header("Content-Type", "text/html" if page else "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)
        self.wfile.flush()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def echo_server() -> Iterator[EchoServer]:
    """The server while the block runs."""
    with EchoServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
