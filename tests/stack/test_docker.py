import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from k6spec.errors import StackFault
from k6spec.stack.containers import HostPorts, Images, StackPlan
from k6spec.stack.lifetime import let_go
from tests.support.stacks import PLAN, docker_client, export_of, post, quiet_port, rows_of

pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def client():
    opened = docker_client()
    yield opened
    opened.close()


@pytest.fixture
def make(client, tmp_path):
    from k6spec.stack.docker import DockerStack

    made = []

    def make(plan=PLAN, **more):
        made.append(DockerStack(plan, workspace=tmp_path, spool_root=tmp_path, **more))
        return made[-1]

    yield make
    for stack in made:
        stack.stop()


@pytest.fixture
def stack(make):
    started = make()
    started.start()
    return started


@pytest.fixture
def ours(client, tmp_path):
    """All containers and networks of this test's workspace."""

    def find():
        label = {"label": f"k6spec.workspace={tmp_path.resolve()}"}
        containers = client.containers.list(all=True, filters=label, ignore_removed=True)
        return containers + client.networks.list(filters=label)

    return find


def container(ours, name):
    (found,) = [thing for thing in ours() if thing.name.endswith(name)]
    return found


def test_what_is_made_is_labelled_and_published_on_loopback_alone(stack, ours, tmp_path):
    for thing in ours():
        labels = getattr(thing, "labels", None) or thing.attrs["Labels"]
        assert labels["k6spec"] == "1"
        assert labels["k6spec.pid"] == str(os.getpid())
        assert labels["k6spec.user"] == str(os.getuid())
    for running in (container(ours, "otel-collector"), container(ours, "jaeger")):
        bindings = [binding for bound in running.ports.values() if bound for binding in bound]
        assert {binding["HostIp"] for binding in bindings} == {"127.0.0.1"}
        assert running.attrs["Mounts"] == []


def test_a_container_on_its_network_is_told_the_name_of_the_collector(stack):
    assert stack.endpoints("container").otlp_grpc == "http://otel-collector:4317"
    assert stack.endpoints("container").otlp_http == "http://otel-collector:4318"
    assert stack.network.startswith("k6spec-")


def test_without_jaeger_there_is_one_container_and_no_link(make, ours):
    stack = make(StackPlan(images=Images(collector=PLAN.images.collector, jaeger=None)))
    stack.start()
    feed = stack.feed()
    assert post(stack, export_of(1)).status_code == 200
    assert [thing.name.rpartition("-")[2] for thing in ours()][:1] == ["collector"]
    assert len(ours()) == 2
    assert stack.trace_url("00") is None
    assert feed.losses().total == 0


def test_spans_are_wiped_inside_and_outside_when_the_feed_is_closed(stack, ours, tmp_path):
    feed = stack.feed()
    post(stack, export_of(10))
    assert len(rows_of(feed, 10)) == 10
    (spool,) = tmp_path.glob("*/spans.spool")
    assert spool.stat().st_size > 0
    feed.close()
    assert list(tmp_path.iterdir()) == []
    _, stat = container(ours, "otel-collector").get_archive("/k6spec/spans")
    assert stat["size"] == 0


def test_who_looks_at_a_kept_stack_takes_no_spans_from_the_load_that_uses_it(stack, make, tmp_path):
    recorded = []
    stack.keep(lambda *told: recorded.append(told) or tmp_path)
    using, looking = make(), make()
    using.adopt(*recorded[0])
    feed = using.feed()
    looking.adopt(*recorded[0])
    let_go(looking)
    post(using, export_of(10))
    assert len(rows_of(feed, 10)) == 10
    feed.close()


def test_a_collector_that_died_is_a_fault_with_its_log(stack, ours):
    feed = stack.feed()
    container(ours, "otel-collector").kill()
    for ask in (lambda: list(feed.poll()), feed.losses, stack.feed):
        with pytest.raises(StackFault, match=r"otel-collector died \(exit code 137\)") as caught:
            ask()
        assert "Everything is ready" in caught.value.log_tail
    feed.close()


def test_one_whose_collector_died_can_be_started_again(stack, ours):
    container(ours, "otel-collector").kill()
    stack.start()
    assert post(stack, export_of(1)).status_code == 200
    assert len(ours()) == 3


def test_a_jaeger_that_died_costs_the_links_alone(stack, ours):
    feed = stack.feed()
    container(ours, "jaeger").kill()
    post(stack, export_of(10))
    assert len(rows_of(feed, 10)) == 10
    assert feed.losses().total == 0
    assert stack.trace_url("00") is None


def test_an_image_that_cannot_be_had_is_a_fault_that_says_what_to_do(make, ours):
    said = []
    image = "127.0.0.1:1/no/such-image:1"
    stack = make(StackPlan(images=Images(collector=image, jaeger=None)), say=said.append)
    with pytest.raises(StackFault, match="could not be pulled") as caught:
        stack.start()
    assert image in caught.value.cause
    assert f"docker pull {image}" in caught.value.advice
    assert said == [f"pulling {image}"]
    assert ours() == []


def test_a_program_that_ends_at_once_is_a_fault_with_its_log(make, ours):
    # Jaeger does not know the Collector's exporters.
    stack = make(StackPlan(images=Images(collector=PLAN.images.jaeger, jaeger=None)))
    with pytest.raises(StackFault, match=r"otel-collector did not start \(exit code 1\)") as caught:
        stack.start()
    assert "unknown type" in caught.value.log_tail
    assert ours() == []


def test_leftovers_of_a_killed_session_are_removed_by_the_next(make, ours, tmp_path):
    script = (
        "import sys, os, signal; from pathlib import Path\n"
        "from k6spec.stack.docker import DockerStack; from tests.support.stacks import PLAN\n"
        f"stack = DockerStack(PLAN, workspace=Path({str(tmp_path)!r}), spool_root=Path({str(tmp_path)!r}))\n"
        "stack.start(); feed = stack.feed()\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", script], timeout=60)
    assert killed.returncode == -signal.SIGKILL
    dead = {thing.id for thing in ours()}
    assert len(dead) == 3
    (left,) = tmp_path.iterdir()
    alive = make()
    alive.start()
    said = []
    other = make(say=said.append)
    other.start()
    assert said == []
    assert len(ours()) == 6
    assert not left.exists()
    assert dead.isdisjoint({thing.id for thing in ours()})


@pytest.mark.parametrize("delay", [0.01, 0.05, 0.1, 0.2, 0.3, 0.6, 0.9])
def test_ctrl_c_during_start_leaves_nothing(make, ours, tmp_path, delay):
    stack = make()

    def start_and_wait():
        stack.start()
        time.sleep(5)

    timer = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            start_and_wait()
    finally:
        timer.cancel()
        stack.stop()
    time.sleep(1)  # for what the daemon might still be making
    assert ours() == []
    assert list(tmp_path.iterdir()) == []


def test_a_daemon_that_is_absent_is_a_fault_that_says_what_to_do(make, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(StackFault, match="does not answer at unix:///nowhere") as caught:
        make().start()
    assert "start Docker" in caught.value.advice


def test_fixed_ports_are_published(make):
    ports = HostPorts(grpc=quiet_port(), http=quiet_port(), ui=quiet_port())
    stack = make(StackPlan(images=PLAN.images, ports=ports))
    stack.start()
    assert stack.endpoints().otlp_http == f"http://127.0.0.1:{ports.http}"
    assert stack.trace_url("00") == f"http://127.0.0.1:{ports.ui}/trace/00"
