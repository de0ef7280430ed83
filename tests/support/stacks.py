"""Stacks for tests: how each is made here, and what must be at hand for it."""

from __future__ import annotations

import os
import random
import shutil
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from k6spec.collect.feed import SpanFeed
from k6spec.stack.base import StackBackend
from k6spec.stack.containers import HostPorts, Images, StackPlan
from k6spec.stack.embedded import EmbeddedStack
from k6spec.stack.process import ProcessStack
from tests.toolchain.build import IMAGES, folder, load_images

PLAN = StackPlan(images=Images(collector=IMAGES["otelcol"], jaeger=IMAGES["jaeger"]))


def missing(reason: str) -> None:
    """Skips the test, but fails it in CI, where all there is must be tested."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and in CI it must be")
    pytest.skip(reason)


def binary(name: str) -> str:
    """The path of ``otelcol`` or ``jaeger``: built by tests/toolchain, or on PATH."""
    built = folder(name) / name
    found = str(built) if built.exists() else shutil.which(name)
    if found is None:
        missing(f"there is no {name}: python -m tests.toolchain.build")
    assert found is not None
    return found


def docker_client() -> Any:
    """A client of a daemon that has the images; they are made where they are not there."""
    import docker
    from docker.errors import DockerException, ImageNotFound

    try:
        client = docker.from_env(timeout=30)
    except DockerException as error:
        missing(f"Docker's daemon does not answer: {error}")
    try:
        for image in IMAGES.values():
            client.images.get(image)
    except ImageNotFound:
        for name in IMAGES:
            binary(name)
        load_images(client)
    return client


def make_stack(kind: str, root: Path, *, grpc_port: int = 0) -> StackBackend:
    """A stack that is not started; what it keeps is below ``root``."""
    if kind == "embedded":
        return EmbeddedStack(spool_root=root, grpc_port=grpc_port)
    if kind == "process":
        programs = {"otelcol": binary("otelcol"), "jaeger": binary("jaeger")}
        return ProcessStack(**programs, spool_root=root, grpc_port=grpc_port)
    from k6spec.stack.docker import DockerStack

    docker_client().close()
    plan = StackPlan(images=PLAN.images, ports=HostPorts(grpc=grpc_port))
    return DockerStack(plan, workspace=root, spool_root=root)


def export_of(spans: int = 1, *, trace_id: bytes | None = None, **attributes: str) -> bytes:
    """An OTLP message with so many spans, each of a trace of its own unless ``trace_id`` is given."""
    data = TracesData()
    resource = data.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "orders"
    scope = resource.scope_spans.add()
    for number in range(spans):
        span = scope.spans.add(
            trace_id=trace_id or os.urandom(16), span_id=os.urandom(8), name=f"span {number}", kind=2
        )
        span.start_time_unix_nano = 1_790_000_000_000_000_000 + number
        span.end_time_unix_nano = span.start_time_unix_nano + 1_000_000
        for key, value in attributes.items():
            span.attributes.add(key=key).value.string_value = value
    return data.SerializeToString()


def quiet_port() -> int:
    """A free port that no outgoing connection will be given: below the range that systems take those from."""
    while True:
        port = random.randrange(15_000, 30_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def post(stack: StackBackend, body: bytes, signal: str = "traces") -> httpx.Response:
    """Sends an OTLP message over HTTP."""
    url = f"{stack.endpoints().otlp_http}/v1/{signal}"
    headers = {"content-type": "application/x-protobuf"}
    return httpx.post(url, content=body, headers=headers, trust_env=False, timeout=30)


def rows_of(feed: SpanFeed, count: int, timeout: float = 10.0) -> list[dict[str, Any]]:
    """The rows that come until there are ``count``, and those that come in the second after."""
    rows: list[dict[str, Any]] = []
    deadline = time.monotonic() + timeout
    while len(rows) < count and time.monotonic() < deadline:
        rows += [row for batch in feed.poll() for row in batch.to_pylist()]
        time.sleep(0.05)
    time.sleep(1)
    return rows + [row for batch in feed.poll() for row in batch.to_pylist()]
