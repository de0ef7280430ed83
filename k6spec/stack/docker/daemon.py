"""Docker's daemon: reached, asked for images, cleared of what dead sessions left."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

import docker
from docker import errors
from docker.context import ContextAPI
from docker.models.containers import Container as Running
from docker.utils import parse_repository_tag
from requests.exceptions import RequestException

from k6spec.errors import StackFault
from k6spec.stack.containers import StackPlan
from k6spec.stack.kept import KeptFile
from k6spec.stack.owner import Owner, is_leftover, leftover_spool
from k6spec.stack.uninterrupted import uninterrupted as uninterrupted

API_SECONDS: Final = 60
"""How long one call of the daemon's API may take."""

_DEFAULT_ADDRESS: Final = "unix:///var/run/docker.sock"
_PROBE_SECONDS: Final = 0.8
_SAY_EVERY: Final = 2.0
_ADDRESS: Final = re.compile(r"(?P<host>\d+(\.\d+){3}|\[[0-9a-f:]+\]):(?P<port>\d+)")
_ADVICE: Final = "or use the process or the embedded stack, which need no Docker"


def why_not(plan: StackPlan) -> str | None:
    """Why Docker cannot be used at once, in words, or None if it can; a daemon that hangs costs under a second."""
    if not is_local(daemon_address()):
        return f"Docker's daemon is on another host ({daemon_address()}), and publishes ports on its own loopback"
    try:
        client = connect(timeout=_PROBE_SECONDS)
    except StackFault as fault:
        return fault.cause
    try:
        for container in plan.containers:
            try:
                client.images.get(container.image)
            except errors.ImageNotFound:
                return f"the image {container.image} is not here (docker pull {container.image})"
    except (errors.DockerException, RequestException) as error:
        return f"Docker's daemon does not answer: {error}"
    finally:
        client.close()
    return None


def connect(*, timeout: float) -> docker.DockerClient:
    """A client of the daemon that the command ``docker`` would talk to.

    Raises:
        StackFault: it does not answer, or what it is asked by is set wrongly.
    """
    seconds = cast("int", timeout)  # requests takes a float
    try:
        context = ContextAPI.get_current_context()
        if os.environ.get("DOCKER_HOST") or context is None:
            return docker.DockerClient.from_env(timeout=seconds, version="auto")
        return docker.DockerClient(base_url=context.Host, tls=context.TLSConfig, timeout=seconds, version="auto")
    except (errors.DockerException, RequestException, ValueError) as error:  # ValueError: the address is none
        denied = "permission denied" in str(error).lower()
        seen = "at {} may not be asked by you" if denied else "does not answer at {}"
        raise StackFault(
            f"Docker's daemon {seen.format(daemon_address())}: {_root_cause(error)}",
            advice=("add yourself to the group docker" if denied else "start Docker") + f", {_ADVICE}",
        ) from error
    except (AttributeError, TypeError, KeyError) as error:  # the SDK takes for granted what that file holds
        raise StackFault(
            f"Docker's settings (~/.docker/config.json, or DOCKER_CONFIG's) are not what they should be: {error}",
            advice=f"correct that file, {_ADVICE}",
        ) from error


def _root_cause(error: BaseException) -> str:
    """The innermost reason in words: the SDK wraps it in the reprs of several others."""
    while True:
        inner = error.__cause__ or error.__context__
        if inner is None:
            break
        error = inner
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def daemon_address() -> str:
    """Where the command ``docker`` would look for its daemon."""
    context = ContextAPI.get_current_context()
    return os.environ.get("DOCKER_HOST") or (context.Host if context else None) or _DEFAULT_ADDRESS


def is_local(address: str) -> bool:
    """Whether a daemon at this address is on this host."""
    try:
        url = urlsplit(address)
    except ValueError:
        return False
    return url.scheme in {"unix", "npipe"} or url.hostname in {"localhost", "127.0.0.1", "::1"}


