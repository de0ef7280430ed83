"""A real HTTP server that remembers each request's headers, and answers with them as JSON."""

from __future__ import annotations

import json
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

from tests.k6.echo_websocket import serve_websocket
from tests.support.serving import LoopbackServer, QuietHandler, serving

_WITHOUT_BODY: Final = frozenset({204, 304})
_HOP: Final = re.compile(r"/hop/\d+(\?|$)")
_PAGE: Final = b"""<a href="/clicked">next</a>
<form action="submitted?old=1" method="post"><input name="a" value="1"><input name="b" value="2 &amp; 3">
<input type="submit" name="go" value="yes"></form>
<form id="search" action="/found"><input name="q" value="x y"></form>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request as the server got it; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class EchoServer(LoopbackServer):
    """``/redirect`` answers 302 to ``/end``, ``/status/N`` with status N,
    ``/page`` with a page that links to ``/clicked`` and has a form for ``/submitted``, ``/body`` with the body it
    got, and the cookie ``sid``; ``/hop/N?to=URL`` redirects with status N and sets the cookie ``hop``. A WebSocket
    gets the message ``hello``.
    """

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.seen: list[Seen] = []

    @property
    def other_host_url(self) -> str:
        """The same server under another host's name."""
        return f"http://localhost:{self.server_address[1]}"


class _Handler(QuietHandler):
    wbufsize = -1  # one packet an answer

    def _answer(self) -> None:
        assert isinstance(self.server, EchoServer)
        if self.headers.get("Upgrade") == "websocket":
            self.server.seen.append(self._seen(b""))
            serve_websocket(self)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen = self._seen(body)
        headers = seen.headers
        self.server.seen.append(seen)
        status = 302 if self.path.startswith("/redirect") else 200
        if self.path.startswith("/status/"):
            status = int(self.path.split("/")[2])
        page = self.path == "/page"
        hop = urlsplit(self.path) if _HOP.match(self.path) else None
        if hop:
            status = int(hop.path.split("/")[2])
        answer = _PAGE if page else json.dumps(headers).encode()
        if self.path == "/body":
            answer = body
        if status in _WITHOUT_BODY:
            answer = b""  # else Go's client takes it for an answer to the next request, and ends the connection
        self.send_response(status)
        if self.path == "/body":
            self.send_header("Set-Cookie", "sid=s-1; Path=/")
        if hop:
            self.send_header("Set-Cookie", "hop=1; Path=/")
            for location in parse_qs(hop.query).get("to", []):
                self.send_header("Location", location)
        elif status == 302:
            self.send_header("Location", "/end")
        self.send_header("Content-Type", "text/html" if page else "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)
        self.wfile.flush()

    def _seen(self, body: bytes) -> Seen:
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Seen(method=self.command, path=self.path, headers=headers, body=body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer


def echo_server() -> AbstractContextManager[EchoServer]:
    """The server while the block runs."""
    return serving(EchoServer())
