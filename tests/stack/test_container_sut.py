"""Systems in containers, on the real daemon."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from k6spec.errors import SutFault, UsageError
from k6spec.stack.base import StackBackend
from k6spec.stack.docker.container_sut import ContainerSut
from k6spec.stack.docker.service import Service
from k6spec.units import seconds
from tests.support.container_suts import (
    SERVE,
    asked,
    interrupted,
    program,
    spans_of_a_request,
)
from tests.support.stacks import make_stack, quiet_port

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]

Make = Callable[..., ContainerSut]


@pytest.fixture
def make(image: str, tmp_path: Path) -> Iterator[Make]:
    """Systems that run the small server, unless the arguments say otherwise; they are stopped with the test."""
    made = []

    def make(name: str = image, *, entrypoint: object = SERVE, **arguments: Any) -> ContainerSut:
        given: dict[str, Any] = {"port": 8080, "workspace": tmp_path, "options": {"entrypoint": entrypoint}}
        made.append(ContainerSut(name, **given | arguments))
        return made[-1]

    yield make
    for sut in made:
        sut.stop()


@pytest.fixture
def shop(image: str, make: Make) -> Callable[..., ContainerSut]:
    """The demo shop, as the image runs it."""
    return lambda **arguments: make(ready="/healthz", options={}, **arguments)


def test_its_spans_reach_the_docker_stack(shop: Make, docker_stack: StackBackend) -> None:
    sut = shop()
    sut.start(docker_stack)
    feed = docker_stack.feed()
    try:
        assert {("orders", "POST /checkout"), ("stock", "POST /reserve")} <= spans_of_a_request(sut, feed)
    finally:
        feed.close()


@pytest.mark.parametrize("kind", ["embedded", "process"])
def test_on_the_hosts_network_its_spans_reach_a_stack_on_loopback(kind: str, shop: Make, tmp_path: Path) -> None:
    stack = make_stack(kind, tmp_path)
    stack.start()
    port = quiet_port()
    sut = shop(port=port, network="host", command=["serve", "--orders-port", str(port)])
    try:
        sut.start(stack)
        assert sut.base_url == f"http://127.0.0.1:{port}"
        assert ("stock", "POST /reserve") in spans_of_a_request(sut, stack.feed())
    finally:
        sut.stop()
        stack.stop()


def test_it_is_published_on_loopback_alone_and_labelled(make: Make, docker_stack: StackBackend, ours: Any) -> None:
    sut = make()
    sut.start(docker_stack)
    (running,) = [thing for thing in ours() if hasattr(thing, "ports")]
    assert {binding["HostIp"] for binding in running.ports["8080/tcp"]} == {"127.0.0.1"}
    assert running.labels["k6spec.pid"] == str(os.getpid())


def test_its_environment_is_ours_and_the_users(make: Make, docker_stack: StackBackend) -> None:
    sut = make(env={"GREETING": "hello", "OTEL_TRACES_SAMPLER": "always_on"})
    sut.start(docker_stack)
    assert asked(sut, "/GREETING") == "hello"
    assert asked(sut, "/OTEL_TRACES_SAMPLER") == "always_on"
    assert asked(sut, "/OTEL_EXPORTER_OTLP_ENDPOINT") == docker_stack.endpoints("container").otlp_grpc


def test_what_an_image_sets_that_would_win_is_set_too(
    make: Make, docker_stack: StackBackend, client: Any, image: str
) -> None:
    elsewhere = "k6spec-test/exports-elsewhere:1"
    container = client.containers.create(image)
    try:
        changes = [
            f"ENV {name}" for name in ("OTEL_SDK_DISABLED=true", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://x:1")
        ]
        container.commit(*elsewhere.split(":"), conf={"Env": [change.removeprefix("ENV ") for change in changes]})
        sut = make(elsewhere)
        sut.start(docker_stack)
        assert asked(sut, "/OTEL_SDK_DISABLED") == "false"
        assert asked(sut, "/OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == docker_stack.endpoints("container").otlp_grpc
        sut.stop()
    finally:
        container.remove()
        client.images.remove(elsewhere, force=True)


def test_what_is_beside_it_is_ready_before_and_reached_by_its_name(
    make: Make, docker_stack: StackBackend, image: str
) -> None:
    files = Service(
        name="files",
        image=image,
        ready=program("import socket; socket.create_connection(('127.0.0.1', 8080), 1)"),
        options={"entrypoint": SERVE},
    )
    sut = make(beside=[files], env={"NEEDED": "http://files:8080/"})
    sut.start(docker_stack)
    assert "needed: 200" in sut.logs()
    sut.check()


def test_what_is_beside_it_and_never_ready_is_named_with_its_log(
    make: Make, docker_stack: StackBackend, image: str
) -> None:
    lame = Service(
        name="lame",
        image=image,
        ready=program("print('not yet'); raise SystemExit(3)"),
        options={"entrypoint": program("import time; print('I am lame', flush=True); time.sleep(600)")},
    )
    with pytest.raises(SutFault, match=r"the container lame beside it .* did not come up") as caught:
        make(beside=[lame], timeout=seconds(2)).start(docker_stack)
    assert "last: 3: not yet" in caught.value.cause
    assert "I am lame" in caught.value.log_tail


def test_what_is_beside_it_and_dies_is_seen_by_check(
    make: Make, docker_stack: StackBackend, image: str, ours: Any
) -> None:
    mortal = Service(name="mortal", image=image, options={"entrypoint": SERVE})
    sut = make(beside=[mortal])
    sut.start(docker_stack)
    next(thing for thing in ours() if thing.name.endswith("-mortal")).kill()
    with pytest.raises(SutFault, match=r"the container mortal beside it .* ended \(exit code 137\)"):
        sut.check()


def test_its_identity_holds_the_digests_of_all_images(
    make: Make, docker_stack: StackBackend, client: Any, image: str
) -> None:
    sut = make(beside=[Service(name="other", image=image, options={"entrypoint": SERVE})])
    sut.start(docker_stack)
    digest = client.images.get(image).id
    assert sut.identity() == {
        "image": image,
        "digest": digest,
        "image of other": image,
        "digest of other": digest,
    }


def test_it_is_reset_by_a_request(make: Make, docker_stack: StackBackend) -> None:
    sut = make(reset="/RESET")
    sut.start(docker_stack)
    sut.reset()
    assert asked(sut, "/RESET") == "done"


def test_a_reset_that_fails_is_a_fault(make: Make, docker_stack: StackBackend) -> None:
    sut = make(reset="/nowhere")
    sut.start(docker_stack)
    with pytest.raises(SutFault, match=r"could not be reset by POST .*/nowhere: .*404"):
        sut.reset()


def test_nothing_remains_but_its_log(make: Make, docker_stack: StackBackend, ours: Any) -> None:
    sut = make(env={"NEEDED": "http://otel-collector:13133/"})
    sut.start(docker_stack)
    assert len(ours()) == 2
    sut.stop()
    sut.stop()
    assert ours() == []
    assert "needed: 200" in sut.logs()


def test_it_can_be_started_again(make: Make, docker_stack: StackBackend) -> None:
    sut = make()
    for _ in range(2):
        sut.start(docker_stack)
        sut.check()


def test_an_image_that_cannot_be_had_is_a_fault_that_says_what_to_do(
    make: Make, docker_stack: StackBackend, ours: Any
) -> None:
    image = "127.0.0.1:1/no/such-image:1"
    sut = make(image)
    said: list[str] = []
    sut.say = said.append
    with pytest.raises(SutFault, match="could not be pulled") as caught:
        sut.start(docker_stack)
    assert f"docker pull {image}" in caught.value.advice
    assert said[0] == f"pulling {image}"
    assert ours() == []


def test_one_that_ends_at_once_is_a_fault_with_its_log(shop: Make, docker_stack: StackBackend, ours: Any) -> None:
    with pytest.raises(SutFault, match=r"the system under test .* ended \(exit code 1\)") as caught:
        shop(command=["serve", "--database", "nonsense"]).start(docker_stack)
    assert "not a database URL" in caught.value.log_tail
    assert ours() == []


def test_one_that_runs_out_of_memory_is_a_fault_that_says_so(make: Make, docker_stack: StackBackend) -> None:
    greedy = {"entrypoint": program("held = [bytes(1 << 20) + b'x' for _ in range(1 << 20)]"), "mem_limit": "64m"}
    with pytest.raises(SutFault, match=r"ended \(out of memory\)"):
        make(options=greedy).start(docker_stack)


def test_one_that_never_answers_is_a_fault_that_says_what_was_seen(
    make: Make, docker_stack: StackBackend, ours: Any
) -> None:
    with pytest.raises(SutFault, match=r"GET http://127.0.0.1:\d+/nothing to answer 200 \(last: 404\)") as caught:
        make(ready="/nothing", timeout=seconds(3)).start(docker_stack)
    assert "port (8080, on 0.0.0.0) and the ready path" in caught.value.advice
    assert ours() == []


def test_one_that_died_is_seen_by_check(make: Make, docker_stack: StackBackend, ours: Any) -> None:
    sut = make()
    sut.start(docker_stack)
    next(thing for thing in ours() if hasattr(thing, "kill")).kill()
    with pytest.raises(SutFault, match=r"ended \(exit code 137\)"):
        sut.check()


def test_a_stack_on_loopback_cannot_be_reached_from_a_network_of_its_own(make: Make, tmp_path: Path) -> None:
    stack = make_stack("embedded", tmp_path)
    stack.start()
    try:
        with pytest.raises(SutFault, match="a container cannot reach the embedded stack") as caught:
            make().start(stack)
    finally:
        stack.stop()
    assert "--k6spec-stack docker" in caught.value.advice
    assert 'network="host"' in caught.value.advice


def test_a_port_of_the_host_that_is_taken_is_a_fault(make: Make, docker_stack: StackBackend, ours: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SutFault, match=f"port {port} on 127.0.0.1 cannot be had"):
            make(port=port, network="host").start(docker_stack)
    assert ours() == []


def test_a_daemon_that_is_absent_is_a_fault_that_says_what_to_do(
    make: Make, docker_stack: StackBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(SutFault, match="does not answer at unix:///nowhere") as caught:
        make().start(docker_stack)
    assert "start Docker" in caught.value.advice


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"port": 0}, "port = 0"),
        ({"network": "bridge"}, "network = 'bridge'"),
        ({"network": "host", "beside": [Service(name="db", image="db")]}, "do not go together"),
        ({"beside": [Service(name="db", image="db")] * 2}, "each name once"),
        ({"options": {"ports": {}}}, "ports in options"),
    ],
)
def test_arguments_that_cannot_be_are_refused(make: Make, arguments: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        make(**arguments)


def test_an_option_that_dockers_sdk_does_not_know_is_refused(
    make: Make, docker_stack: StackBackend, ours: Any
) -> None:
    with pytest.raises(UsageError, match=r"options of sut: .*memlimit"):
        make(options={"memlimit": "64m"}).start(docker_stack)
    assert ours() == []


def test_what_a_killed_session_left_is_removed_by_the_next(
    make: Make, docker_stack: StackBackend, image: str, ours: Any, tmp_path: Path
) -> None:
    script = f"""