@contextmanager
def docker_faults(what: str) -> Iterator[None]:
    """Says Docker's errors as faults of the stack."""
    try:
        yield
    except (errors.DockerException, RequestException) as error:
        text = str(getattr(error, "explanation", None) or error)
        taken = "already allocated" in text or "address already in use" in text
        if taken and (at := _ADDRESS.search(text)):
            text = f"port {at['port']} on {at['host']} cannot be had: it is in use"
        raise StackFault(
            f"{what}: {text}",
            advice="end what listens there, or let k6spec take any free port: 0"
            if taken
            else f"look at Docker's daemon, {_ADVICE}",
        ) from error


def ensure_image(client: docker.DockerClient, image: str, say: Callable[[str], None]) -> None:
    with suppress(errors.ImageNotFound):
        client.images.get(image)
        return
    say(f"pulling {image}")
    repository, tag = parse_repository_tag(image)
    try:
        _pull_image(client, repository, tag or "latest", lambda text: say(f"pulling {image}: {text}"))
        client.images.get(image)
    except (errors.DockerException, RequestException) as error:
        raise StackFault(
            f"the image {image} could not be pulled: {getattr(error, 'explanation', None) or error}",
            advice=f"docker pull {image}; or name images of a registry of yours (collector_image and "
            f"jaeger_image in [tool.k6spec]), {_ADVICE}",
        ) from error


def _pull_image(client: docker.DockerClient, repository: str, tag: str, say: Callable[[str], None]) -> None:
    layers: dict[str, tuple[int, int]] = {}
    said = time.monotonic()
    for event in client.api.pull(repository, tag=tag, stream=True, decode=True):
        if "error" in event:
            raise errors.DockerException(event["error"])
        detail = event.get("progressDetail") or {}
        if event.get("status") == "Downloading" and detail.get("total"):
            layers[event["id"]] = (detail["current"], detail["total"])
        if layers and time.monotonic() - said >= _SAY_EVERY:
            said = time.monotonic()
            have, total = (sum(sizes) >> 20 for sizes in zip(*layers.values(), strict=True))
            say(f"{have:,} of {total:,} MiB")


def clear_leftovers(workspace: Path, say: Callable[[str], None]) -> None:
    """Removes what dead sessions of this user left in this workspace, if Docker's daemon answers at once."""
    with suppress(StackFault):
        connect(timeout=_PROBE_SECONDS).close()
        client = connect(timeout=API_SECONDS)
        try:
            with docker_faults("what dead sessions left could not be removed"):
                remove_leftovers(client, Owner(workspace=workspace), say)
        finally:
            client.close()


def remove_leftovers(client: docker.DockerClient, owner: Owner, say: Callable[[str], None]) -> None:
    """Removes what dead sessions of the same owner left."""
    for leftover, labels in leftovers(client, owner):
        say(f"removing {leftover.name}, left over by a session that died")
        with suppress(errors.APIError):  # a network that somebody's container has joined
            remove(leftover)
        if (spool := leftover_spool(labels)) is not None:
            shutil.rmtree(spool, ignore_errors=True)


def leftovers(client: docker.DockerClient, owner: Owner) -> Iterator[tuple[Any, Mapping[str, str]]]:
    """Containers, then networks and volumes, of sessions of the same owner that are dead, each with its labels.

    A stack that is kept is none.
    """
    kept = KeptFile(owner.workspace).kept_id()
    filters: dict[str, str | list[str] | bool] = {"label": owner.finds()}
    for container in client.containers.list(all=True, filters=filters, ignore_removed=True):
        if is_leftover(container.labels, kept=kept):
            yield container, container.labels
    for thing in [*client.networks.list(filters=filters), *client.volumes.list(filters=filters)]:
        labels = cast("Mapping[str, str]", thing.attrs.get("Labels") or {})
        if is_leftover(labels, kept=kept):
            yield thing, labels


def remove(thing: Any) -> None:
    """Removes a container with its volumes, a network or a volume; what is gone or being removed is left alone."""
    try:
        if isinstance(thing, Running):
            thing.remove(force=True, v=True)
        else:
            thing.remove()
    except errors.NotFound:
        pass
    except errors.APIError as error:
        if error.status_code != HTTPStatus.CONFLICT:
            raise
