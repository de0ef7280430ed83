"""What is told of Docker's daemon, whatever state it is in."""

import socket
import threading
import time

import pytest

from k6spec.doctor.docker import docker
from tests.support.stacks import PLAN, docker_client


@pytest.fixture
def hanging_daemon(tmp_path, monkeypatch):
    """A daemon that takes connections and never answers."""
    path = str(tmp_path / "docker.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(16)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        yield


def test_without_a_daemon_other_stacks_do_without(case, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    (found,) = docker(case("embedded"))
    assert (found.topic, found.status) == ("Docker", "not needed")
    assert "/nowhere/docker.sock" in found.seen


def test_without_a_daemon_the_docker_stack_cannot_run(case, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    (found,) = docker(case("docker"))
    assert found.status == "problem"
    assert "start Docker" in found.advice


def test_a_daemon_that_hangs_costs_little(case, hanging_daemon):
    began = time.monotonic()
    (found,) = docker(case("docker"))
    assert found.status == "problem"
    assert time.monotonic() - began < 5


def test_a_daemon_behind_ssh_is_not_asked(case, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "ssh://nobody@192.0.2.1")
    (found,) = docker(case("docker"))
    assert found.status == "problem"
    assert "another host" in found.seen


def test_a_daemon_that_dies_while_it_is_asked_is_told(case, tmp_path, monkeypatch):
    path = str(tmp_path / "docker.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(16)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")

        def answer_once() -> None:
            connection, _ = listener.accept()
            connection.recv(65536)
            version = b'{"ApiVersion": "1.41"}'
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(version)
                + version
            )
            connection.recv(65536)
            connection.close()

        threading.Thread(target=answer_once, daemon=True).start()
        (found,) = docker(case("docker"))
    assert found.status == "problem"
    assert "began to answer" in found.seen


@pytest.mark.docker
def test_a_daemon_with_the_images_is_well(case):
    docker_client().close()
    images = {"collector_image": PLAN.images.collector, "jaeger_image": PLAN.images.jaeger}
    daemon, collector, jaeger, clock = docker(case("docker", **images))
    assert [finding.status for finding in (daemon, collector, jaeger, clock)] == ["ok"] * 4
    assert "is here" in collector.seen
    assert clock.topic == "clock of Docker's host"


@pytest.mark.docker
def test_a_missing_image_comes_with_the_line_that_pulls_it(case):
    docker_client().close()
    images = {"collector_image": PLAN.images.collector, "jaeger_image": "no/such:1"}
    missing = [finding for finding in docker(case("docker", **images)) if "not here" in finding.seen]
    assert [(finding.status, finding.advice) for finding in missing] == [("warning", "docker pull no/such:1")]


@pytest.mark.docker
def test_without_jaeger_its_image_is_not_asked_for(case):
    docker_client().close()
    settings = {"collector_image": PLAN.images.collector, "jaeger_feed": "off"}
    assert [finding.topic for finding in docker(case("embedded", **settings))] == ["Docker", "image"]