import os, signal
from pathlib import Path
from k6spec.stack.docker.container_sut import ContainerSut
from k6spec.stack.docker.service import Service
from tests.support.container_suts import SERVE
from tests.support.stacks import make_stack
root = Path({str(tmp_path)!r})
stack = make_stack("docker", root)
stack.start()
serve = {{"entrypoint": SERVE}}
beside = [Service(name="other", image={image!r}, options=serve)]
ContainerSut({image!r}, port=8080, beside=beside, options=serve, workspace=root).start(stack)
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", script], timeout=100)
    assert killed.returncode == -signal.SIGKILL
    assert len(ours()) == 6
    sut = make()
    said: list[str] = []
    sut.say = said.append
    sut.start(docker_stack)
    assert sum("left over by a session that died" in line for line in said) == 6
    sut.stop()
    assert ours() == []


def test_it_is_of_the_project_wherever_in_it_pytest_was_started(
    make: Make, docker_stack: StackBackend, ours: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "specs").mkdir()
    monkeypatch.chdir(tmp_path / "specs")
    make(workspace=None).start(docker_stack)
    assert len(ours()) == 2


@pytest.mark.parametrize("delay", [0.05, 0.2, 0.4, 0.7, 1.2])
def test_ctrl_c_during_start_leaves_nothing(
    make: Make, docker_stack: StackBackend, image: str, ours: Any, delay: float
) -> None:
    sut = make(beside=[Service(name="other", image=image, options={"entrypoint": SERVE})])
    with interrupted(delay):
        sut.start(docker_stack)
    sut.stop()
    time.sleep(1)  # for what the daemon might still be making
    assert ours() == []
