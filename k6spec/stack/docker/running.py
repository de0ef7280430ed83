"""Docker's containers, asked how they are: one's state, its ending, its log."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, cast

from docker import errors, types
from docker.models.containers import Container as Running
from requests.exceptions import RequestException

_TAIL: Final = 2000


def readable_log() -> types.LogConfig:
    """A log that can be read back, whatever the daemon's own default is, and that does not fill the disk."""
    return types.LogConfig(type="json-file", config={"max-size": "10m", "max-file": "2"})


def is_running(container: Running) -> bool:
    """Whether a container runs now."""
    with suppress(errors.NotFound):
        container.reload()
        return container.status == "running"
    return False


def ending(container: Running) -> str:
    """How a container ended, as it was seen last: ``exit code 1``."""
    state = cast("Mapping[str, Any]", container.attrs.get("State", {}))
    return "out of memory" if state.get("OOMKilled") else f"exit code {state.get('ExitCode')}"


def log_of(container: Running) -> str:
    """The end of a container's log; empty where there is none any more."""
    with suppress(errors.DockerException, RequestException):
        return container.logs(tail=_TAIL).decode(errors="replace")
    return ""
