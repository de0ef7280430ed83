"""The OTLP receiver, a process of its own: ``python -m k6spec.collect.receiver --spool DIR``.

It prints one line of JSON, ``{"grpc": PORT, "http": PORT}``, once both ports take exports, and writes spans to
the spool and its counters beside it. SIGTERM: it takes nothing new, ends what it has begun, and exits with 0;
SIGINT is left to the parent. A port that cannot be had: one line on standard error and exit code 3.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import resource
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import uvicorn

from k6spec.collect.counters import CounterWriter
from k6spec.collect.grpc_server import grpc_server
from k6spec.collect.handshake import COUNTERS_NAME, LOCK_NAME, MAX_MESSAGE_BYTES, NO_PORT_EXIT, SPOOL_NAME
from k6spec.collect.http_app import HttpApp
from k6spec.collect.intake import Intake
from k6spec.collect.spool import SpoolWriter

_DRAIN_SECONDS: Final = 3
_KEEP_ALIVE_SECONDS: Final = 3600
"""SDKs export every few seconds on one connection: a shorter limit would close it just as they write."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    spool: Path
    host: str
    grpc_port: int
    http_port: int
    max_bytes: int
    wipe: bool


class _NoPort(Exception):
    pass


def main(argv: Sequence[str] | None = None) -> int:
    """Runs until SIGTERM; returns the exit code."""
    options = _parse(argv)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # in all threads to come: _serve waits for it
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # where "unlimited" is more than the system gives
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a connection each, and SDKs keep theirs open
    try:
        options.spool.mkdir(mode=0o700, exist_ok=True)
        with (options.spool / LOCK_NAME).open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)  # for sweep_spools
            _serve(options)
    except _NoPort as error:
        print(error, file=sys.stderr)
        return NO_PORT_EXIT
    finally:
        if options.wipe:
            shutil.rmtree(options.spool, ignore_errors=True)
    return 0


def _serve(options: _Options) -> None:
    spool = SpoolWriter(options.spool / SPOOL_NAME)
    intake = Intake(spool, CounterWriter(options.spool / COUNTERS_NAME))
    asked_to_end = threading.Event()
    main_thread = threading.get_ident()
    # Not in the main thread: there uvicorn would install its own signal handlers.
    with ThreadPoolExecutor(1, "otlp") as other:
        served = other.submit(asyncio.run, _served(options, intake, asked_to_end))
        served.add_done_callback(lambda _: signal.pthread_kill(main_thread, signal.SIGTERM))
        signal.sigwait({signal.SIGTERM})
        asked_to_end.set()
        served.result()
    spool.close()


async def _served(options: _Options, intake: Intake, asked_to_end: threading.Event) -> None:
    listener = _listen(options.host, options.http_port)
    grpc = grpc_server(intake, max_bytes=options.max_bytes)
    try:
        grpc_port = grpc.add_insecure_port(f"{_bracketed(options.host)}:{options.grpc_port}")
    except RuntimeError:
        grpc_port = 0
    if not grpc_port:
        raise _NoPort(f"port {options.grpc_port} on {options.host} cannot be had for OTLP/gRPC: it is in use")
    http = uvicorn.Server(
        uvicorn.Config(
            HttpApp(intake, max_bytes=options.max_bytes),
            http="httptools",
            ws="none",
            lifespan="off",
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_DRAIN_SECONDS,
        )
    )
    await grpc.start()
    http_served = asyncio.create_task(http.serve(sockets=[listener]))
    while not http.started and not http_served.done():
        await asyncio.sleep(0.005)
    print(json.dumps({"grpc": grpc_port, "http": listener.getsockname()[1]}), flush=True)
    await asyncio.to_thread(asked_to_end.wait)
    http.should_exit = True
    await asyncio.gather(grpc.stop(_DRAIN_SECONDS), http_served)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        raise _NoPort(f"port {port} on {host} cannot be had for OTLP/HTTP: {error.strerror}") from None
    return listener


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _parse(argv: Sequence[str] | None) -> _Options:
    parser = argparse.ArgumentParser(prog="python -m k6spec.collect.receiver", description=__doc__)
    parser.add_argument("--spool", type=Path, required=True, metavar="DIR", help="made if it is missing")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--grpc-port", type=int, default=0, help="0: any free one (%(default)s)")
    parser.add_argument("--http-port", type=int, default=0, help="0: any free one (%(default)s)")
    parser.add_argument("--max-bytes", type=int, default=MAX_MESSAGE_BYTES, help="largest export (%(default)s)")
    parser.add_argument("--wipe", action="store_true", help="remove DIR at the end")
    return _Options(**vars(parser.parse_args(argv)))


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        sys.exit(main())
