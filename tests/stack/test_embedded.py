import os
import signal
import socket
import subprocess
import time

import grpc
import httpx
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind

from k6spec.errors import StackFault
from k6spec.stack.embedded import EmbeddedStack


def message():
    export = TracesData()
    export.resource_spans.add().scope_spans.add().spans.add(trace_id=os.urandom(16), span_id=os.urandom(8))
    return export.SerializeToString()


def post(stack, body):
    url = stack.endpoints().otlp_http + "/v1/traces"
    return httpx.post(url, content=body, headers={"content-type": "application/x-protobuf"}, trust_env=False)


def rows(feed):
    return [row for batch in feed.poll() for row in batch.to_pylist()]


def kill_receiver(root):
    """Ends the one receiver whose spool is below ``root``, as the OOM killer would."""
    for line in subprocess.check_output(["ps", "-wweo", "pid=,args="], text=True).splitlines():
        pid, _, arguments = line.strip().partition(" ")
        if str(root) in arguments and "_guard.py" not in arguments:
            os.kill(int(pid), signal.SIGKILL)


@pytest.fixture
def stack(tmp_path):
    backend = EmbeddedStack(spool_root=tmp_path)
    backend.start()
    yield backend
    backend.stop()


def exporter_of(stack, protocol):
    endpoints = stack.endpoints()
    if protocol == "grpc":
        return GrpcExporter(endpoint=endpoints.otlp_grpc, insecure=True, compression=grpc.Compression.Gzip)
    return HttpExporter(endpoint=endpoints.otlp_http + "/v1/traces", compression=Compression.Gzip)


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_what_the_sdk_exports_is_what_the_feed_gives(stack, protocol):
    feed = stack.feed()
    provider = TracerProvider(resource=Resource.create({"service.name": "orders"}))
    provider.add_span_processor(BatchSpanProcessor(exporter_of(stack, protocol)))
    tracer = provider.get_tracer("shop", "1.2")
    web = {"kind": SpanKind.SERVER, "attributes": {"http.request.method": "GET"}}
    query = {"kind": SpanKind.CLIENT, "attributes": {"db.system": "sqlite"}}
    start = tracer.start_as_current_span
    with start("GET /orders", **web), start("SELECT", **query) as child:
        child.add_event("row", {"n": 1, "tags": ["a", "b"]})
        child.record_exception(ValueError("no"))
    provider.shutdown()
    by_name = {row["name"]: row for row in rows(feed)}
    server, child = by_name["GET /orders"], by_name["SELECT"]
    assert (server["service"], server["scope_name"], server["scope_version"]) == ("orders", "shop", "1.2")
    assert (server["category"], server["kind"], child["category"]) == ("http_server", "server", "db")
    assert (child["parent_span_id"], child["trace_id"]) == (server["span_id"], server["trace_id"])
    assert server["parent_span_id"] is None
    assert server["duration_ns"] >= child["duration_ns"] > 0
    first, second = child["events"]
    assert first["attributes"] == [
        ("n", "1"),
        ("tags", '{"values":[{"stringValue":"a"},{"stringValue":"b"}]}'),
    ]
    assert second["name"] == "exception"
    assert feed.losses().total == 0


def test_a_feed_begins_now_and_what_it_read_is_wiped_when_it_closes(stack, tmp_path):
    post(stack, message())
    feed = stack.feed()
    post(stack, message())
    assert len(rows(feed)) == 1
    (spool,) = tmp_path.glob("*/spans.spool")
    assert spool.stat().st_size > 0
    feed.close()
    assert spool.stat().st_size == 0
    later = stack.feed()
    post(stack, message())
    assert len(rows(later)) == 1
    later.close()


def test_two_feeds_do_not_take_from_each_other(stack):
    first = stack.feed()
    post(stack, message())
    second = stack.feed()
    post(stack, message())
    second.close()
    assert len(rows(first)) == 2


def test_a_refused_export_is_a_loss(stack):
    feed = stack.feed()
    assert post(stack, b"\xff").status_code == 400
    assert feed.losses().refused == 1


def test_a_receiver_that_died_is_a_fault(stack, tmp_path):
    feed = stack.feed()
    kill_receiver(tmp_path)
    deadline = time.monotonic() + 10
    while not stack.parts()[0].ailment and time.monotonic() < deadline:
        time.sleep(0.02)
    with pytest.raises(StackFault, match="receiver died"):
        list(feed.poll())
    with pytest.raises(StackFault, match="receiver died"):
        feed.losses()
    with pytest.raises(StackFault, match="receiver died"):
        stack.feed()


def test_stopping_leaves_nothing_and_can_be_done_again(stack, tmp_path):
    port = int(stack.endpoints().otlp_grpc.rpartition(":")[2])
    stack.stop()
    stack.stop()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
    with pytest.raises(StackFault, match="not up"):
        stack.endpoints()


def test_the_spool_is_the_owners_alone(stack, tmp_path):
    (directory,) = tmp_path.iterdir()
    assert directory.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("option", ["grpc_port", "http_port"])
def test_a_port_in_use_is_a_fault_that_says_what_to_do(tmp_path, option):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StackFault) as caught:
            EmbeddedStack(spool_root=tmp_path, **{option: port}).start()
    assert f"port {port} on 127.0.0.1" in caught.value.cause
    assert "What to do" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_an_address_that_is_not_ours_is_a_fault(tmp_path):
    with pytest.raises(StackFault, match=r"192\.0\.2\.1"):
        EmbeddedStack(spool_root=tmp_path, host="192.0.2.1").start()


@pytest.mark.parametrize("vantage", ["container", "cluster"])
def test_loopback_is_out_of_reach_for_containers_and_clusters(stack, vantage):
    with pytest.raises(StackFault, match="EmbeddedStack"):
        stack.endpoints(vantage)


def test_one_that_can_be_reached_gives_each_vantage_its_address(tmp_path, monkeypatch):
    stack = EmbeddedStack(spool_root=tmp_path, host="0.0.0.0")
    # Not started: nothing here listens on every address of the host.
    monkeypatch.setattr(stack, "_ports", {"grpc": 1, "http": 2})
    assert stack.endpoints().otlp_grpc == "http://127.0.0.1:1"
    assert stack.endpoints("container").otlp_http == "http://host.docker.internal:2"
    with pytest.raises(StackFault, match="every address"):
        stack.endpoints("cluster")


def test_its_face(stack):
    assert stack.name == "embedded"
    assert stack.trace_url("00") is None
    assert stack.logs() == ""
