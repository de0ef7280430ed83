"""What a receiver must survive: each gets OTLP's right answer, and honest senders notice nothing."""

from __future__ import annotations

import gzip
import json
import resource
import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import grpc
import pytest

JSON = "application/json"
PROTOBUF = "application/x-protobuf"
DATA, HEADERS, RST_STREAM, SETTINGS, END_STREAM, END_HEADERS = 0, 1, 3, 4, 1, 4  # of HTTP/2
CANCEL = (8).to_bytes(4, "big")
EXPORT = {
    ":method": "POST",
    ":scheme": "http",
    ":path": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    ":authority": "receiver",
    "content-type": "application/grpc",
    "te": "trailers",
}


def http2(port: int, *frames: tuple[int, int, int, bytes]) -> socket.socket:
    """A connection with these frames sent: kind, flags, stream, body."""
    sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    for kind, flags, stream, body in ((SETTINGS, 0, 0, b""), *frames):
        sent += len(body).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + body
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(sent)
    return connection


def hpack(headers: dict[str, str]) -> bytes:
    """Nothing compressed."""
    return b"".join(
        b"\0%c%b%c%b" % (len(name), name.encode(), len(value), value.encode()) for name, value in headers.items()
    )


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


def test_a_body_that_does_not_end_is_no_longer_kept_beyond_the_limit(small_receiver, export):
    before = peak_bytes(small_receiver)
    head = f"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: {PROTOBUF}\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", small_receiver.http_port), timeout=10) as connection:
        connection.sendall(head.encode())
        with suppress(ConnectionError):  # it may be closed meanwhile
            for _ in range(100):
                connection.sendall(b"100000\r\n" + bytes(1 << 20) + b"\r\n")
    assert small_receiver.post(export()).status_code == 200
    assert small_receiver.counts.refused == 1
    assert peak_bytes(small_receiver) - before < 50_000_000


def test_a_body_of_a_million_empty_gzip_members_is_read_in_no_more_than_its_length(receiver, export):
    member = gzip.compress(b"", mtime=0)
    body = member * (16_000_000 // len(member))
    assert receiver.post(body, content_encoding="gzip").status_code == 200  # or the client gives up
    assert receiver.post(export()).status_code == 200


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


def test_grpc_messages_that_do_not_end_hinder_nobody(receiver, export):
    half = (500).to_bytes(5, "big") + b"half a message"
    calls = [
        frame
        for stream in range(1, 201, 2)
        for frame in ((HEADERS, END_HEADERS, stream, hpack(EXPORT)), (DATA, 0, stream, half))
    ]
    with http2(receiver.grpc_port, *calls):
        assert receiver.call(export(5), timeout=10) == b""
    assert len(receiver.spans()) == 5


def test_grpc_calls_that_are_cancelled_as_they_come_are_taken_or_counted(receiver, export):
    body = export()
    message = b"\0" + len(body).to_bytes(4, "big") + body
    calls = [
        frame
        for stream in range(1, 201, 2)
        for frame in (
            (HEADERS, END_HEADERS, stream, hpack(EXPORT)),
            (DATA, END_STREAM, stream, message),
            (RST_STREAM, 0, stream, CANCEL),
        )
    ]
    with http2(receiver.grpc_port, *calls):
        done = threading.Event()
        for _ in range(200):
            counts = receiver.counts
            if counts.accepted_spans + counts.refused == 100:
                break
            done.wait(0.05)
    assert (counts.accepted_spans + counts.refused, counts.accepted_spans) == (100, len(receiver.spans()))


@pytest.mark.parametrize(
    ("headers", "compressed", "body", "status"),
    [
        ({"grpc-encoding": "gzip"}, 1, gzip.compress(b"x" * 500, mtime=0)[:-9], b"13"),
        ({"grpc-encoding": "gzip"}, 1, b"no gzip", b"13"),
        ({"content-type": "text/plain"}, 0, b"no export", b"3"),
    ],
    ids=["truncated gzip", "no gzip", "another content type"],
)
def test_a_grpc_message_that_cannot_be_read_is_refused_and_counted(
    receiver, export, headers, compressed, body, status
):
    message = bytes([compressed]) + len(body).to_bytes(4, "big") + body
    request = (HEADERS, END_HEADERS, 1, hpack({**EXPORT, **headers}))
    with http2(receiver.grpc_port, request, (DATA, END_STREAM, 1, message)) as connection:
        answer = b""
        while b"grpc-message" not in answer and (part := connection.recv(4_000)):
            answer += part
    assert b"grpc-status%c%b" % (len(status), status) in answer
    assert receiver.call(export(5)) == b""
    assert (len(receiver.spans()), receiver.counts.refused) == (5, 1)


def test_a_sender_that_is_slow_or_closes_its_half_is_answered_and_its_spans_are_kept(receiver, export):
    body = export(5)
    head = (
        f"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: {PROTOBUF}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    whole = head.encode() + body
    with socket.create_connection(("127.0.0.1", receiver.http_port), timeout=10) as connection:
        for start in range(0, len(whole), 40):
            connection.sendall(whole[start : start + 40])
            threading.Event().wait(0.02)
        assert connection.recv(12) == b"HTTP/1.1 200"
    with socket.create_connection(("127.0.0.1", receiver.http_port), timeout=10) as connection:
        connection.sendall(whole)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(12)
    assert answer in (b"HTTP/1.1 200", b"")
    assert len(receiver.spans()) == 10


def test_bytes_that_are_no_http_do_not_end_it(receiver, export):
    for port in (receiver.http_port, receiver.grpc_port):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(bytes(range(256)) * 100)
    assert receiver.post(export()).status_code == 200
    assert receiver.call(export()) == b""
