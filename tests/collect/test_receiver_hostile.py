"""What a receiver must survive: each gets OTLP's right answer, and honest senders notice nothing."""

from __future__ import annotations

import gzip
import json
import resource
import socket
import subprocess
import threading
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, TracesData

from k6spec.collect.decode import decode
from k6spec.collect.spool import SpoolReader
from tests.support.otlp_messages import IDS, attribute

JSON = "application/json"


def data(*spans):
    return TracesData(resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=spans)])]).SerializeToString()


def peak_bytes(receiver) -> int:
    """The most memory that the receiver ever had."""
    pids = subprocess.check_output(["pgrep", "-f", f"^[^ ]+ -m k6spec.collect.receiver.*{receiver.directory}"])
    status = Path(f"/proc/{int(pids.split()[0])}/status").read_text()
    return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


@pytest.mark.parametrize("cut", [1, 7, 40, 200])
def test_a_truncated_export_is_refused_and_counted(receiver, export, cut):
    body = export(5, text="x" * 50)[:-cut]
    assert receiver.post(body).status_code == 400
    with pytest.raises(grpc.RpcError) as caught:
        receiver.call(body)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (receiver.spans(), receiver.counts.refused) == ([], 2)


@pytest.mark.parametrize(
    "span",
    [
        {"traceId": 3},
        {"attributes": {"a": 1}},
        {"attributes": [{"key": "a", "value": {"intValue": "many"}}]},
        {"events": "none"},
        [],
    ],
)
def test_wrongly_typed_json_is_refused(receiver, span):
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()
    answer = receiver.post(body, kind=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, 3)
    assert receiver.spans() == []


def test_a_span_whose_ids_are_no_hex_costs_its_siblings_nothing(receiver):
    spans = [{"traceId": trace_id, "spanId": "eee19b7ec3c1b174"} for trace_id in ("not hex", "5b" * 16)]
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()
    assert receiver.post(body, kind=JSON).status_code == 200
    batch, undecodable = decode(SpoolReader(receiver.directory / "spans.spool").read(1 << 30))
    assert ([row["trace_id"].hex() for row in batch.to_pylist()], undecodable) == (["5b" * 16], 1)


def test_a_grpc_message_that_is_too_large_is_counted(small_receiver):
    for compressed in (False, True):
        with pytest.raises(grpc.RpcError) as caught:
            small_receiver.call(bytes(1_000_000), gzip=compressed)
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    done = threading.Event()
    for _ in range(200):  # the answer may be sent before the handler is told
        if small_receiver.counts.refused == 2:
            break
        done.wait(0.05)
    assert small_receiver.counts.refused == 2


def test_bodies_of_100_megabytes_and_bombs_are_refused_in_bounded_memory(receiver, export):
    before = peak_bytes(receiver)
    bomb = gzip.compress(bytes(400_000_000), compresslevel=1)
    assert receiver.post(bytes(100_000_000)).status_code == 413
    assert receiver.post(bomb, content_encoding="gzip").status_code == 413
    for body, compressed in ((bytes(100_000_000), False), (bytes(400_000_000), True)):
        with pytest.raises(grpc.RpcError) as caught:
            receiver.call(body, gzip=compressed)
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert peak_bytes(receiver) - before < 300_000_000
    assert receiver.call(export()) == b""


def test_thousands_of_idle_slow_and_half_closed_connections_hinder_nobody(receiver, export):
    before = peak_bytes(receiver)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    head = (
        b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: 500\r\n"
    )
    sockets = []
    try:
        for number in range(2_400):
            port = receiver.grpc_port if number % 4 == 3 else receiver.http_port
            connection = socket.create_connection(("127.0.0.1", port), timeout=10)
            sockets.append(connection)
            if number % 4 == 1:
                connection.sendall(head)  # the headers don't end
            elif number % 4 == 2:
                connection.sendall(head + b"\r\nhalf a body")
                if number % 8 == 2:
                    connection.shutdown(socket.SHUT_WR)
            elif number % 4 == 3:
                connection.sendall(b"\xff" * 10)  # no HTTP/2 preface
        assert receiver.post(export(2)).status_code == 200
        assert receiver.call(export(3)) == b""
        assert peak_bytes(receiver) - before < 300_000_000
    finally:
        for connection in sockets:
            connection.close()
    assert receiver.post(export(4)).status_code == 200
    assert len(receiver.spans()) == 9


def test_bytes_that_are_no_http_do_not_end_it(receiver, export):
    for port in (receiver.http_port, receiver.grpc_port):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(bytes(range(256)) * 100)
    assert receiver.post(export()).status_code == 200
    assert receiver.call(export()) == b""


def test_odd_spans_are_kept_beside_good_ones(receiver):
    large = "x" * 1_000_000
    spans = [
        Span(**IDS, name="good"),
        Span(**IDS, name="good"),  # its ids again: which one is left out is decided when all are there
        Span(**IDS, name="ends early", start_time_unix_nano=10, end_time_unix_nano=5),
        Span(**IDS, name="1970", start_time_unix_nano=0, end_time_unix_nano=1),
        Span(**IDS, name="2262", start_time_unix_nano=2**63 - 1, end_time_unix_nano=2**63 - 1),
        Span(
            **IDS, name="wide", attributes=[attribute(f"k{number}", int_value=number) for number in range(10_000)]
        ),
        Span(**IDS, name="large", attributes=[attribute("text", string_value=large)]),
        Span(trace_id=bytes(16), span_id=IDS["span_id"], name="zero"),
        Span(trace_id=b"short", span_id=b"short", name="short"),
    ]
    assert receiver.call(data(*spans)) == b""
    reader = SpoolReader(receiver.directory / "spans.spool")
    batch, undecodable = decode(reader.read(1 << 30))
    rows = {row["name"]: row for row in batch.to_pylist()}
    assert (batch.num_rows, undecodable) == (7, 2)
    assert (rows["ends early"]["duration_ns"], rows["1970"]["start_ns"]) == (0, 0)
    assert rows["2262"]["start_ns"] == 2**63 - 1
    assert len(rows["wide"]["attributes"]) == 10_000
    assert dict(rows["large"]["attributes"])["text"] == large


@pytest.mark.parametrize("depth", [20, 90, 2_000])
def test_recursion_is_taken_or_refused_and_never_crashes_it(receiver, export, depth):
    inner = AnyValue(int_value=1).SerializeToString()
    for _ in range(depth):  # by hand: protobuf's own classes refuse to write what they refuse to read
        entry = b"\x0a\x01k\x12" + varint(len(inner)) + inner
        entries = b"\x0a" + varint(len(entry)) + entry
        inner = b"\x32" + varint(len(entries)) + entries
    stand_in = KeyValue(key="deep", value=AnyValue(kvlist_value=KeyValueList())).SerializeToString()
    assert stand_in == b"\x0a\x04deep\x12\x02\x32\x00"
    deep = b"\x0a\x04deep\x12" + varint(len(inner)) + inner
    span = Span(**IDS, name="deep").SerializeToString() + b"\x4a" + varint(len(deep)) + deep
    scope = b"\x12" + varint(len(span)) + span
    resource = b"\x12" + varint(len(scope)) + scope
    message = b"\x0a" + varint(len(resource)) + resource
    status = receiver.post(message).status_code
    assert status in (200, 400)
    assert receiver.post(export()).status_code == 200
    assert len(receiver.spans()) == (2 if status == 200 else 1)


def varint(number: int) -> bytes:
    """A protobuf length."""
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*digits, number])
