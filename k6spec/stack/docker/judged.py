"""The judged spans of a stack of containers: fetched out of the Collector's while a load is under way."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Final, final

import docker
from docker.models.containers import Container as Running

from k6spec.collect.plain_http import UNANSWERED, ask
from k6spec.errors import StackFault
from k6spec.stack.containers import SDK_METRICS_FILE, SPANS_FILE
from k6spec.stack.docker.daemon import docker_faults
from k6spec.stack.docker.files import ContainerFiles
from k6spec.stack.mirror import Mirror

_RELOAD_SECONDS: Final = 10.0
_STALE_BYTES: Final = 16 << 20
"""How much of spans that no load waited for is fetched and passed over; more is thrown away where it is."""


@final
class JudgedFiles:
    """The Collector's files, followed in a directory of this host until they are closed.

    Args:
        collector: the container.
        spool: the directory, which is made here and removed by :meth:`close`. What is there already was left by a
            session that was killed.
        health: the URL of the Collector's health.
        check: raises a StackFault if the Collector is dead.

    Raises:
        StackFault: the Collector is dead, or the directory cannot be made.
    """

    def __init__(
        self,
        client: docker.DockerClient,
        collector: Running,
        *,
        spool: Path,
        health: str,
        check: Callable[[], None],
    ) -> None:
        self._collector = collector
        self._spool = spool
        self._health = health
        self._check = check
        shutil.rmtree(spool, ignore_errors=True)
        files = ContainerFiles(client, collector)
        with docker_faults("the spans cannot be fetched from the Collector's container"):
            check()
            if files.size(SPANS_FILE) > _STALE_BYTES:
                self._begin_anew()
        try:
            spool.mkdir(mode=0o700, parents=True)
        except OSError as error:
            raise StackFault(
                f"the directory for raw spans, {spool}, cannot be made: {error.strerror}",
                advice="make the place writable",
            ) from error
        self._mirror = Mirror(spool, files, spans=SPANS_FILE, metrics=SDK_METRICS_FILE)

    def pull(self) -> None:
        """Fetches what is new.

        Raises:
            StackFault: the Collector is dead, or Docker's daemon does not answer.
        """
        with docker_faults("the spans could not be fetched from the Collector's container"):
            self._check()
            self._mirror.pull()

    def close(self) -> None:
        """Wipes the raw spans here and in the container."""
        shutil.rmtree(self._spool, ignore_errors=True)
        with suppress(StackFault), docker_faults("the Collector could not begin its files anew"):
            self._begin_anew()

    def _begin_anew(self) -> None:
        """Makes the Collector reload: it drains, empties its files and is back in some 50 ms on the same ports.

        So no load has to fetch the spans of those before it.
        """
        before = _up_since(self._health)
        self._check()
        self._collector.kill("SIGHUP")
        deadline = time.monotonic() + _RELOAD_SECONDS
        while _up_since(self._health) in (None, before) and time.monotonic() < deadline:
            self._check()
            time.sleep(0.02)


def _up_since(health_url: str) -> str | None:
    with suppress(*UNANSWERED, json.JSONDecodeError):
        answer = ask(health_url, timeout=1)
        if answer.status == HTTPStatus.OK:
            return str(json.loads(answer.body).get("upSince"))
    return None
