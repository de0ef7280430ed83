"""How a system in a container reaches the stack: what it is told, and which network it joins."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final, Protocol, final, runtime_checkable
from urllib.parse import urlsplit

from k6spec.errors import StackFault, SutFault
from k6spec.stack.base import Endpoints, StackBackend
from k6spec.stack.otlp_env import exporting
from k6spec.stack.ports import free_ports

_HOST_GATEWAY: Final = "host.docker.internal"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The way from a container to the stack.

    Attributes:
        to: where the stack accepts spans, as seen from the container.
        network: one that the container must join; None if none.
        hosts: names that it must be able to look up, each with its address.
    """

    to: Endpoints
    network: str | None = None
    hosts: Mapping[str, str]

    def env(self, present: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
        """The environment variables that make its OpenTelemetry SDK export to the stack.

        Args:
            present: what its environment holds otherwise: see :func:`~k6spec.stack.otlp_env.exporting`.

        Raises:
            SutFault: nobody said where spans are to be sent.
        """
        try:
            return exporting(self.to, present)
        except StackFault as fault:
            raise SutFault(fault.cause, advice=fault.advice) from None


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
        return Reach(to=stack.endpoints("host"), hosts={})
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
        to=stack.endpoints("container"),
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


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"
