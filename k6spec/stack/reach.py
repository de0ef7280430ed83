"""How a system in a container reaches the stack: what it is told, and which network it joins."""

from __future__ import annotations

from collections.abc import Container, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Protocol, final, runtime_checkable
from urllib.parse import urlsplit

from k6spec.errors import StackFault, SutFault
from k6spec.stack.base import StackBackend, Vantage
from k6spec.stack.ports import free_ports
from k6spec.stack.sut import otlp_env

_HOST_GATEWAY: Final = "host.docker.internal"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The way from a container to the stack.

    Attributes:
        network: one that the container must join; None if none.
        hosts: names that it must be able to look up, each with its address.
    """

    otlp: Mapping[str, str]
    network: str | None = None
    hosts: Mapping[str, str]

    def env(self, present: Container[str] = ()) -> dict[str, str]:
        """The environment variables that make its OpenTelemetry SDK export to the stack.

        Args:
            present: names of those that it has already: some of OpenTelemetry's would win over ours.
        """
        winning = {
            "OTEL_SDK_DISABLED": "false",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": self.otlp["OTEL_EXPORTER_OTLP_ENDPOINT"],
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": self.otlp["OTEL_EXPORTER_OTLP_PROTOCOL"],
            "OTEL_EXPORTER_OTLP_TRACES_INSECURE": self.otlp["OTEL_EXPORTER_OTLP_INSECURE"],
        }
        return {**self.otlp, **{name: value for name, value in winning.items() if name in present}}


@runtime_checkable
class _OnNetwork(Protocol):
    """A stack of containers."""

    @property
    def network(self) -> str: ...


def reach(stack: StackBackend, *, on_host_network: bool, advice: str) -> Reach:
    """The way to a stack.

    Args:
        on_host_network: whether the container shares this host's network.
        advice: what to do where there is no way.

    Raises:
        SutFault: there is none: the stack listens on this host's loopback only, or nobody said where it is.
    """
    if on_host_network:
        return Reach(otlp=_otlp(stack, "host"), hosts={})
    try:
        host = urlsplit(stack.endpoints("container").otlp_grpc).hostname or ""
    except StackFault as fault:
        raise SutFault(f"a container cannot reach the {stack.name} stack: {fault.cause}", advice=advice) from None
    if _is_loopback(host):
        raise SutFault(
            f"a container cannot reach the {stack.name} stack at {stack.endpoints('container').otlp_grpc}: "
            f"there, {host} is the container itself",
            advice=advice,
        )
    return Reach(
        otlp=_otlp(stack, "container"),
        network=stack.network if isinstance(stack, _OnNetwork) else None,
        hosts={_HOST_GATEWAY: "host-gateway"} if host == _HOST_GATEWAY else {},
    )


def expect_free(port: int) -> None:
    """Nothing listens on a port of this host that a system is to listen on: it would be loaded in its place.

    Raises:
        SutFault: something does.
    """
    try:
        free_ports([port])
    except StackFault as fault:
        raise SutFault(
            f"the system under test did not start: {fault.cause}",
            advice="end what listens there, or let the system listen on another port",
        ) from None


def _otlp(stack: StackBackend, vantage: Vantage) -> Mapping[str, str]:
    try:
        return otlp_env(stack, vantage)
    except StackFault as fault:
        raise SutFault(fault.cause, log_tail=fault.log_tail, advice=fault.advice) from None


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"
