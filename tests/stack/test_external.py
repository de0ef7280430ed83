import pytest

from k6spec.stack.base import Endpoints
from k6spec.stack.collector_config import CollectorConfig, ToReceiver
from k6spec.stack.external import ExportedSpans, ExternalStack
from k6spec.stack.ports import free_ports
from k6spec.stack.program import Program
from k6spec.stack.wait import HttpReady
from tests.support.stacks import binary, export_of, post, quiet_port, rows_of

pytestmark = pytest.mark.timeout(60)


def test_spans_come_by_the_second_exporter_of_a_collector_that_is_not_ours(tmp_path):
    receiver = f"127.0.0.1:{quiet_port()}"
    grpc, http, health, metrics = free_ports([0] * 4)
    config = CollectorConfig(
        host="127.0.0.1",
        judged=ToReceiver(endpoint=receiver),
        jaeger=None,
        grpc_port=grpc,
        http_port=http,
        health_port=health,
        metrics_port=metrics,
    )
    theirs = Program([binary("otelcol"), "--config=env:CONFIG"], env={"CONFIG": config.as_yaml()})
    endpoints = Endpoints(otlp_grpc=f"http://127.0.0.1:{grpc}", otlp_http=f"http://127.0.0.1:{http}")
    stack = ExternalStack(endpoints, spans=ExportedSpans(receiver, spool_root=tmp_path))
    try:
        theirs.wait_until(HttpReady(f"http://127.0.0.1:{health}/"), timeout=20)
        stack.start()
        feed = stack.feed()
        post(stack, export_of(10))
        assert len(rows_of(feed, 10)) == 10
        assert feed.losses().total == 0
        stack.stop()
        assert theirs.alive
        assert list(tmp_path.iterdir()) == []
    finally:
        stack.stop()
        theirs.stop()


def test_without_a_link_there_is_none():
    endpoints = Endpoints(otlp_grpc="http://c:1", otlp_http="http://c:2")
    stack = ExternalStack(endpoints, spans=ExportedSpans("[::1]:4319"))
    assert stack.trace_url("00") is None
    assert stack.logs() == ""
