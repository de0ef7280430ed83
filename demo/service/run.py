"""Run a Flask application on waitress until the process is told to end."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING

from waitress.server import create_server  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from flask import Flask

THREADS = 24
MAX_CONNECTIONS = 1_000


def service_parser(service: str) -> argparse.ArgumentParser:
    """The options that the launcher gives every service."""
    parser = argparse.ArgumentParser(prog=f"python -m demo.{service}", description=f"The {service} service.")
    parser.add_argument("--listen-fd", type=int, required=True, help="file descriptor of a bound TCP socket")
    parser.add_argument("--database", required=True, metavar="URL", help="SQLAlchemy URL of the seeded database")
    return parser


def run(app: Flask, listen_fd: int) -> None:
    """Serve requests; return after SIGTERM, SIGINT or the end of standard input.

    Returning, and not dying, lets OpenTelemetry's exit handler export the last spans.
    """
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    threading.Thread(target=_end_with_launcher, daemon=True).start()
    server = create_server(
        app,
        sockets=[socket.socket(fileno=listen_fd)],
        threads=THREADS,
        connection_limit=MAX_CONNECTIONS,
        clear_untrusted_proxy_headers=True,
    )
    server.run()


def _end_with_launcher() -> None:
    """Wait for the end of standard input, a pipe whose other end the launcher holds."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
