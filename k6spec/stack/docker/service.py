"""A container of a system under test: what is to run, and how it is known to be ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast, final

from docker import errors
from docker.models.containers import Container as Running
from requests.exceptions import RequestException

from k6spec.stack.wait import WaitStrategy


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A container beside the one under load: a database, a queue, another service.

    Attributes:
        name: its host name for the others.
        command: arguments in place of the image's own.
        ready: a command that ends with 0 inside it once it is ready, such as
            ``("pg_isready", "-h", "127.0.0.1")``; None waits for the image's health check, where it has one.
        options: further arguments of ``containers.create`` of Docker's SDK, such as ``{"mem_limit": "512m"}``.
    """

    name: str
    image: str
    env: Mapping[str, str] = field(default_factory=dict)
    command: Sequence[str] | None = None
    ready: Sequence[str] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def readiness(service: Service, running: Running) -> WaitStrategy:
    """How a service is known to be ready."""
    return _Healthy(running) if service.ready is None else _CommandSucceeds(running, service.ready)


@final
class _CommandSucceeds:
    """A command ends with 0 inside a container."""

    def __init__(self, container: Running, command: Sequence[str]) -> None:
        self._container = container
        self._command = list(command)
        self._last = "not run yet"

    def ready(self) -> bool:
        try:
            code, output = self._container.exec_run(self._command)
        except (errors.DockerException, RequestException) as error:
            self._last = str(error)
            return False
        said = cast("bytes", output or b"").decode(errors="replace").strip()
        self._last = f"{code}: {said}" if said else str(code)
        return code == 0

    def __str__(self) -> str:
        return f"`{' '.join(self._command)}` to end with 0 in it (last: {self._last})"


@final
class _Healthy:
    """A container's health check succeeds, or it has none."""

    def __init__(self, container: Running) -> None:
        self._container = container
        self._last: str | None = None

    def ready(self) -> bool:
        try:
            self._container.reload()
        except (errors.DockerException, RequestException):
            return False
        health = cast("Mapping[str, Any]", self._container.attrs.get("State", {})).get("Health")
        self._last = None if health is None else health.get("Status")
        return self._last in {None, "none", "healthy"}

    def __str__(self) -> str:
        return f"its health check to succeed (last: {self._last})"
