"""The words of Docker's faults, as pytest shows them: each is really provoked."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from k6spec.stack.base import StackBackend
from k6spec.stack.containers import HostPorts, Images, StackPlan
from k6spec.stack.docker import DockerStack
from k6spec.stack.docker.container_sut import ContainerSut
from k6spec.stack.docker.daemon import connect
from k6spec.units import seconds
from tests.support.container_suts import SERVER, program
from tests.support.faults import said
from tests.support.stacks import PLAN

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]

_NOBODY = 65534
_QUIET = program(
    SERVER.replace(
        "class Handler", "http.server.BaseHTTPRequestHandler.log_message = lambda *_: None\nclass Handler"
    )
)


def told(provoke: Callable[[], object], tmp_path: Path, image: str = "") -> str:
    """Without what differs each time: names of containers, and the demo shop's image."""
    text = re.sub(r"k6spec-[0-9a-f]{8,}", "k6spec-ID", said(provoke, tmp_path))
    text = re.sub(r"(could not be pulled: ).*", r"\1WHAT DOCKER SAYS", text)
    text = re.sub(r"(?<=timed out after )[\d.]+ s", "SOME TIME", text)
    return text.replace(image, "shop") if image else text


@contextmanager
def stack_of(tmp_path: Path, plan: StackPlan) -> Iterator[DockerStack]:
    stack = DockerStack(plan, workspace=tmp_path, spool_root=tmp_path)
    try:
        yield stack
    finally:
        stack.stop()


@contextmanager
def as_nobody() -> Iterator[None]:
    """Permissions are for everybody: root has all."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(mine)


def test_no_daemon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")

    assert told(lambda: connect(timeout=1), tmp_path) == snapshot("""\
FAULT Docker's daemon does not answer at unix://TMP/docker.sock: No such file or directory
What to do: start Docker, or use the process or the embedded stack, which need no Docker\
""")


def test_no_permission_to_ask_the_daemon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", "/nonexistent")
    with socket.socket(socket.AF_UNIX) as listener:
        path = tmp_path / "docker.sock"
        listener.bind(str(path))
        listener.listen()
        path.chmod(0)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        with as_nobody():
            text = told(lambda: connect(timeout=1), tmp_path)
    assert text == snapshot("""\
FAULT Docker's daemon at unix://TMP/docker.sock may not be asked by you: Permission denied
What to do: add yourself to the group docker, or use the process or the embedded stack, which need no Docker\
""")


def test_an_image_that_is_not_there(client: Any, tmp_path: Path) -> None:
    plan = StackPlan(images=Images(collector="127.0.0.1:9/none:1", jaeger=None))
    with stack_of(tmp_path, plan) as stack:
        assert told(stack.start, tmp_path) == snapshot("""\
FAULT the image 127.0.0.1:9/none:1 could not be pulled: WHAT DOCKER SAYS
What to do: docker pull 127.0.0.1:9/none:1; or name images of a registry of yours (collector_image and jaeger_image in [tool.k6spec]), or use the process or the embedded stack, which need no Docker\
""")


def test_a_port_that_is_taken(client: Any, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        plan = StackPlan(images=PLAN.images, ports=HostPorts(grpc=listener.getsockname()[1]))
        with stack_of(tmp_path, plan) as stack:
            assert told(stack.start, tmp_path) == snapshot("""\
FAULT the docker stack did not start: port PORT on 127.0.0.1 cannot be had: it is in use
What to do: end what listens there, or let k6spec take any free port: 0\
""")


def test_a_collector_that_dies_at_once(image: str, tmp_path: Path) -> None:
    with stack_of(tmp_path, StackPlan(images=Images(collector=image, jaeger=None))) as stack:
        assert told(stack.start, tmp_path, image) == snapshot("""\
FAULT the container k6spec-ID-otel-collector did not start (exit code 2)
  | usage: python -m demo [-h] command ...
  | python -m demo: error: the following arguments are required: command
What to do: see the log; a Collector must be 0.144 or newer, Jaeger 2.0\
""")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"options": {"entrypoint": program("raise SystemExit('no database')")}},
            snapshot("""\
FAULT the system under test (shop) ended (exit code 1)
  | no database
What to do: see the log\
"""),
        ),
        (
            {"ready": "/nowhere"},
            snapshot("""\
FAULT the system under test (shop) did not come up: timed out after SOME TIME waiting for GET http://127.0.0.1:PORT/nowhere to answer 200 (last: 404)
What to do: check port (8080, on 0.0.0.0) and the ready path, or give ContainerSut a longer timeout\
"""),
        ),
        (
            {"port": 8081},
            snapshot("""\
FAULT the system under test (shop) did not come up: timed out after SOME TIME waiting for GET http://127.0.0.1:PORT/ to answer 200 (last: the connection was ended without an answer)
What to do: check port (8081, on 0.0.0.0) and the ready path, or give ContainerSut a longer timeout\
"""),
        ),
        (
            {"image": "127.0.0.1:9/none:1"},
            snapshot("""\
FAULT the system under test did not start: the image 127.0.0.1:9/none:1 could not be pulled: WHAT DOCKER SAYS
What to do: docker pull 127.0.0.1:9/none:1; or, if it is an image of yours, docker build -t 127.0.0.1:9/none:1 …\
"""),
        ),
    ],
    ids=["dies", "wrong ready path", "wrong port", "no image"],
)
def test_a_system_in_a_container(
    given: dict[str, Any], words: str, image: str, docker_stack: StackBackend, tmp_path: Path
) -> None:
    options = {"image": image, "port": 8080, "timeout": seconds(5), "options": {"entrypoint": _QUIET}}
    sut = ContainerSut(workspace=tmp_path, **{**options, **given})
    try:
        assert told(lambda: sut.start(docker_stack), tmp_path, image) == words
    finally:
        sut.stop()
