"""A real HTTP server for loads of tests: answers 200, and counts what it is asked."""

from __future__ import annotations

from contextlib import AbstractContextManager

from tests.support.serving import LoopbackServer, QuietHandler, serving


class CountingServer(LoopbackServer):
    """``paths`` holds every path asked for, in order."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.paths: list[str] = []


class _Handler(QuietHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, CountingServer)
        self.server.paths.append(self.path)
        self.send_response(500 if "fail" in self.path else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


def counting_server() -> AbstractContextManager[CountingServer]:
    """The server while the block runs."""
    return serving(CountingServer())
