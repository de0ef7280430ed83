"""Small real servers that take OTLP and answer as a test says, one answer an export."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pyarrow as pa
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from k6spec.collect.decode import decode
from k6spec.collect.push_target import Target, make_target
from tests.support.serving import LoopbackServer, QuietHandler, serving
from tests.support.stacks import export_of


@dataclass(kw_only=True)
class Answer:
    """What an export is answered with. ``code`` is gRPC's, ``status`` HTTP's; 0 hangs up without a word."""

    status: int = 200
    code: grpc.StatusCode = grpc.StatusCode.OK
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    trailing: tuple[tuple[str, bytes], ...] = ()


def partly(rejected: int, reason: str) -> bytes:
    """The body of an answer that says so."""
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = rejected
    answer.partial_success.error_message = reason
    return answer.SerializeToString()


class OtlpEndpoint:
    """Answers with each of ``answers`` once, then takes all.

    ``requests`` are the headers of each export, ``paths`` where it was posted, ``taken`` the spans.
    """

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[Answer] = []
        self.requests: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.taken: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def next(self, headers: Mapping[str, str], message: bytes) -> Answer:
        """Its answer to an export."""
        with self._lock:
            self.requests.append({name.lower(): value for name, value in headers.items()})
            answer = self.answers.pop(0) if self.answers else Answer()
            if answer.status == 200 and answer.code is grpc.StatusCode.OK:
                self.taken += decode([message])[0].to_pylist()
            return answer


@contextmanager
def http_endpoint() -> Iterator[OtlpEndpoint]:
    """An endpoint over HTTP while the block runs."""
    endpoint = OtlpEndpoint()

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            assert self.headers["content-type"] == "application/x-protobuf"
            assert self.headers["content-encoding"] == "gzip"
            endpoint.paths.append(self.path)
            answer = endpoint.next(dict(self.headers), gzip.decompress(body))
            if not answer.status:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in {"content-length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

    with serving(LoopbackServer(Handler)) as server:
        endpoint.url = server.url
        yield endpoint


@contextmanager
def grpc_endpoint(tls: grpc.ServerCredentials | None = None) -> Iterator[OtlpEndpoint]:
    """An endpoint over gRPC, perhaps with TLS, while the block runs."""
    endpoint = OtlpEndpoint()

    def export(message: bytes, context: grpc.ServicerContext) -> bytes:
        metadata = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
        answer = endpoint.next(metadata, message)
        if answer.code is not grpc.StatusCode.OK:
            context.set_trailing_metadata(answer.trailing)
            context.abort(answer.code, answer.body.decode())
        return answer.body

    server = grpc.server(ThreadPoolExecutor(4))
    handler = grpc.unary_unary_rpc_method_handler(export)
    service = "opentelemetry.proto.collector.trace.v1.TraceService"
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, {"Export": handler})])
    if tls is None:
        endpoint.url = f"grpc://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    else:
        endpoint.url = f"grpcs://127.0.0.1:{server.add_secure_port('127.0.0.1:0', tls)}"
    server.start()
    try:
        yield endpoint
    finally:
        server.stop(None).wait()


def target_at(url: str, **more: Any) -> Target:
    """The target that a URL and settings describe."""
    headers = more.pop("headers", {})
    return make_target(url, where="test", headers=headers, root=Path("/nowhere"), environ={}, **more)


def spans(count: int = 1) -> pa.RecordBatch:
    """So many spans."""
    return decode([export_of(count)])[0]
