"""Ports: those that the settings fix can be had, and who has the usual ones."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from k6spec.doctor.case import Case
from k6spec.doctor.finding import Finding
from k6spec.doctor.listeners import listeners
from k6spec.stack.collector_config import GRPC_PORT, HTTP_PORT
from k6spec.stack.jaeger_config import UI_PORT

_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FEW: Final = 10_000
_USUAL: Final = {GRPC_PORT: "OTLP/gRPC", HTTP_PORT: "OTLP/HTTP", UI_PORT: "Jaeger"}


def fixed_ports(case: Case) -> Iterator[Finding]:
    """Whether each can be had that the settings name for the chosen stack."""
    for setting, (host, port) in _fixed(case).items():
        topic = f"port {port}"
        if port in _ports_of_running(case):
            seen = f"{setting}: of the stack that runs already"
            yield Finding(topic=topic, status="ok", seen=seen)
            continue
        why = _why_not_free(host, port)
        if why is None:
            low, high = _ephemeral()
            if low <= port <= high:
                yield Finding(
                    topic=topic,
                    status="warning",
                    seen=f"{setting}: free now, but of the range that outgoing connections get ({low} to {high})",
                    advice="choose one below that range",
                )
            else:
                yield Finding(topic=topic, status="ok", seen=f"{setting}: free")
            continue
        yield Finding(
            topic=topic,
            status="problem",
            seen=f"{setting}: {why}",
            advice="set another (of the stack's own, 0 takes any free one), or end what listens there",
        )


def usual_ports(case: Case) -> Iterator[Finding]:
    """Who has the ports that OpenTelemetry and Jaeger have by default: what isn't told otherwise exports there."""
    fixed = {port for _, port in _fixed(case).values()}
    for port, purpose in _USUAL.items():
        if port in fixed:
            continue
        why = _why_not_free("127.0.0.1", port)
        seen = f"usual for {purpose}: {why or 'free'}"
        expected = case.stack == "external" or port in _ports_of_running(case)
        if why is None or expected or port == UI_PORT:
            yield Finding(topic=f"port {port}", status="ok", seen=seen)
        else:
            yield Finding(
                topic=f"port {port}",
                status="warning",
                seen=seen,
                advice="a system that is not told where to export sends its spans there, and not to k6spec: set "
                "OTEL_EXPORTER_OTLP_ENDPOINT for it, or end what listens there",
            )


def ephemeral_ports(_case: Case) -> Iterator[Finding]:
    """How many connections k6 can have to one address at once; those just closed count for a minute."""
    low, high = _ephemeral()
    if not high:
        yield Finding(topic="outgoing ports", status="not needed", seen="the system does not tell how many")
        return
    count = high - low + 1
    seen = f"{count:,} ({low} to {high}): connections to one address, those of the last minute included"
    if count >= _FEW:
        yield Finding(topic="outgoing ports", status="ok", seen=seen)
    else:
        advice = 'sysctl -w net.ipv4.ip_local_port_range="16384 65535"'
        yield Finding(topic="outgoing ports", status="warning", seen=seen, advice=advice)


def _fixed(case: Case) -> dict[str, tuple[str, int]]:
    """By setting, host and port, of what the chosen stack binds."""
    config = case.config
    if case.stack == "external":
        host, _, port = (config.receiver or "").rpartition(":")
        return {"receiver": (host.strip("[]"), int(port))} if port.isdecimal() else {}
    ports = {"otlp_grpc_port": config.otlp_grpc_port, "otlp_http_port": config.otlp_http_port}
    if case.stack in {"docker", "process"} and case.with_jaeger:
        ports["jaeger_port"] = config.jaeger_port
    return {setting: ("127.0.0.1", port) for setting, port in ports.items() if port}


def _why_not_free(host: str, port: int) -> str | None:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.create_server(address[:2], family=family):
            return None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            holders = listeners(port)
            return f"in use by {', '.join(holders)}" if holders else "in use, by whom cannot be seen"
        if error.errno == errno.EADDRNOTAVAIL:
            return f"{host} is no address of this host"
        return error.strerror or os.strerror(error.errno or 0)


def _ports_of_running(case: Case) -> set[int | None]:
    if case.running is None:
        return set()
    urls = (case.running.endpoints.otlp_grpc, case.running.endpoints.otlp_http, case.running.ui)
    return {urlsplit(url).port for url in urls if url}


def _ephemeral() -> tuple[int, int]:
    try:
        low, high = map(int, _RANGE.read_text().split())
    except (OSError, ValueError):
        return 0, 0
    return low, high
