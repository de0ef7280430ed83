import gzip
import json
import random
import threading

import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from k6spec.collect.handshake import SPOOL_NAME
from k6spec.collect.spool import SpoolReader

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
WHOLE = gzip.compress(b"x" * 1000, mtime=0)


def test_protobuf_is_acknowledged_in_protobuf_and_spooled(receiver, export):
    answer = receiver.post(export(3))
    assert (answer.status_code, answer.headers["content-type"]) == (200, PROTOBUF)
    assert ExportTraceServiceResponse.FromString(answer.content) == ExportTraceServiceResponse()
    assert [span["name"] for span in receiver.spans()] == ["span 0", "span 1", "span 2"]


def test_json_is_acknowledged_in_json_and_spooled_as_protobuf(receiver):
    span = {"traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "eee19b7ec3c1b174", "name": "x", "kind": 3}
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [span], "new": 1}]}]}
    answer = receiver.post(json.dumps(body).encode(), kind="application/json; charset=utf-8")
    assert (answer.status_code, answer.headers["content-type"], answer.json()) == (200, JSON, {})
    (row,) = receiver.spans()
    assert row["trace_id"].hex() == "5b8efff798038103d269b633813fc60c"
    assert (row["span_id"].hex(), row["kind"]) == ("eee19b7ec3c1b174", "client")


def test_gzip_is_taken_also_in_several_members(receiver, export):
    message = export(2)
    body = gzip.compress(message[:10]) + gzip.compress(message[10:])
    assert receiver.post(body, content_encoding="gzip").status_code == 200
    assert len(receiver.spans()) == 2


@pytest.mark.parametrize("size", [1, 1_000, 30_000])
def test_members_of_gzip_may_end_anywhere(receiver, export, size):
    message = export(5, noise=random.Random(1).randbytes(50_000).hex())
    parts = [gzip.compress(message[start : start + size], compresslevel=1) for start in range(0, 60_000, size)]
    body = b"".join(parts) + gzip.compress(message[60_000 // size * size :])
    assert receiver.post(body, content_encoding="gzip").status_code == 200
    assert SpoolReader(receiver.directory / SPOOL_NAME).read(1 << 30) == [message]


@pytest.mark.parametrize(("kind", "body"), [(PROTOBUF, b""), (JSON, b"{}")])
def test_an_empty_export_is_a_success_and_not_spooled(receiver, kind, body):
    assert receiver.post(body, kind=kind).status_code == 200
    assert receiver.spans() == []


@pytest.mark.parametrize("path", ["/v1/metrics", "/v1/logs"])
def test_metrics_and_logs_are_taken_and_discarded(receiver, path):
    assert receiver.post(b"", path=path).status_code == 200
    assert receiver.post(b'{"resourceLogs": [], "resourceMetrics": []}', path=path, kind=JSON).status_code == 200
    assert receiver.post(b"\xff garbage", path=path).status_code == 400
    assert receiver.spans() == []


@pytest.mark.parametrize("body", [b"\xff\xff garbage", b"\x0a\x05ab"])
def test_garbage_protobuf_is_refused_with_a_status_and_counted(receiver, body):
    answer = receiver.post(body)
    assert (answer.status_code, answer.headers["content-type"]) == (400, PROTOBUF)
    status = Status.FromString(answer.content)
    assert status.code == 3
    assert "ExportTraceServiceRequest" in status.message
    assert receiver.counts.refused == 1


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"\xff",
        b'{"resourceSpans": 3}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"kind": "SPAN_KIND_SERVER"}]}]}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"startTimeUnixNano": "soon"}]}]}]}',
        b'{"a":' * 100_000,
    ],
)
def test_garbage_json_is_refused_with_a_status_in_json(receiver, body):
    answer = receiver.post(body, kind=JSON)
    assert (answer.status_code, answer.headers["content-type"]) == (400, JSON)
    assert answer.json()["code"] == 3
    assert receiver.counts.refused == 1


@pytest.mark.parametrize(
    "body", [b"no gzip", WHOLE[:-12], WHOLE[:5], WHOLE + WHOLE[:9], WHOLE + b"no gzip", WHOLE + bytes(1)]
)
def test_broken_gzip_is_refused_and_counted(receiver, body):
    assert receiver.post(body, content_encoding="gzip").status_code == 400
    assert receiver.counts.refused == 1


def test_a_zip_bomb_is_refused_after_the_limit(small_receiver, export):
    bomb = gzip.compress(bytes(50_000_000))
    answer = small_receiver.post(bomb, content_encoding="gzip")
    assert answer.status_code == 413
    assert Status.FromString(answer.content).code == 8
    assert small_receiver.post(export()).status_code == 200


def test_a_body_beyond_the_limit_is_refused_whether_its_length_is_declared_or_not(small_receiver):
    def chunks():
        yield from [bytes(1 << 14)] * 5

    assert small_receiver.post(bytes((1 << 16) + 1)).status_code == 413
    assert small_receiver.post(chunks()).status_code == 413
    assert small_receiver.counts.refused == 2


def test_a_large_export_is_taken(receiver, export):
    assert receiver.post(export(2, big="x" * 10_000_000)).status_code == 200
    assert len(receiver.spans()[0]["attributes"][0][1]) == 10_000_000


@pytest.mark.parametrize("kind", ["text/plain", "application/grpc", ""])
def test_another_content_type_is_refused_in_plain_text(receiver, export, kind):
    answer = receiver.post(export(), kind=kind)
    assert answer.status_code == 415
    assert answer.headers["content-type"].startswith("text/plain")


def test_another_content_encoding_is_refused_and_told_what_is_taken(receiver, export):
    answer = receiver.post(export(), content_encoding="zstd")
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "gzip")


def test_other_paths_and_methods_are_refused(receiver):
    import httpx

    base = f"http://127.0.0.1:{receiver.http_port}"
    assert receiver.post(b"", path="/v1/profiles").status_code == 404
    answer = httpx.get(base + "/v1/traces", trust_env=False)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert receiver.counts.refused == 0


def test_everything_acknowledged_to_parallel_clients_is_there(receiver, export):
    acknowledged = []

    def send(number: int) -> None:
        for _ in range(20):
            if number % 2:
                acknowledged.append(receiver.post(export(5)).status_code == 200)
            else:
                acknowledged.append(receiver.call(export(5), gzip=number % 4 == 0) == b"")

    threads = [threading.Thread(target=send, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert acknowledged == [True] * 160
    assert len(receiver.spans()) == 800
    assert (receiver.counts.accepted_messages, receiver.counts.accepted_spans) == (160, 800)
