"""Removing what belongs to systems under test, for whoever may not import Docker's SDK too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import docker

from k6spec.stack.docker.daemon import API_SECONDS, connect, remove, remove_leftovers
from k6spec.stack.docker.sut_faults import sut_faults
from k6spec.stack.owner import STACK, Owner

NEEDS_DOCKER: Final = "start Docker, or let your user reach it: containers need it, whichever stack is used"


def remove_owned(client: docker.DockerClient, owner: Owner) -> None:
    """Removes all containers, networks and volumes that carry this very owner's labels."""
    label: dict[str, str | list[str] | bool] = {"label": f"{STACK}={owner.stack}"}
    for container in client.containers.list(all=True, filters=label, ignore_removed=True):
        remove(container)
    for thing in [*client.networks.list(filters=label), *client.volumes.list(filters=label)]:
        remove(thing)


def remove_dead(owner: Owner, say: Callable[[str], None]) -> None:
    """Removes what dead sessions of the same user and workspace left.

    Raises:
        SutFault: Docker's daemon does not answer.
    """
    with sut_faults("the system under test did not start", advice=NEEDS_DOCKER):
        client = connect(timeout=API_SECONDS)
        try:
            remove_leftovers(client, owner, say)
        finally:
            client.close()


def remove_all(owner: Owner) -> None:
    """Removes all that carries this very owner's labels.

    Raises:
        SutFault: Docker's daemon does not answer.
    """
    with sut_faults("the system under test could not be removed", advice=NEEDS_DOCKER):
        client = connect(timeout=API_SECONDS)
        try:
            remove_owned(client, owner)
        finally:
            client.close()
