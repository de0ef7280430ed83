"""A system under test that is a container, with others beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, cast, final

import docker
from docker.models.containers import Container as Running

from k6spec.config import project_root
from k6spec.errors import SutFault, UsageError
from k6spec.stack.base import StackBackend
from k6spec.stack.docker.daemon import API_SECONDS, connect, ensure_image, remove_leftovers
from k6spec.stack.docker.running import ending, is_running, log_of, readable_log
from k6spec.stack.docker.service import Service, readiness
from k6spec.stack.docker.sut_faults import sut_faults
from k6spec.stack.docker.sut_sweep import NEEDS_DOCKER, remove_owned
from k6spec.stack.owner import Owner
from k6spec.stack.reach import Reach, expect_free, reach
from k6spec.stack.sut import StartedSut, check_address
from k6spec.stack.sut_arguments import checked_env, checked_timeout
from k6spec.stack.uninterrupted import uninterrupted
from k6spec.stack.wait import HttpReady, WaitStrategy, log_tail, wait_for
from k6spec.units import Duration, seconds

_HOST: Final = "127.0.0.1"
_SUT: Final = "sut"
_TAIL: Final = 30
_NOT_STARTED: Final = "the system under test did not start"
_UNREACHED: Final = (
    "use the docker stack (--k6spec-stack docker); or, on Linux, share this host's network: "
    'ContainerSut(…, network="host")'
)
_OURS: Final = frozenset(
    {"command", "environment", "extra_hosts", "image", "labels", "log_config", "name", "network"}
    | {"network_mode", "networking_config", "ports"}
)


@final
class ContainerSut(StartedSut):
    """A system that an image holds. It gets the environment of :func:`~k6spec.stack.otlp_env.otlp_env`.

    Its port is published on 127.0.0.1, on a free port, and it joins the docker stack's network. All containers
    are removed at the end, with their volumes.

    Args:
        image: pulled if it is not here.
        port: where it listens inside, on 0.0.0.0.
        ready: a path that answers 200 once it is up.
        reset: a path to POST to between loads.
        env: further environment variables.
        command: arguments in place of the image's own.
        beside: what it needs, started before it in this order; each is reached by its name.
        network: ``"host"`` shares this host's network, as a stack that listens on loopback needs it; then it
            listens on this host's own ``port``. On Linux only.
        options: further arguments of ``containers.create`` of Docker's SDK, such as ``{"mem_limit": "512m"}``.
        timeout: how long all may take to come up, besides pulling images.
        workspace: whose it is: leftovers of dead sessions of this folder and user are removed; by default the
            folder of the nearest pyproject.toml, as for ``k6spec down``.

    Raises:
        UsageError: the arguments don't go together.
    """

    def __init__(
        self,
        image: str,
        *,
        port: int,
        ready: str = "/",
        reset: str | None = None,
        env: Mapping[str, str] | None = None,
        command: Sequence[str] | None = None,
        beside: Sequence[Service] = (),
        network: Literal["host"] | None = None,
        options: Mapping[str, Any] | None = None,
        timeout: str | Duration = seconds(60),
        workspace: Path | None = None,
    ) -> None:
        super().__init__(ready=ready, reset=reset)
        self._service = Service(
            name=_SUT, image=image, env=checked_env(env), command=command, options=dict(options or {})
        )
        self._beside = tuple(beside)
        self._port = port
        self._on_host = network == "host"
        self._timeout = checked_timeout(timeout)
        self._workspace = workspace
        self._client: docker.DockerClient | None = None
        self._owner: Owner | None = None
        self._running: dict[str, Running] = {}
        self._digests: dict[str, str] = {}
        self._last_logs = ""
        self.say: Callable[[str], None] = lambda _text: None
        """Gets a line now and then while images are pulled; the pytest plugin sets it."""
        self._check_arguments(network)

    def identity(self) -> Mapping[str, str]:
        """Images and, once it is started, their digests (ids of those that come from no registry)."""
        return {self._key("image", service): service.image for service in self._services} | self._digests

    def start(self, stack: StackBackend) -> None:
        """Starts the containers and returns when all are ready.

        Raises:
            SutFault: no daemon, no image, no way to the stack, or a container did not come up; with its log.
            UsageError: an option that Docker's SDK does not know.
        """
        self.stop()
        try:
            with sut_faults(
                _NOT_STARTED, advice="correct what Docker says; or start it with docker run to see more"
            ):
                self._start(stack)
        except BaseException:
            with suppress(SutFault):  # a daemon that is gone; what stays is a leftover for the next session
                self.stop()
            raise

    def check(self) -> None:
        """All its containers run, and it answers."""
        with sut_faults("the system under test cannot be asked for", advice=NEEDS_DOCKER):
            for service in self._services:
                running = self._running.get(service.name)
                if running is None:
                    raise SutFault("the system under test is not started")
                if not is_running(running):
                    raise self._ended(service, running)
        check_address(self._ready_url)

    def logs(self) -> str:
        """What its containers have logged so far, and after the end what they had."""
        parts = [f"[{name}]\n{log_of(running)}" for name, running in self._running.items()]
        if parts:
            self._last_logs = "\n".join(parts)
        return self._last_logs

    def stop(self) -> None:
        """Removes all that it made, by its label: nothing is left behind. Safe to call again.

        Raises:
            SutFault: the daemon is gone.
        """
        if self._client is None or self._owner is None:
            return
        self.logs()
        with sut_faults("the system under test could not be removed", advice=NEEDS_DOCKER):
            remove_owned(self._client, self._owner)
        self._client.close()
        self._client = self._owner = self._base_url = None
        self._running = {}

    @property
    def _services(self) -> tuple[Service, ...]:
        return (*self._beside, self._service)

    def _start(self, stack: StackBackend) -> None:
        way = reach(stack, on_host_network=self._on_host, advice=_UNREACHED)
        with sut_faults(_NOT_STARTED, advice=NEEDS_DOCKER):
            self._client = client = connect(timeout=API_SECONDS)
        self._owner = owner = Owner(workspace=self._workspace or project_root())
        remove_leftovers(client, owner, self.say)
        for service in self._services:
            self._ensure_image(client, service.image)
            self._digests[self._key("digest", service)] = _digest(client, service.image)
        if self._on_host:
            expect_free(self._port)
        else:
            labels = owner.labels()
            uninterrupted(lambda: client.networks.create(self._network, driver="bridge", labels=labels))
        deadline = time.monotonic() + self._timeout.seconds
        for service in self._services:
            running = uninterrupted(partial(self._run, client, service, way))
            if service is not self._service:
                self._wait(service, running, readiness(service, running), deadline)
        port = self._port if self._on_host else self._published(self._running[_SUT])
        self._base_url = f"http://{_HOST}:{port}"
        self._wait(self._service, self._running[_SUT], HttpReady(self._ready_url), deadline)

    def _ensure_image(self, client: docker.DockerClient, image: str) -> None:
        with sut_faults(
            _NOT_STARTED,
            advice=f"docker pull {image}; or, if it is an image of yours, docker build -t {image} …",
        ):
            ensure_image(client, image, self.say)

    def _run(self, client: docker.DockerClient, service: Service, way: Reach) -> Running:
        assert self._owner is not None
        image = client.images.get(service.image)
        set_by_image = dict(line.partition("=")[::2] for line in image.attrs["Config"].get("Env") or ())
        place: dict[str, Any] = {"network_mode": "host"}
        if not self._on_host:
            alias = client.api.create_endpoint_config(aliases=[service.name])
            place = {"network": self._network, "networking_config": {self._network: alias}}
            if service is self._service:
                place["ports"] = {f"{self._port}/tcp": (_HOST, None)}  # None: the daemon takes a free one
        try:
            running = client.containers.create(
                service.image,
                None if service.command is None else list(service.command),
                name=f"{self._network}-{service.name}",
                labels=self._owner.labels(),
                environment={**way.env({**set_by_image, **service.env}), **service.env},
                extra_hosts=dict(way.hosts),
                log_config=readable_log(),
                **place,
                **service.options,
            )
        except TypeError as error:
            raise UsageError(f"ContainerSut: options of {service.name}: Docker's SDK says: {error}") from error
        self._running[service.name] = running
        if way.network is not None:
            client.networks.get(way.network).connect(running)
        running.start()
        return running

    def _published(self, running: Running) -> int:
        running.reload()
        bound = cast("Mapping[str, Sequence[Mapping[str, str]] | None]", running.ports)
        bindings = bound.get(f"{self._port}/tcp")
        if not bindings:
            raise self._ended(self._service, running)
        return int(bindings[0]["HostPort"])

    def _wait(self, service: Service, running: Running, strategy: WaitStrategy, deadline: float) -> None:
        try:
            timeout = deadline - time.monotonic()
            wait_for(strategy, timeout=timeout, alive=lambda: is_running(running), say=self.say)
        except ChildProcessError:
            raise self._ended(service, running) from None
        except TimeoutError as error:
            log = log_tail(log_of(running), _TAIL)
            where = f"port ({self._port}, on 0.0.0.0) and the ready path, " if service is self._service else ""
            raise SutFault(
                f"{self._called(service)} did not come up: {error}",
                log_tail=log,
                advice=f"{'see the log; ' if log else ''}check {where}or give ContainerSut a longer timeout",
            ) from None

    def _ended(self, service: Service, running: Running) -> SutFault:
        log = log_tail(log_of(running), _TAIL)
        return SutFault(
            f"{self._called(service)} ended ({ending(running)})",
            log_tail=log,
            advice="see the log" if log else "it logged nothing: start it with docker run to see more",
        )

    def _key(self, what: str, service: Service) -> str:
        return what if service is self._service else f"{what} of {service.name}"

    def _called(self, service: Service) -> str:
        what = "the system under test" if service is self._service else f"the container {service.name} beside it"
        return f"{what} ({service.image})"

    @property
    def _network(self) -> str:
        assert self._owner is not None
        return f"k6spec-sut-{self._owner.stack}"

    def _check_arguments(self, network: object) -> None:
        if network not in {None, "host"}:
            raise UsageError(f'ContainerSut: network = {network!r}; write network="host", or leave it out')
        if not isinstance(self._port, int) or not 0 < self._port < 1 << 16:
            raise UsageError(f"ContainerSut: port = {self._port!r}; write the port that it listens on inside")
        if self._on_host and self._beside:
            raise UsageError(
                'ContainerSut: beside= and network="host" do not go together: what is beside it would take ports '
                "of this host; use the docker stack without network="
            )
        names = [service.name for service in self._services]
        if len(set(names)) < len(names):
            raise UsageError(f"ContainerSut: each name once, and not {_SUT!r}; got {', '.join(names[:-1])}")
        for service in self._services:
            if taken := sorted(_OURS & service.options.keys()):
                raise UsageError(f"ContainerSut: {', '.join(taken)} in options: k6spec sets that itself")


def _digest(client: docker.DockerClient, image: str) -> str:
    attributes = client.images.get(image).attrs
    digests = cast("Sequence[str]", attributes.get("RepoDigests") or ())
    return digests[0].rpartition("@")[2] if digests else str(attributes["Id"])
