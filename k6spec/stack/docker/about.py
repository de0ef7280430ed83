"""What Docker's daemon says of itself, for people who look for what is amiss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

from docker import errors
from requests.exceptions import RequestException

from k6spec.errors import StackFault
from k6spec.stack.docker.daemon import connect, daemon_address, is_local

_SECONDS: Final = 0.8
_NO_SSH: Final = "set DOCKER_HOST to a local daemon, or use the process or the embedded stack"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonReport:
    """A daemon that answers.

    Attributes:
        address: where it was asked, by the environment or Docker's context.
        local: whether it is on this host.
        system_time: its clock, ISO 8601.
        missing: the images asked for that it does not have.
    """

    address: str
    local: bool
    version: str
    system_time: str
    missing: frozenset[str]


def ask_daemon(images: Sequence[str]) -> DaemonReport:
    """Asks the daemon; one that hangs costs a second or two.

    Raises:
        StackFault: it does not answer at once, or is reached by SSH, which takes its time.
    """
    address = daemon_address()
    if address.startswith("ssh:"):
        raise StackFault(f"Docker's daemon is on another host ({address})", advice=_NO_SSH)
    client = connect(timeout=_SECONDS)
    try:
        told = client.info()
        missing = []
        for image in images:
            try:
                client.images.get(image)
            except errors.ImageNotFound:
                missing.append(image)
    except (errors.DockerException, RequestException) as error:
        raise StackFault(
            f"Docker's daemon at {address} began to answer, and then did not: {type(error).__name__}",
            advice="look at its log, and restart it",
        ) from error
    finally:
        client.close()
    return DaemonReport(
        address=address,
        local=is_local(address),
        version=str(told.get("ServerVersion", "of unknown version")),
        system_time=str(told.get("SystemTime", "")),
        missing=frozenset(missing),
    )
