"""Compose files as systems under test, on the real Compose and the real daemon."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from k6spec.errors import SutFault, UsageError
from k6spec.stack.base import StackBackend
from k6spec.stack.compose_cli import Compose, find_compose
from k6spec.stack.compose_sut import ComposeSut
from k6spec.units import seconds
from tests.support.container_suts import SERVE, SERVER, asked, interrupted, program, spans_of_a_request
from tests.support.stacks import binary, make_stack, quiet_port

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]

Make = Callable[..., ComposeSut]

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _compose_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(binary("docker-compose")).parent), prepend=os.pathsep)


@pytest.fixture
def serve(image: str) -> dict[str, Any]:
    """A service that runs the small server."""
    return {"image": image, "entrypoint": SERVE}


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Systems of a file with the services (and other parts) that are given; they are stopped with the test."""
    made = []

    def make(services: dict[str, Any], *, parts: dict[str, Any] | None = None, **arguments: Any) -> ComposeSut:
        file = tmp_path / "compose.yaml"
        file.write_text(yaml.safe_dump({"services": services, **(parts or {})}))
        given: dict[str, Any] = {"service": next(iter(services)), "port": 8080, "workspace": tmp_path}
        made.append(ComposeSut(file, **given | arguments))
        return made[-1]

    yield make
    for sut in made:
        sut.stop()


def containers(things: list[Any]) -> list[Any]:
    return [thing for thing in things if hasattr(thing, "ports")]


def test_its_spans_reach_the_docker_stack(make: Make, docker_stack: StackBackend, image: str) -> None:
    sut = make({"shop": {"image": image}}, ready="/healthz")
    sut.start(docker_stack)
    feed = docker_stack.feed()
    try:
        assert {("orders", "POST /checkout"), ("stock", "POST /reserve")} <= spans_of_a_request(sut, feed)
    finally:
        feed.close()


def test_on_the_hosts_network_its_spans_reach_a_stack_on_loopback(make: Make, tmp_path: Path, image: str) -> None:
    stack = make_stack("embedded", tmp_path)
    stack.start()
    port = quiet_port()
    command = ["serve", "--orders-port", str(port)]
    shop = {"image": image, "network_mode": "host", "command": command}
    sut = make({"shop": shop}, port=port, ready="/healthz")
    try:
        sut.start(stack)
        assert sut.base_url == f"http://127.0.0.1:{port}"
        assert ("stock", "POST /reserve") in spans_of_a_request(sut, stack.feed())
    finally:
        sut.stop()
        stack.stop()


def test_a_port_that_the_file_does_not_publish_is_published_on_loopback(
    make: Make, docker_stack: StackBackend, serve: dict[str, Any], ours: Any
) -> None:
    sut = make({"web": serve})
    sut.start(docker_stack)
    sut.check()
    (running,) = containers(ours())
    assert {binding["HostIp"] for binding in running.ports["8080/tcp"]} == {"127.0.0.1"}


def test_a_port_that_the_file_publishes_is_used(
    make: Make, docker_stack: StackBackend, serve: dict[str, Any]
) -> None:
    port = quiet_port()
    sut = make({"web": {**serve, "ports": [f"127.0.0.1:{port}:8080"]}})
    sut.start(docker_stack)
    assert sut.base_url == f"http://127.0.0.1:{port}"
    sut.check()


def test_services_reach_each_other_and_start_as_the_file_says(
    make: Make, docker_stack: StackBackend, serve: dict[str, Any]
) -> None:
    check = program("import socket; socket.create_connection(('127.0.0.1', 8080), 1)")
    healthcheck = {"test": ["CMD", *check], "interval": "1s", "retries": 60}
    needs = {
        **serve,
        "environment": {"NEEDED": "http://files:8080/"},
        "depends_on": {"files": {"condition": "service_healthy"}},
    }
    sut = make({"web": needs, "files": {**serve, "healthcheck": healthcheck}})
    sut.start(docker_stack)
    assert "needed: 200" in sut.logs()


