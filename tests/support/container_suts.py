"""For tests of systems in containers: small servers to run in the demo shop's image, and what is left of them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from k6spec.collect.feed import SpanFeed
from k6spec.stack.sut import Sut
from tests.support.demo_image import PYTHON
from tests.support.stacks import rows_of

SERVER = """
import http.server, os, signal, urllib.request
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
if needed := os.environ.get("NEEDED"):
    print("needed:", urllib.request.urlopen(needed, timeout=5).status, flush=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        text = os.environ.get(self.path[1:], "").encode()
        self.send_response(200 if self.path in ("/", "/healthz") or text else 404)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
    def do_POST(self):
        os.environ["RESET"] = "done"
        self.do_GET()
where = os.environ.get("HOST", "0.0.0.0"), int(os.environ.get("PORT", "8080"))
http.server.ThreadingHTTPServer(where, Handler).serve_forever()
"""
"""Answers GET /NAME with an environment variable, sets RESET at POST /RESET, and asks for NEEDED before all."""

SERVE = [str(PYTHON), "-c", SERVER]
"""The entry point that runs it."""


def program(code: str) -> list[str]:
    """The entry point that runs Python code."""
    return [str(PYTHON), "-c", code]


def asked(sut: Sut, path: str) -> str:
    """What a system answers."""
    return httpx.get(sut.base_url + path, trust_env=False, timeout=30).text


def spans_of_a_request(sut: Sut, feed: SpanFeed) -> set[tuple[str, str]]:
    """Service and name of the spans that a request to the demo shop makes."""
    basket = {"customer": "c1", "items": [{"sku": "sku-1", "quantity": 1}]}
    answer = httpx.post(f"{sut.base_url}/checkout", json=basket, trust_env=False, timeout=30)
    assert answer.status_code == 201, answer.text
    return {(row["service"], row["name"]) for row in rows_of(feed, 6)}


def made_in(client: Any, workspace: Path) -> list[Any]:
    """All containers, networks and volumes of a workspace."""
    label = {"label": f"k6spec.workspace={workspace.resolve()}"}
    containers = client.containers.list(all=True, filters=label, ignore_removed=True)
    return [*containers, *client.networks.list(filters=label), *client.volumes.list(filters=label)]


@contextmanager
def interrupted(after: float) -> Iterator[None]:
    """Ctrl-C that many seconds after the block began; it must be felt in it."""
    timer = threading.Timer(after, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        yield
        time.sleep(after + 5)
    except KeyboardInterrupt:
        return
    finally:
        timer.cancel()
    pytest.fail("Ctrl-C was not felt")
