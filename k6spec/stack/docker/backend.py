"""A Collector and Jaeger in containers, on a network of their own, through Docker's SDK.

Nothing is mounted and nothing is run inside: the configuration is copied in, and the judged spans are copied out
of the file that the Collector writes. Everything carries the labels of :mod:`k6spec.stack.owner`.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, cast, final

import docker
from docker.models.containers import Container as Running

from k6spec.collect.feed import SpanFeed
from k6spec.collect.handshake import SPOOL_PREFIX
from k6spec.collect.jaeger_link import jaeger_link
from k6spec.collect.spool_feed import SpoolFeed
from k6spec.config import project_root
from k6spec.errors import StackFault
from k6spec.stack.base import Endpoints, Part, Record, Vantage
from k6spec.stack.collector_config import GRPC_PORT, HTTP_PORT, OLDEST
from k6spec.stack.collector_counters import CollectorCounts, read_counts
from k6spec.stack.collector_feed import CollectorFeed
from k6spec.stack.containers import COLLECTOR, JAEGER, Container, StackPlan
from k6spec.stack.docker.daemon import (
    API_SECONDS,
    connect,
    docker_faults,
    ensure_image,
    remove,
    remove_leftovers,
)
from k6spec.stack.docker.files import archive_of
from k6spec.stack.docker.judged import JudgedFiles
from k6spec.stack.docker.running import ending, is_running, log_of, readable_log
from k6spec.stack.owner import STACK, Owner
from k6spec.stack.uninterrupted import uninterrupted
from k6spec.stack.wait import HttpReady, log_tail, wait_for

_HOST: Final = "127.0.0.1"
_START_SECONDS: Final = 30.0


@final
class DockerStack:
    """A :class:`~k6spec.stack.base.LastingStack` of two containers.

    Args:
        plan: images, fixed ports, and what Jaeger keeps.
        workspace: whose stack it is: leftovers of dead sessions of this workspace and user are removed.
        say: gets a line now and then while an image is pulled.
        spool_root: where spans are kept until they are judged; the temporary directory if None.
    """

    def __init__(
        self,
        plan: StackPlan | None = None,
        *,
        workspace: Path | None = None,
        say: Callable[[str], None] = lambda _text: None,
        spool_root: Path | None = None,
    ) -> None:
        self._plan = plan or StackPlan()
        self._owner = Owner(workspace=workspace or project_root())
        self._say = say
        self._root = spool_root
        self._client: docker.DockerClient | None = None
        self._running: dict[str, Running] = {}
        self._ports: dict[tuple[str, str], int] = {}
        self._spool: Path | None = None
        self._files: JudgedFiles | None = None
        self._last_logs = ""
        self._open_feeds = 0

    @property
    def name(self) -> str:
        """``docker``."""
        return "docker"

    @property
    def network(self) -> str:
        """The network that a system in a container must join to reach the stack."""
        return f"k6spec-{self._owner.stack}"

    def start(self) -> None:
        """Starts the containers and returns when all take spans; ones that run are left alone.

        Raises:
            StackFault: no daemon, no image, a port is taken, or a container did not come up; with its log's tail.
        """
        with docker_faults("the docker stack cannot be looked at"):
            if self._ports and self._alive(COLLECTOR):
                return
        try:
            with docker_faults("the docker stack did not start"):
                self.stop()  # what a dead Collector left running
                self._start()
        except BaseException:
            with suppress(StackFault):  # a daemon that is gone; what stays is a leftover for the next session
                self.stop()
            raise

    def _start(self) -> None:
        self._client = client = connect(timeout=API_SECONDS)
        remove_leftovers(client, self._owner, self._say)
        containers = self._plan.containers
        for image in dict.fromkeys(container.image for container in containers):
            ensure_image(client, image, self._say)
        self._spool = Path(self._root or tempfile.gettempdir()) / f"{SPOOL_PREFIX}{secrets.token_hex(8)}"
        labels = self._owner.labels(spool=self._spool)
        uninterrupted(lambda: client.networks.create(self.network, driver="bridge", labels=labels))
        for container in containers:
            create = partial(self._create, client, container, labels)
            self._running[container.name] = uninterrupted(create)
        ports: dict[tuple[str, str], int] = {}
        for container in containers:
            ports.update(self._published(container))
            self._wait(container, ports[container.name, "health"])
        self._ports = ports

    def endpoints(self, vantage: Vantage = "host") -> Endpoints:
        """The Collector's, as seen from this host or from a container on :attr:`network`.

        Raises:
            StackFault: the stack is not up, or ``vantage`` is a cluster, which cannot reach it.
        """
        if not self._ports:
            raise StackFault("the docker stack is not up", advice="start() it first")
        if vantage == "cluster":
            raise StackFault(
                f"the docker stack listens on {_HOST} and its own network only: no cluster can reach it",
                advice="use the external stack, with a Collector that the cluster reaches",
            )
        if vantage == "container":
            return Endpoints(
                otlp_grpc=f"http://{COLLECTOR}:{GRPC_PORT}", otlp_http=f"http://{COLLECTOR}:{HTTP_PORT}"
            )
        return Endpoints(
            otlp_grpc=self._url(COLLECTOR, "grpc"),
            otlp_http=self._url(COLLECTOR, "http"),
        )

    def feed(self) -> SpanFeed:
        """A feed of the spans that pass the Collector from now on; they are wiped when the last one is closed.

        Raises:
            StackFault: the stack is not up, or the Collector is dead.
        """
        self.endpoints()
        assert self._spool is not None
        files = self._files = self._files or self._open_files(self._spool)
        files.pull()
        spool = SpoolFeed(self._spool, check=files.pull)
        feed = CollectorFeed(spool, self._counts, on_close=partial(self._feed_closed, files))
        self._open_feeds += 1
        return feed

    def trace_url(self, trace_id: str, span_id: str | None = None) -> str | None:
        """The trace in Jaeger's UI; None without a Jaeger, or where it is dead: it keeps traces in memory."""
        ui = self.ui()
        return None if ui is None else jaeger_link(ui, trace_id, span_id)

    def ui(self) -> str | None:
        """Jaeger's; None without one, or where it is dead."""
        return self._url(JAEGER, "ui") if self._alive(JAEGER) else None

    def viewer(self) -> str | None:
        """Jaeger; None without one, or where it is dead."""
        return self._url(JAEGER, "otlp") if self._alive(JAEGER) else None

    def logs(self) -> str:
        """What the containers have logged so far, and after the end what they had."""
        parts = [f"[{name}]\n{log_of(running)}" for name, running in self._running.items()]
        if parts:
            self._last_logs = "\n".join(parts)
        return self._last_logs

    def stop(self) -> None:
        """Removes containers and network, by their label: nothing is left behind. Safe to call again."""
        self.logs()
        client = self._client
        if client is not None:
            label: dict[str, str | list[str] | bool] = {"label": f"{STACK}={self._owner.stack}"}
            with docker_faults("the docker stack could not be removed"):
                for container in client.containers.list(all=True, filters=label, ignore_removed=True):
                    remove(container)
                for network in client.networks.list(filters=label):
                    remove(network)
        self._wipe()
        self._forget()

    def keep(self, record: Record) -> None:
        """Lets go of the containers, which last until they are removed; unless recorded, they are leftovers.

        Raises:
            StackFault: the stack is not up.
        """
        self.endpoints()
        ports: dict[str, dict[str, int]] = {}
        for (name, purpose), port in self._ports.items():
            ports.setdefault(name, {})[purpose] = port
        record(self._owner.stack, {"spool": str(self._spool), "ports": ports})
        if self._files is not None:  # else it may be another session's that uses the stack
            self._wipe()
        self._forget()

    def adopt(self, stack: str, found: Mapping[str, object]) -> None:
        """Takes over containers that were kept.

        Raises:
            StackFault: the daemon does not answer.
        """
        told = cast("Mapping[str, Any]", found)
        ports = {
            (str(name), str(purpose)): int(port)
            for name, published in told["ports"].items()
            for purpose, port in published.items()
        }
        self._spool = Path(told["spool"])
        self._owner = Owner(workspace=self._owner.workspace, stack=stack)
        self._client = connect(timeout=API_SECONDS)
        with docker_faults("the docker stack that runs cannot be looked at"):
            label: dict[str, str | list[str] | bool] = {"label": [*self._owner.finds(), f"{STACK}={stack}"]}
            for running in self._client.containers.list(all=True, filters=label, ignore_removed=True):
                self._running[str(running.name).removeprefix(f"{self.network}-")] = running
        self._ports = ports

    def parts(self) -> Sequence[Part]:
        """Collector, and Jaeger if there is one."""
        with docker_faults("the docker stack cannot be looked at"):
            return [
                Part(name=name, ailment=self._ailment(name), needed=name == COLLECTOR)
                for name in dict.fromkeys(name for name, _ in self._ports)
            ]

    def _ailment(self, name: str) -> str | None:
        if name not in self._running:
            return "its container is gone"
        if not self._alive(name):
            return f"its container ended ({ending(self._running[name])})"
        answers = HttpReady(self._health_url(name, self._ports[name, "health"]))
        return None if answers.ready() else f"it does not answer: waited for {answers}"

    def _wipe(self) -> None:
        if self._spool is not None:
            shutil.rmtree(self._spool, ignore_errors=True)

    def _forget(self) -> None:
        if self._client is not None:
            self._client.close()
            self._owner = Owner(workspace=self._owner.workspace)  # what comes next is another stack
        self._client = self._spool = self._files = None
        self._running, self._ports = {}, {}
        self._open_feeds = 0

    def _create(self, client: docker.DockerClient, container: Container, labels: dict[str, str]) -> Running:
        alias = client.api.create_endpoint_config(aliases=[container.name])
        ports: dict[str, Any] = {
            f"{inside}/tcp": (_HOST, self._plan.ports.of(purpose) or None)  # None: the daemon takes a free one
            for purpose, inside in container.ports.items()
        }
        running = client.containers.create(
            container.image,
            container.command,
            name=f"{self.network}-{container.name}",
            labels=labels,
            environment=dict(container.env),
            network=self.network,
            networking_config={self.network: alias},
            ports=ports,
            log_config=readable_log(),
        )
        running.put_archive("/", archive_of(container))
        running.start()
        return running

    def _published(self, container: Container) -> dict[tuple[str, str], int]:
        running = self._running[container.name]
        running.reload()
        bound = cast("Mapping[str, Sequence[Mapping[str, str]] | None]", running.ports)
        ports = {}
        for purpose, inside in container.ports.items():
            if not (bindings := bound.get(f"{inside}/tcp")):
                raise self._ended(container.name, "did not start")
            ports[container.name, purpose] = int(bindings[0]["HostPort"])
        return ports

    def _wait(self, container: Container, health_port: int) -> None:
        name = container.name
        try:
            wait_for(
                HttpReady(self._health_url(name, health_port)),
                timeout=_START_SECONDS,
                alive=lambda: self._alive(name),
            )
        except ChildProcessError:
            raise self._ended(name, "did not start") from None
        except TimeoutError as error:
            raise StackFault(
                f"{name} did not start: {error}",
                log_tail=log_tail(log_of(self._running[name])),
                advice="see the log",
            ) from None

    def _alive(self, name: str) -> bool:
        running = self._running.get(name)
        return running is not None and is_running(running)

    def _ended(self, name: str, how: str) -> StackFault:
        running = self._running[name]
        return StackFault(
            f"the container {running.name} {how} ({ending(self._running[name])})",
            log_tail=log_tail(log_of(running)),
            advice=f"see the log; a Collector must be {OLDEST} or newer, Jaeger 2.0",
        )

    def _check(self) -> None:
        if not self._ports:
            raise StackFault("the docker stack was stopped", advice="start() it again; run the load again")
        if not self._alive(COLLECTOR):
            raise self._ended(COLLECTOR, "died")

    def _counts(self) -> CollectorCounts:
        with docker_faults("the Collector's container cannot be asked"):
            self._check()
        return read_counts(self._url(COLLECTOR, "metrics") + "/metrics")

    def _open_files(self, spool: Path) -> JudgedFiles:
        assert self._client is not None
        health = self._health_url(COLLECTOR, self._ports[COLLECTOR, "health"])
        return JudgedFiles(self._client, self._running[COLLECTOR], spool=spool, health=health, check=self._check)

    def _feed_closed(self, files: JudgedFiles) -> None:
        if files is not self._files:
            return  # the stack was stopped before
        self._open_feeds -= 1
        if not self._open_feeds:
            self._files = None
            files.close()

    def _health_url(self, name: str, port: int) -> str:
        return f"http://{_HOST}:{port}{'/status' if name == JAEGER else '/'}"

    def _url(self, name: str, purpose: str) -> str:
        return f"http://{_HOST}:{self._ports[name, purpose]}"
