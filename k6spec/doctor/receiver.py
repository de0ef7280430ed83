"""k6spec's own receiver: started for real, with a span sent each way and read back."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Final

import grpc
import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from k6spec.doctor.case import Case
from k6spec.doctor.finding import Finding, Status
from k6spec.errors import StackFault
from k6spec.stack.embedded import EmbeddedStack

_SECONDS: Final = 5.0
_TOPIC: Final = "receiver"
_PROXIES: Final = (
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "grpc_proxy",
)
_EXPORT: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def receiver(case: Case) -> Iterator[Finding]:
    """Whether spans that are sent to it by gRPC and by HTTP can be read back."""
    lacking: Status = "problem" if case.with_receiver else "warning"
    began = time.monotonic()
    stack = EmbeddedStack()
    try:
        stack.start()
        took = time.monotonic() - began
        feed = stack.feed()
        try:
            refused = [why for why in (_by_grpc(stack), _by_http(stack)) if why is not None]
            wanted = 2 - len(refused)
            come = 0
            deadline = time.monotonic() + _SECONDS
            while come < wanted and time.monotonic() < deadline:
                come += sum(batch.num_rows for batch in feed.poll())
                time.sleep(0.01)
        finally:
            feed.close()
    except (StackFault, OSError) as error:
        advice = "see to it that the temporary folder can be written to, and install k6spec anew"
        yield Finding(topic=_TOPIC, status=lacking, seen=_why(error), advice=advice)
        return
    finally:
        stack.stop()
    if refused:
        yield _not_reached("; ".join(refused), lacking)
    elif come < wanted:
        seen = f"{come} of {wanted} spans could be read back after {_SECONDS:.0f} s"
        yield Finding(topic=_TOPIC, status=lacking, seen=seen, advice="look at the disk of the temporary folder")
    else:
        seen = f"it started in {took:.1f} s; spans by gRPC and HTTP came back"
        yield Finding(topic=_TOPIC, status="ok", seen=seen)


def _why(error: StackFault | OSError) -> str:
    if isinstance(error, OSError):
        return f"it could not be started: {error.strerror}"
    last = error.log_tail.rpartition("\n")[2]
    return f"{error.cause}: {last}" if last else error.cause


def _one_span() -> bytes:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    span.trace_id, span.span_id, span.name = os.urandom(16), os.urandom(8), "k6spec doctor"
    span.start_time_unix_nano = span.end_time_unix_nano = time.time_ns()
    return request.SerializeToString()


def _by_grpc(stack: EmbeddedStack) -> str | None:
    """Why it could not be sent; None if it was. By the environment's proxies, as SDKs do."""
    try:
        with grpc.insecure_channel(stack.endpoints().otlp_grpc.removeprefix("http://")) as channel:
            export = channel.unary_unary(_EXPORT, request_serializer=None, response_deserializer=None)
            export(_one_span(), timeout=_SECONDS)
    except grpc.RpcError as error:
        return f"a span by gRPC did not reach it: {error.code().name}"
    return None


def _by_http(stack: EmbeddedStack) -> str | None:
    try:
        response = httpx.post(
            f"{stack.endpoints().otlp_http}/v1/traces",
            content=_one_span(),
            headers={"content-type": "application/x-protobuf"},
            timeout=_SECONDS,
        )
    except httpx.HTTPError as error:
        return f"a span by HTTP did not reach it: {type(error).__name__}"
    return None if response.is_success else f"a span by HTTP was answered with {response.status_code}"


def _not_reached(why: str, lacking: Status) -> Finding:
    if any(os.environ.get(name) for name in _PROXIES):
        # Not every SDK goes by them for loopback: Python's does, Go's does not.
        advice = "systems under test may send their spans to the proxy that is set: no_proxy=127.0.0.1,localhost"
        return Finding(topic=_TOPIC, status="warning", seen=why, advice=advice)
    advice = "look for what filters connections on 127.0.0.1"
    return Finding(topic=_TOPIC, status=lacking, seen=why, advice=advice)
