"""One suite over all stacks: what a system exports is what the feed gives, and nothing is left behind."""

import json
import os
import socket
import time

import grpc
import httpx
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from k6spec.errors import StackFault
from tests.support.stacks import docker_client, export_of, make_stack, missing, post, quiet_port, rows_of

EMBEDDED, PROCESS, DOCKER = "embedded", "process", pytest.param("docker", marks=pytest.mark.docker)
KINDS = [EMBEDDED, PROCESS, DOCKER]

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module", params=KINDS)
def stack(request, tmp_path_factory):
    """One that runs for all tests that leave it as it was."""
    backend = make_stack(request.param, tmp_path_factory.mktemp(request.param))
    backend.start()
    yield backend
    backend.stop()


@pytest.fixture(scope="module", params=[PROCESS, DOCKER])
def stack_with_jaeger(request, tmp_path_factory):
    backend = make_stack(request.param, tmp_path_factory.mktemp(request.param))
    backend.start()
    yield backend
    backend.stop()


@pytest.fixture
def feed(stack):
    opened = stack.feed()
    yield opened
    opened.close()


@pytest.fixture(params=KINDS)
def new_stack(request, tmp_path):
    """Makes stacks that are not started, and ends them all."""
    made = []

    def make(**more):
        made.append(make_stack(request.param, tmp_path, **more))
        return made[-1]

    yield make
    for backend in made:
        backend.stop()


def send_by_grpc(stack, message):
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(stack.endpoints().otlp_grpc.removeprefix("http://"), options=options) as channel:
        channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")(message, timeout=30)


def between(stack):
    """The attributes that a Collector in between adds."""
    return [] if stack.name == "embedded" else [("test.source", "k6-load-test")]


def docker_things(workspace):
    """All containers and networks of a workspace."""
    label = {"label": f"k6spec.workspace={workspace.resolve()}"}
    client = docker_client()
    try:
        return client.containers.list(all=True, filters=label) + client.networks.list(filters=label)
    finally:
        client.close()


