"""A Collector and Jaeger in containers, on a network of their own, through Docker's SDK.

Nothing is mounted and nothing is run inside: the configuration is copied in, and the judged spans are copied out
of the file that the Collector writes. Everything carries the labels of :mod:`k6spec.stack.owner`.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, cast, final

import docker
import httpx
from docker import errors, types
from docker.models.containers import Container as Running
from requests.exceptions import RequestException

from k6spec.collect.feed import SpanFeed
from k6spec.collect.spool_feed import SpoolFeed
from k6spec.errors import StackFault
from k6spec.stack.base import Endpoints, Vantage
from k6spec.stack.collector_config import GRPC_PORT, HTTP_PORT, OLDEST
from k6spec.stack.collector_counters import CollectorCounts, read_counts
from k6spec.stack.collector_feed import CollectorFeed
from k6spec.stack.containers import COLLECTOR, JAEGER, SDK_METRICS_FILE, SPANS_FILE, Container, StackPlan
from k6spec.stack.docker.daemon import (
    API_SECONDS,
    connect,
    docker_faults,
    ensure_image,
    leftovers,
    remove,
    uninterrupted,
)
from k6spec.stack.docker.files import ContainerFiles, archive_of
from k6spec.stack.jaeger_config import jaeger_link
from k6spec.stack.mirror import Mirror
from k6spec.stack.owner import SPOOL_PREFIX, STACK, Owner, leftover_spool
from k6spec.stack.wait import HttpReady, log_tail, wait_for

_HOST: Final = "127.0.0.1"
_START_SECONDS: Final = 30.0
_RELOAD_SECONDS: Final = 10.0


@final
class DockerStack:
    """A :class:`~k6spec.stack.base.StackBackend` of two containers.

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
        self._owner = Owner(workspace=workspace or Path.cwd())
        self._say = say
        self._root = spool_root
        self._client: docker.DockerClient | None = None
        self._running: dict[str, Running] = {}
        self._ports: dict[tuple[str, str], int] = {}
        self._directory: Path | None = None
        self._mirror: Mirror | None = None
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
        try:
            with docker_faults("the docker stack did not start"):
                if self._ports and self._alive(COLLECTOR):
                    return
                self.stop()  # what a dead Collector left running
                self._start()
        except BaseException:
            with suppress(StackFault):  # a daemon that is gone; what stays is a leftover for the next session
                self.stop()
            raise

    def _start(self) -> None:
        self._client = client = connect(timeout=API_SECONDS)
        for leftover, labels in leftovers(client, self._owner):
            self._say(f"removing {leftover.name}, left over by a session that died")
            with suppress(errors.APIError):  # a network that somebody's container has joined
                remove(leftover)
            if (spool := leftover_spool(labels)) is not None:
                shutil.rmtree(spool, ignore_errors=True)
        containers = self._plan.containers
        for image in dict.fromkeys(container.image for container in containers):
            ensure_image(client, image, self._say)
        self._directory = Path(tempfile.mkdtemp(prefix=SPOOL_PREFIX, dir=self._root))  # mode 0700
        labels = self._owner.labels(spool=self._directory)
        uninterrupted(lambda: client.networks.create(self.network, driver="bridge", labels=labels))
        for container in containers:
            create = partial(self._create, client, container, labels)
            self._running[container.name] = uninterrupted(create)
        ports: dict[tuple[str, str], int] = {}
        for container in containers:
            ports.update(self._published(container))
            self._wait(container, ports[container.name, "health"])
        files = ContainerFiles(client, self._running[COLLECTOR])
        self._mirror = Mirror(self._directory, files, spans=SPANS_FILE, metrics=SDK_METRICS_FILE)
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
        assert self._directory is not None
        self._pull()
        spool = SpoolFeed(self._directory, check=self._pull)
        feed = CollectorFeed(spool, self._counts, on_close=self._feed_closed)
        self._open_feeds += 1
        return feed

    def trace_url(self, trace_id: str, span_id: str | None = None) -> str | None:
        """The trace in Jaeger's UI; None without a Jaeger, or where it is dead: it keeps traces in memory."""
        if JAEGER not in self._running or not self._alive(JAEGER):
            return None
        return jaeger_link(self._url(JAEGER, "ui"), trace_id, span_id)

    def viewer(self) -> str | None:
        """Jaeger; None without one, or where it is dead."""
        if JAEGER not in self._running or not self._alive(JAEGER):
            return None
        return self._url(JAEGER, "otlp")

    def logs(self) -> str:
        """What the containers have logged so far, and after the end what they had."""
        parts = [f"[{name}]\n{_log(running)}" for name, running in self._running.items()]
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
            client.close()
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
        self._client = self._directory = self._mirror = None
        self._running, self._ports = {}, {}

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
            network=self.network,
            networking_config={self.network: alias},
            ports=ports,
            # Whatever the daemon's own default is, this can be read back.
            log_config=types.LogConfig(type="json-file", config={"max-size": "10m", "max-file": "2"}),
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
        path = "/status" if container.name == JAEGER else "/"
        name = container.name
        try:
            wait_for(
                HttpReady(f"http://{_HOST}:{health_port}{path}"),
                timeout=_START_SECONDS,
                alive=lambda: self._alive(name),
            )
        except ChildProcessError:
            raise self._ended(name, "did not start") from None
        except TimeoutError as error:
            raise StackFault(
                f"{name} did not start: {error}",
                log_tail=log_tail(_log(self._running[name])),
                advice="see the log",
            ) from None

    def _alive(self, name: str) -> bool:
        running = self._running[name]
        with suppress(errors.NotFound):
            running.reload()
            return running.status == "running"
        return False

    def _ended(self, name: str, how: str) -> StackFault:
        running = self._running[name]
        state = cast("Mapping[str, Any]", running.attrs.get("State", {}))
        ending = "out of memory" if state.get("OOMKilled") else f"exit code {state.get('ExitCode')}"
        return StackFault(
            f"the container {running.name} {how} ({ending})",
            log_tail=log_tail(_log(running)),
            advice=f"see the log; a Collector must be {OLDEST} or newer, Jaeger 2.0; run the load again",
        )

    def _check(self) -> None:
        if not self._ports:
            raise StackFault("the docker stack was stopped", advice="start() it again; run the load again")
        if not self._alive(COLLECTOR):
            raise self._ended(COLLECTOR, "died")

    def _pull(self) -> None:
        with docker_faults("the spans could not be fetched from the Collector's container"):
            self._check()
            assert self._mirror is not None
            self._mirror.pull()

    def _counts(self) -> CollectorCounts:
        with docker_faults("the Collector's container cannot be asked"):
            self._check()
        return read_counts(self._url(COLLECTOR, "metrics") + "/metrics")

    def _feed_closed(self) -> None:
        self._open_feeds -= 1
        if self._open_feeds or not self._ports:
            return
        with suppress(StackFault), docker_faults("the Collector could not begin its files anew"):
            self._begin_files_anew()

    def _begin_files_anew(self) -> None:
        """Makes the Collector reload: it drains, empties its files and is back in some 50 ms on the same ports.

        So raw spans are wiped, and no load has to fetch those of the loads before it.
        """
        health = self._url(COLLECTOR, "health")
        before = _up_since(health)
        self._check()
        self._running[COLLECTOR].kill("SIGHUP")
        deadline = time.monotonic() + _RELOAD_SECONDS
        while _up_since(health) in (None, before):
            self._check()
            if time.monotonic() >= deadline:
                return
            time.sleep(0.02)
        if self._mirror is not None:
            self._mirror.wipe()

    def _url(self, name: str, purpose: str) -> str:
        return f"http://{_HOST}:{self._ports[name, purpose]}"


def _log(running: Running) -> str:
    with suppress(errors.DockerException, RequestException):
        return running.logs(tail=2000).decode(errors="replace")
    return ""


def _up_since(health_url: str) -> str | None:
    with suppress(httpx.HTTPError, json.JSONDecodeError):
        response = httpx.get(health_url, timeout=1, trust_env=False)
        if response.status_code == httpx.codes.OK:
            return str(response.json().get("upSince"))
    return None