def test_its_environment_is_the_files_ours_and_the_users(
    make: Make, docker_stack: StackBackend, serve: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROM_OUTSIDE", "hello")
    written = {"GREETING": "${FROM_OUTSIDE}", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://elsewhere:4317"}
    sut = make({"web": {**serve, "environment": written}}, env={"PRICE": "5 $US"})
    sut.start(docker_stack)
    assert asked(sut, "/GREETING") == "hello"
    assert asked(sut, "/PRICE") == "5 $US"
    assert asked(sut, "/OTEL_EXPORTER_OTLP_ENDPOINT") == docker_stack.endpoints("container").otlp_grpc


def test_its_identity_holds_the_images(
    make: Make, docker_stack: StackBackend, serve: dict[str, Any], client: Any, image: str
) -> None:
    sut = make({"web": serve})
    sut.start(docker_stack)
    known = {"compose": "compose.yaml", "service": "web"}
    assert sut.identity() == {**known, "image of web": f"{image} {client.images.get(image).id}"}


def test_an_image_is_built_again_when_its_files_have_changed(
    make: Make, docker_stack: StackBackend, client: Any, image: str, tmp_path: Path
) -> None:
    entrypoint = ", ".join(f'"{word}"' for word in (SERVE[0], "/server.py"))
    (tmp_path / "server.py").write_text(SERVE[2])
    sut = make({"web": {"build": "."}})
    built = set()
    try:
        for version in ("first", "second"):
            (tmp_path / "Dockerfile").write_text(
                f"FROM {image}\nCOPY server.py /\nENV VERSION={version}\nENTRYPOINT [{entrypoint}]\nCMD []\n"
            )
            sut.start(docker_stack)
            assert asked(sut, "/VERSION") == version
            built.add(sut.identity()["image of web"].split()[1])
        assert len(built) == 2
    finally:
        sut.stop()
        for digest in built:
            client.images.remove(digest, force=True)


def test_a_project_of_the_same_file_is_left_alone(
    make: Make, docker_stack: StackBackend, serve: dict[str, Any], client: Any, ours: Any, tmp_path: Path
) -> None:
    mark = tmp_path.name
    web = {**serve, "container_name": f"{mark}-web", "volumes": ["data:/tmp"], "networks": ["inner"]}
    parts = {"volumes": {"data": {"name": f"{mark}-data"}}, "networks": {"inner": {"name": f"{mark}-inner"}}}
    sut = make({"web": web}, parts=parts)
    compose = ["docker-compose", "-f", str(tmp_path / "compose.yaml"), "-p", mark]
    subprocess.run([*compose, "up", "--detach"], check=True, capture_output=True, timeout=60)
    try:
        sut.start(docker_stack)
        assert len(ours()) == 3
        sut.stop()
        assert ours() == []
        assert client.containers.get(f"{mark}-web").status == "running"
        assert client.volumes.get(f"{mark}-data")
    finally:
        subprocess.run([*compose, "down", "--volumes", "-t", "1"], check=True, capture_output=True, timeout=60)


def test_nothing_remains_but_its_log(
    make: Make, docker_stack: StackBackend, serve: dict[str, Any], ours: Any
) -> None:
    web = {**serve, "volumes": ["data:/tmp"], "environment": {"NEEDED": "http://other:8080/"}, "restart": "always"}
    sut = make({"web": web, "other": serve}, parts={"volumes": {"data": None}})
    sut.start(docker_stack)
    assert len(ours()) == 4
    sut.stop()
    sut.stop()
    assert ours() == []
    assert "needed: 200" in sut.logs()


def test_a_service_that_is_restarted_until_it_comes_up_is_found_where_it_is_then(
    make: Make, docker_stack: StackBackend, image: str
) -> None:
    attempts = program(f"""
import pathlib, sys, time
tries = pathlib.Path("/tmp/tries")
tries.write_text(tries.read_text() + "." if tries.exists() else ".")
if len(tries.read_text()) < 4:
    time.sleep(0.7)
    sys.exit(1)
exec({SERVER!r})
""")
    sut = make({"web": {"image": image, "entrypoint": attempts, "restart": "always"}})
    sut.start(docker_stack)
    sut.check()


def test_it_says_what_is_going_on(make: Make, docker_stack: StackBackend, serve: dict[str, Any]) -> None:
    slow = {"test": ["CMD", *program("import time; time.sleep(4)")], "interval": "1s", "timeout": "9s"}
    web = {**serve, "depends_on": {"other": {"condition": "service_healthy"}}}
    sut = make({"web": web, "other": {**serve, "healthcheck": slow}})
    said: list[str] = []
    sut.say = said.append
    sut.start(docker_stack)
    assert any(line.startswith("compose up: ") for line in said)


def test_a_service_that_ends_at_once_is_a_fault_with_its_log(
    make: Make, docker_stack: StackBackend, image: str, ours: Any
) -> None:
    shop = {"image": image, "command": ["serve", "--database", "nonsense"]}
    with pytest.raises(SutFault, match=r"shop \(exited, exit code 1\)") as caught:
        make({"shop": shop}).start(docker_stack)
    assert "not a database URL" in caught.value.log_tail
    assert ours() == []


def test_a_service_that_another_needs_and_that_ends_is_a_fault_with_its_log(
    make: Make, docker_stack: StackBackend, serve: dict[str, Any], ours: Any
) -> None:
    web = {**serve, "depends_on": {"seed": {"condition": "service_completed_successfully"}}}
    seed = {**serve, "entrypoint": program("raise SystemExit('no seeds')")}
    with pytest.raises(SutFault, match=r"compose.yaml did not come up") as caught:
        make({"web": web, "seed": seed}).start(docker_stack)
    assert "no seeds" in caught.value.log_tail
    assert ours() == []


def test_a_service_that_never_answers_is_a_fault_that_says_what_was_seen(
    make: Make, docker_stack: StackBackend, serve: dict[str, Any], ours: Any
) -> None:
    with pytest.raises(SutFault, match=r"GET http://127.0.0.1:\d+/nothing to answer 200 \(last: 404\)") as caught:
        make({"web": serve}, ready="/nothing", timeout=seconds(5)).start(docker_stack)
    assert "port (8080, on 0.0.0.0) and the ready path" in caught.value.advice
    assert ours() == []


def test_a_service_that_died_is_seen_by_check(
    make: Make, docker_stack: StackBackend, serve: dict[str, Any], ours: Any
) -> None:
    sut = make({"web": serve})
    sut.start(docker_stack)
    containers(ours())[0].kill()
    with pytest.raises(SutFault, match=r"web \(exited, exit code 137\)"):
        sut.check()


def test_an_image_that_cannot_be_had_is_a_fault(make: Make, docker_stack: StackBackend, ours: Any) -> None:
    with pytest.raises(SutFault, match=r"compose.yaml did not come up") as caught:
        make({"web": {"image": "127.0.0.1:1/no/such-image:1"}}).start(docker_stack)
    assert "127.0.0.1:1" in caught.value.log_tail
    assert ours() == []


def test_a_port_that_cannot_be_published_is_a_fault(
    make: Make, docker_stack: StackBackend, serve: dict[str, Any]
) -> None:
    with pytest.raises(SutFault, match=r"the port 8080 of the service web is not published") as caught:
        make({"web": {**serve, "network_mode": "none"}}).start(docker_stack)
    assert "give the service a network" in caught.value.advice


def test_a_port_of_the_host_that_is_taken_is_a_fault(
    make: Make, docker_stack: StackBackend, serve: dict[str, Any]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SutFault, match=f"port {port} on 127.0.0.1 cannot be had"):
            make({"web": {**serve, "network_mode": "host"}}, port=port).start(docker_stack)


def test_a_stack_on_loopback_cannot_be_reached_from_a_network_of_docker(
    make: Make, serve: dict[str, Any], tmp_path: Path
) -> None:
    stack = make_stack("embedded", tmp_path)
    stack.start()
    try:
        with pytest.raises(SutFault, match="a container cannot reach the embedded stack") as caught:
            make({"web": serve}).start(stack)
    finally:
        stack.stop()
    assert "network_mode: host" in caught.value.advice


def test_a_file_that_is_not_there_is_a_fault(docker_stack: StackBackend, tmp_path: Path) -> None:
    with pytest.raises(SutFault, match=r"there is no compose file .*/none.yaml"):
        ComposeSut(tmp_path / "none.yaml", service="web", port=8080).start(docker_stack)


def test_a_file_that_is_wrong_is_a_fault_in_composes_words(make: Make, docker_stack: StackBackend) -> None:
    with pytest.raises(SutFault, match=r"compose.yaml is wrong") as caught:
        make({"web": {"imgae": "x"}}).start(docker_stack)
    assert "imgae" in caught.value.log_tail


def test_a_service_that_the_file_does_not_have_is_a_fault_that_says_which_it_has(
    make: Make, docker_stack: StackBackend, serve: dict[str, Any]
) -> None:
    with pytest.raises(SutFault, match=r"has no service 'wbe'; it has other, web"):
        make({"web": serve, "other": serve}, service="wbe").start(docker_stack)


def test_a_service_of_a_profile_is_there_when_the_profile_is_named(
    make: Make, docker_stack: StackBackend, serve: dict[str, Any]
) -> None:
    services = {"web": {**serve, "profiles": ["full"]}, "other": serve}
    with pytest.raises(SutFault, match=r"has no service 'web'; it has other") as caught:
        make(services).start(docker_stack)
    assert "profiles=" in caught.value.advice
    sut = make(services, profiles=["full"])
    sut.start(docker_stack)
    sut.check()


@pytest.mark.parametrize("with_stack", [False, True])
def test_the_demo_shops_file_is_right_alone_and_with_the_stacks(with_stack: bool) -> None:
    files = [*([ROOT / "compose/docker-compose.yaml"] if with_stack else []), ROOT / "demo/compose.yaml"]
    config = json.loads(Compose(find_compose(), None).run("config", "--format", "json", files=files))
    assert {"shop", "postgres"} <= config["services"].keys()
    assert config["services"]["shop"]["build"]["context"] == str(ROOT)


def test_a_port_that_cannot_be_is_refused() -> None:
    with pytest.raises(UsageError, match="port = 0"):
        ComposeSut("compose.yaml", service="web", port=0)


def test_without_compose_it_is_said_what_to_install(
    make: Make, docker_stack: StackBackend, serve: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SutFault, match="there is no Docker Compose") as caught:
        make({"web": serve}).start(docker_stack)
    assert "install Docker Compose 2" in caught.value.advice


def test_compose_1_is_too_old(
    make: Make, docker_stack: StackBackend, serve: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old = tmp_path / "docker-compose"
    old.write_text(f"#!{shutil.which('sh')}\necho 1.29.2\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SutFault, match=r"too old: 1\.29\.2"):
        make({"web": serve}).start(docker_stack)


def test_what_a_killed_session_left_is_removed_by_the_next(
    make: Make, docker_stack: StackBackend, serve: dict[str, Any], ours: Any, tmp_path: Path
) -> None:
    parts = {"volumes": {"data": None}}
    sut = make({"web": {**serve, "volumes": ["data:/tmp"]}}, parts=parts)
    script = f"""
import os, signal
from pathlib import Path
from k6spec.stack.compose_cli import Compose, find_compose
from k6spec.stack.compose_sut import ComposeSut
from tests.support.stacks import make_stack
root = Path({str(tmp_path)!r})
stack = make_stack("docker", root)
stack.start()
ComposeSut(root / "compose.yaml", service="web", port=8080, workspace=root).start(stack)
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", script], timeout=100)
    assert killed.returncode == -signal.SIGKILL
    assert len(ours()) == 6
    said: list[str] = []
    sut.say = said.append
    sut.start(docker_stack)
    assert sum("left over by a session that died" in line for line in said) == 6
    sut.stop()
    assert ours() == []


def test_what_a_killed_session_left_is_removed_by_the_next_docker_stack(
    make: Make, serve: dict[str, Any], ours: Any, tmp_path: Path
) -> None:
    make({"web": {**serve, "volumes": ["data:/tmp"], "network_mode": "host"}}, parts={"volumes": {"data": None}})
    port = quiet_port()
    script = f"""
import os, signal
from pathlib import Path
from k6spec.stack.compose_cli import Compose, find_compose
from k6spec.stack.compose_sut import ComposeSut
from tests.support.stacks import make_stack
root = Path({str(tmp_path)!r})
stack = make_stack("embedded", root)
stack.start()
sut = ComposeSut(root / "compose.yaml", service="web", port={port}, env={{"PORT": "{port}"}}, workspace=root)
sut.start(stack)
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", script], timeout=100)
    assert killed.returncode == -signal.SIGKILL
    assert len(ours()) == 2
    stack = make_stack("docker", tmp_path)
    stack.start()
    stack.stop()
    assert ours() == []


@pytest.mark.parametrize("delay", [0.1, 0.5, 0.9, 1.3, 2.0])
def test_ctrl_c_during_start_leaves_nothing(
    make: Make, docker_stack: StackBackend, serve: dict[str, Any], ours: Any, delay: float
) -> None:
    sut = make({"web": {**serve, "volumes": ["data:/tmp"]}, "other": serve}, parts={"volumes": {"data": None}})
    with interrupted(delay):
        sut.start(docker_stack)
    sut.stop()
    time.sleep(1)  # for what the daemon might still be making
    assert ours() == []