def refuses(url):
    host, _, port = url.removeprefix("http://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return True
    return False


def test_the_name_is_the_setting(stack):
    assert stack.name in {"embedded", "process", "docker"}


def test_it_listens_on_loopback_alone(stack):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as route:
        try:
            route.connect(("192.0.2.1", 9))  # sends nothing; tells this host's address
        except OSError:
            pytest.skip("this host has loopback alone")
        outside = route.getsockname()[0]
    for url in (stack.endpoints().otlp_grpc, stack.endpoints().otlp_http):
        assert url.startswith("http://127.0.0.1:")
        assert refuses(url.replace("127.0.0.1", outside))


@pytest.mark.parametrize("way", ["grpc", "http"])
def test_spans_arrive_exactly_once_with_their_attributes(stack, feed, way):
    message = export_of(100, **{"http.request.method": "GET", "é": "\U0001f600"})
    if way == "grpc":
        send_by_grpc(stack, message)
    else:
        assert post(stack, message).status_code == 200
    rows = rows_of(feed, 100)
    assert sorted(row["name"] for row in rows) == sorted(f"span {number}" for number in range(100))
    assert {row["service"] for row in rows} == {"orders"}
    assert {row["duration_ns"] for row in rows} == {1_000_000}
    wanted = [("http.request.method", "GET"), ("é", "\U0001f600"), *between(stack)]
    assert all(sorted(row["attributes"]) == sorted(wanted) for row in rows)
    assert feed.losses().total == 0
    assert feed.tier == "stream"


def test_a_message_of_more_than_4_mib_arrives(stack, feed):
    message = export_of(4096, padding="x" * 2000)
    assert len(message) > 8 << 20
    send_by_grpc(stack, message)
    assert len(rows_of(feed, 4096)) == 4096
    assert feed.losses().total == 0


def test_a_stream_of_small_messages_arrives_while_it_is_read(stack, feed):
    rows = []
    for _ in range(100):
        send_by_grpc(stack, export_of(50))
        rows += [row["span_id"] for batch in feed.poll() for row in batch.to_pylist()]
    rows += [row["span_id"] for row in rows_of(feed, 5000 - len(rows))]
    assert len(rows) == len(set(rows)) == 5000
    assert feed.losses().total == 0


def test_a_feed_begins_now(stack):
    for _ in range(2):
        feed = stack.feed()
        post(stack, export_of(3))
        assert len(rows_of(feed, 3)) == 3
        feed.close()
        feed.close()


def test_two_feeds_do_not_take_from_each_other(stack, feed):
    second = stack.feed()
    post(stack, export_of(2))
    assert len(rows_of(feed, 2)) == 2
    assert len(rows_of(second, 2)) == 2
    second.close()
    post(stack, export_of(1))
    assert len(rows_of(feed, 1)) == 1


def test_spans_that_an_sdk_dropped_are_losses(stack, feed):
    metrics = ExportMetricsServiceRequest()
    metric = metrics.resource_metrics.add().scope_metrics.add().metrics.add()
    metric.name = "otel.sdk.processor.span.processed"
    metric.sum.aggregation_temporality = 1
    point = metric.sum.data_points.add(as_int=7)
    point.attributes.add(key="error.type").value.string_value = "queue_full"
    assert post(stack, metrics.SerializeToString(), "metrics").status_code == 200
    deadline = time.monotonic() + 5
    while feed.losses().sdk_dropped != 7 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert feed.losses().sdk_dropped == feed.losses().total == 7


def test_logs_are_taken(stack):
    logs = ExportLogsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add().body.string_value = "hello"
    assert post(stack, logs.SerializeToString(), "logs").status_code == 200


def test_starting_again_changes_nothing(stack):
    before = stack.endpoints()
    stack.start()
    assert stack.endpoints() == before


def test_a_cluster_is_told_that_it_cannot_reach_it(stack):
    with pytest.raises(StackFault, match="cluster") as caught:
        stack.endpoints("cluster")
    assert caught.value.advice


def test_two_side_by_side(new_stack):
    first, second = new_stack(), new_stack()
    first.start()
    second.start()
    feeds = [first.feed(), second.feed()]
    post(first, export_of(1))
    post(second, export_of(2))
    assert [len(rows_of(feed, count)) for feed, count in zip(feeds, (1, 2), strict=True)] == [1, 2]
    first.stop()
    post(second, export_of(3))
    assert len(rows_of(feeds[1], 3)) == 3


def test_stopping_leaves_nothing_and_can_be_done_again(new_stack, tmp_path):
    stack = new_stack()
    stack.start()
    endpoints = stack.endpoints()
    stack.feed()
    stack.stop()
    stack.stop()
    assert list(tmp_path.iterdir()) == []
    assert refuses(endpoints.otlp_grpc)
    assert refuses(endpoints.otlp_http)
    with pytest.raises(StackFault, match="not up"):
        stack.endpoints()
    with pytest.raises(StackFault, match="not up"):
        stack.feed()
    if stack.name == "docker":
        assert docker_things(tmp_path) == []
    stack.start()
    assert post(stack, export_of(1)).status_code == 200


class Recorded:
    """What was recorded of a kept stack, in a file beside what the stack itself keeps."""

    def __init__(self, path):
        self.path = path

    def __call__(self, stack, found):
        self.stack, self.found = stack, json.loads(json.dumps(found))
        self.path.write_text(stack)
        return self.path

    def adopted_by(self, stack):
        stack.adopt(self.stack, self.found)
        return stack


@pytest.fixture
def kept(new_stack, tmp_path_factory):
    """A stack that was started, then kept; it is ended with the test."""
    stack = new_stack()
    stack.start()
    recorded = Recorded(tmp_path_factory.mktemp("kept") / "stack.json")
    stack.keep(recorded)
    yield recorded
    recorded.adopted_by(new_stack()).stop()


def test_one_that_was_kept_is_let_go_of(new_stack, tmp_path_factory):
    stack = new_stack()
    stack.start()
    endpoints = stack.endpoints()
    recorded = Recorded(tmp_path_factory.mktemp("kept") / "stack.json")
    stack.keep(recorded)
    with pytest.raises(StackFault, match="not up"):
        stack.endpoints()
    assert stack.parts() == []
    stack.stop()
    adopted = recorded.adopted_by(new_stack())
    assert adopted.endpoints() == endpoints
    assert {part.name: part.ailment for part in adopted.parts() if part.ailment} == {}


def test_one_that_was_adopted_gives_what_arrives_from_now_on(kept, new_stack):
    adopted = kept.adopted_by(new_stack())
    adopted.start()
    post(adopted, export_of(4))
    time.sleep(1)  # a Collector holds them for a moment
    feed = adopted.feed()
    post(adopted, export_of(100))
    assert len(rows_of(feed, 100)) == 100
    assert feed.losses().total == 0


def test_sessions_one_after_the_other_get_what_is_theirs(kept, new_stack):
    first, second = kept.adopted_by(new_stack()), kept.adopted_by(new_stack())
    for count, session in enumerate((first, second, first), start=1):
        feed = session.feed()
        post(session, export_of(count))
        assert len(rows_of(feed, count)) == count
        feed.close()


def test_spans_of_a_session_that_was_killed_are_not_given_to_the_next(kept, new_stack):
    killed = kept.adopted_by(new_stack())
    opened = killed.feed()
    post(killed, export_of(50))
    assert len(rows_of(opened, 50)) == 50
    adopted = kept.adopted_by(new_stack())
    feed = adopted.feed()
    post(adopted, export_of(5))
    assert len(rows_of(feed, 5)) == 5


def test_stopping_one_that_was_adopted_leaves_nothing(kept, new_stack, tmp_path):
    adopted = kept.adopted_by(new_stack())
    endpoints = adopted.endpoints()
    adopted.feed()
    adopted.stop()
    adopted.stop()
    assert list(tmp_path.iterdir()) == []
    assert refuses(endpoints.otlp_grpc)
    assert refuses(endpoints.otlp_http)
    if adopted.name == "docker":
        assert docker_things(tmp_path) == []


def test_one_that_cannot_be_recorded_is_as_before(new_stack):
    stack = new_stack()
    stack.start()

    def record(_stack, _found):
        raise StackFault("the disk is full")

    with pytest.raises(StackFault, match="full"):
        stack.keep(record)
    feed = stack.feed()
    post(stack, export_of(3))
    assert len(rows_of(feed, 3)) == 3


def test_a_port_in_use_is_a_fault_that_says_what_to_do(new_stack, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        stack = new_stack(grpc_port=taken.getsockname()[1])
        with pytest.raises(StackFault, match="in use") as caught:
            stack.start()
    assert "any free port: 0" in caught.value.advice
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_asked_for_is_the_port(new_stack):
    port = quiet_port()
    stack = new_stack(grpc_port=port)
    stack.start()
    assert stack.endpoints().otlp_grpc == f"http://127.0.0.1:{port}"


def test_jaeger_shows_the_trace_behind_the_link(stack_with_jaeger):
    trace_id = os.urandom(16)
    post(stack_with_jaeger, export_of(5, trace_id=trace_id))
    url = stack_with_jaeger.trace_url(trace_id.hex())
    assert url.endswith(f"/trace/{trace_id.hex()}")
    api = url.replace("/trace/", "/api/traces/")
    deadline = time.monotonic() + 10
    while httpx.get(api, trust_env=False).status_code != 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    (trace,) = httpx.get(api, trust_env=False).json()["data"]
    assert trace["traceID"] == trace_id.hex()
    assert len(trace["spans"]) == 5
    assert all(
        {"key": "test.source", "type": "string", "value": "k6-load-test"} in s["tags"] for s in trace["spans"]
    )


def test_the_embedded_stack_has_no_links(tmp_path):
    assert make_stack("embedded", tmp_path).trace_url("00") is None


def test_in_ci_nothing_is_skipped(monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="in CI it must be"):
        missing("no such thing")
