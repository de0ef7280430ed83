"""The life of the shop, from its database to the end of both services."""

from __future__ import annotations

import json
import signal
import threading
import time
from contextlib import ExitStack

from demo.launcher.database import seeded_database
from demo.launcher.failure import LaunchError
from demo.launcher.process import Service, listening_socket

READY_TIMEOUT_S = 60
POLL_S = 0.05


def serve(*, host: str, orders_port: int, stock_port: int, database: str | None) -> None:
    """Run the shop until SIGTERM or SIGINT; print the services' URLs as one line of JSON when both answer."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with ExitStack() as stack:
        orders_listener = stack.enter_context(listening_socket("orders", host, orders_port))
        stock_listener = stack.enter_context(listening_socket("stock", host, stock_port))
        url = stack.enter_context(seeded_database(database))
        services: list[Service] = []
        stack.callback(_stop, services)
        stock = Service.start("stock", stock_listener, "--database", url)
        services.append(stock)
        orders = Service.start("orders", orders_listener, "--database", url, "--stock", stock.url)
        services.append(orders)
        _wait_until_healthy(services, stop)
        if not stop.is_set():
            print(json.dumps({service.name: service.url for service in (orders, stock)}), flush=True)
        while not stop.wait(POLL_S):
            _check_alive(services)


def _wait_until_healthy(services: list[Service], stop: threading.Event) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    waiting = list(services)
    while waiting and not stop.wait(POLL_S):
        _check_alive(services)
        waiting = [service for service in waiting if not service.healthy()]
        if time.monotonic() > deadline:
            raise LaunchError(f"not ready after {READY_TIMEOUT_S} s: {', '.join(s.name for s in waiting)}")


def _check_alive(services: list[Service]) -> None:
    for service in services:
        service.check_alive()


def _stop(services: list[Service]) -> None:
    for service in services:
        service.process.terminate()
    for service in services:
        service.wait()
