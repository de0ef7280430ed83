"""A system under test that is a compose file, brought up by Docker Compose's own command."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final, cast, final

from k6spec.config import project_root
from k6spec.errors import SutFault, UsageError
from k6spec.stack.base import StackBackend
from k6spec.stack.compose_cli import Compose, ComposeFailedError, find_compose
from k6spec.stack.compose_override import Overriding, on_host_network, override
from k6spec.stack.owner import Owner
from k6spec.stack.reach import expect_free, reach
from k6spec.stack.sut import StartedSut, check_address
from k6spec.stack.sut_arguments import checked_env, checked_timeout
from k6spec.stack.wait import HttpReady, log_tail, wait_for
from k6spec.units import Duration, seconds

_LOOPBACK: Final = "127.0.0.1"
_REACHED_AT: Final = {"": _LOOPBACK, "0.0.0.0": _LOOPBACK, "::": "::1"}
_TAIL: Final = 30
_ALL: Final = 10_000
_ASK_EVERY: Final = 1.0
_STOP_SECONDS: Final = 60.0
_UNREACHED: Final = (
    "use the docker stack (--k6spec-stack docker); or, on Linux, let the services that export share this host's "
    "network: network_mode: host"
)


@final
class ComposeSut(StartedSut):
    """A system of several services, one of which is loaded.

    The services get the environment of :func:`~k6spec.stack.otlp_env.otlp_env` and join the docker stack's
    network. The project has a name of its own, so that one that runs already is left alone; at the end all of it
    is removed, volumes included. Images are built again if files changed. Needs Docker Compose 2.

    Args:
        file: the compose file.
        service: the one to load.
        port: where that one listens inside, on 0.0.0.0; it is published on 127.0.0.1 if the file does not.
        ready: a path that answers 200 once it is up.
        reset: a path to POST to between loads.
        env: further environment variables of that service. Variables that the file names come from this process.
        profiles: profiles of the file to enable.
        export_from: services that export spans; by default all.
        timeout: how long all may take to come up, besides pulling and building images.
        workspace: whose it is: leftovers of dead sessions of this folder and user are removed; by default the
            folder of the nearest pyproject.toml, as for ``k6spec down``.

    Raises:
        UsageError: ``port`` is none.
    """

    def __init__(
        self,
        file: Path | str,
        *,
        service: str,
        port: int,
        ready: str = "/",
        reset: str | None = None,
        env: Mapping[str, str] | None = None,
        profiles: Sequence[str] = (),
        export_from: Collection[str] | None = None,
        timeout: str | Duration = seconds(120),
        workspace: Path | None = None,
    ) -> None:
        if not isinstance(port, int) or not 0 < port < 1 << 16:
            raise UsageError(f"ComposeSut: port = {port!r}; write the port that the service listens on inside")
        super().__init__(ready=ready, reset=reset)
        self._file = Path(file).absolute()
        self._service = service
        self._port = port
        self._env = checked_env(env)
        self._options = [word for profile in profiles for word in ("--profile", profile)]
        self._export_from = export_from
        self._timeout = checked_timeout(timeout)
        self._workspace = workspace
        self._owner: Owner | None = None
        self._compose: Compose | None = None
        self._images: dict[str, str] = {}
        self._last_logs = ""
        self._on_host = False
        self._asked = 0.0
        self.say: Callable[[str], None] = lambda _text: None
        """Gets a line now and then while it comes up; the pytest plugin sets it."""

    def identity(self) -> Mapping[str, str]:
        """The file, the service, and once it is started every image with its id."""
        return {"compose": self._file.name, "service": self._service, **self._images}

    def start(self, stack: StackBackend) -> None:
        """Brings the file up and returns when the service answers.

        Raises:
            SutFault: there is no Compose, no way to the stack, the file is wrong, or it did not come up; with what
                Compose and the services said.
        """
        self.stop()
        try:
            self._start(stack)
        except BaseException:
            with suppress(SutFault):  # a daemon that is gone; what stays is a leftover for the next session
                self.stop()
            raise

    def check(self) -> None:
        """The service runs, and it answers."""
        self._container()
        check_address(self._ready_url)

    def logs(self) -> str:
        """What the services have logged so far, and after the end what they had."""
        if self._compose is not None and (logs := self._compose.logs(_ALL)):
            self._last_logs = logs
        return self._last_logs

    def stop(self) -> None:
        """Removes containers, networks and volumes of the project: nothing is left behind. Safe to call again.

        Raises:
            SutFault: the daemon is gone.
        """
        if self._compose is None or self._owner is None:
            return
        # Docker's SDK takes a third of a second to import.
        from k6spec.stack.docker.sut_sweep import remove_all

        self.logs()
        with suppress(ComposeFailedError):  # whatever that leaves goes by its label
            self._compose.run("down", "--volumes", "--remove-orphans", "--timeout", "5", timeout=_STOP_SECONDS)
        remove_all(self._owner)
        self._compose = self._owner = self._base_url = None

    def _start(self, stack: StackBackend) -> None:
        from k6spec.stack.docker.sut_sweep import remove_dead

        command = find_compose()
        config = self._config(command)
        on_host = on_host_network(config["services"][self._service])
        owner = Owner(workspace=self._workspace or project_root())
        how = Overriding(
            project=f"k6spec-sut-{owner.stack}",
            labels=owner.labels(),
            service=self._service,
            port=self._port,
            env=self._env,
            export_from=self._export_from,
            way=cache(lambda shared: reach(stack, on_host_network=shared, advice=_UNREACHED)),
        )
        changes = override(config, how)
        remove_dead(owner, self.say)
        if on_host:
            expect_free(self._port)
        self._owner, self._compose = owner, Compose(command, how.project)
        deadline = self._bring_up(self._compose, changes)
        self._on_host = on_host
        self._wait(deadline)
        with suppress(ComposeFailedError):
            self._images = self._identify(self._compose)

    def _config(self, command: Sequence[str]) -> Mapping[str, Any]:
        if not self._file.is_file():
            raise SutFault(f"there is no compose file {self._file}", advice="give ComposeSut its path")
        try:
            asked = ("config", "--format", "json")
            text = Compose(command, None).run(*asked, files=[self._file], options=self._options)
        except ComposeFailedError as error:
            raise SutFault(
                f"the compose file {self._file} is wrong",
                log_tail=log_tail(str(error)),
                advice="correct it; docker compose config shows more",
            ) from None
        config = cast("Mapping[str, Any]", json.loads(text))
        wanted = {self._service, *(self._export_from or ())}
        if missing := sorted(wanted - config["services"].keys()):
            raise SutFault(
                f"{self._file} has no service {missing[0]!r}; it has {', '.join(sorted(config['services']))}",
                advice="name one of them; one that has a profile needs profiles=(…)",
            )
        return config

    def _bring_up(self, compose: Compose, changes: Mapping[str, Any]) -> float:
        """Returns by when the service must answer, on the monotonic clock."""
        # The file goes at once, for it may hold secrets: Compose finds the project by its name from then on.
        with tempfile.TemporaryDirectory(prefix="k6spec-compose-") as folder:
            overriding = Path(folder) / "override.json"
            overriding.write_text(json.dumps(changes), encoding="utf-8")
            files = [self._file, overriding]
            try:
                compose.run("create", "--build", files=files, options=self._options, say=self.say)
                deadline = time.monotonic() + self._timeout.seconds
                up = ("up", "--detach", "--no-build")
                timeout = self._timeout.seconds
                compose.run(*up, files=files, options=self._options, timeout=timeout, say=self.say)
            except ComposeFailedError as error:
                raise SutFault(
                    f"{self._file} did not come up",
                    log_tail=log_tail(f"{compose.logs(_TAIL)}\n{error}", _TAIL),
                    advice=f"see the log; docker compose -f {self._file} up shows more",
                ) from None
        return deadline

    def _locate(self) -> None:
        """Where the service is reached now: Docker publishes a container's ports anew when it restarts it."""
        container = self._container(or_restarting=True)
        self._asked = time.monotonic()
        self._base_url = None
        if container["State"] == "running":
            host, port = (_LOOPBACK, self._port) if self._on_host else self._published(container)
            self._base_url = f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def _published(self, container: Mapping[str, Any]) -> tuple[str, int]:
        for binding in container.get("Publishers") or ():
            if binding["TargetPort"] == self._port and binding["PublishedPort"]:
                return _REACHED_AT.get(binding["URL"], binding["URL"]), int(binding["PublishedPort"])
        raise SutFault(
            f"the port {self._port} of the service {self._service} is not published",
            advice="give the service a network: k6spec then publishes the port on 127.0.0.1",
        )

    def _wait(self, deadline: float) -> None:
        self._locate()
        strategy = HttpReady(lambda: self._base_url and self._ready_url)
        try:
            wait_for(strategy, timeout=deadline - time.monotonic(), alive=self._seems_alive, say=self.say)
        except ChildProcessError:
            self._container()
            raise SutFault(
                f"the service {self._service} ended", log_tail=self._tail(), advice="see the log"
            ) from None
        except TimeoutError as error:
            raise SutFault(
                f"the service {self._service} did not come up: {error}",
                log_tail=self._tail(),
                advice=f"see the log; check port ({self._port}, on 0.0.0.0) and the ready path, or give "
                "ComposeSut a longer timeout",
            ) from None

    def _seems_alive(self) -> bool:
        if time.monotonic() - self._asked >= _ASK_EVERY:
            try:
                self._locate()
            except SutFault:
                return False
        return True

    def _container(self, *, or_restarting: bool = False) -> Mapping[str, Any]:
        """The service's container, which must run."""
        states = ("running", "restarting") if or_restarting else ("running",)
        if self._compose is None:
            raise SutFault("the system under test is not started")
        try:
            found = self._compose.containers()
        except ComposeFailedError as error:
            raise SutFault("Compose cannot be asked for the services", log_tail=log_tail(str(error))) from None
        for container in found:
            if container["Service"] == self._service and container["State"] in states:
                return container
        ended = [
            f"{container['Service']} ({container['State']}, exit code {container['ExitCode']})"
            for container in found
            if container["State"] != "running"
        ]
        raise SutFault(
            f"the service {self._service} does not run; ended: {', '.join(ended) or 'none'}",
            log_tail=self._tail(),
            advice="see the log",
        )

    def _tail(self) -> str:
        return "" if self._compose is None else log_tail(self._compose.logs(_TAIL), _TAIL)

    def _identify(self, compose: Compose) -> dict[str, str]:
        services = {container["Name"]: container["Service"] for container in compose.containers()}
        images = json.loads(compose.run("images", "--format", "json"))
        return {
            f"image of {services[image['ContainerName']]}": f"{image['Repository']}:{image['Tag']} {image['ID']}"
            for image in images
            if image["ContainerName"] in services
        }
