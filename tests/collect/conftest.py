import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc
import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from k6spec.child import Child
from k6spec.collect.counters import CounterReader, Counts
from k6spec.collect.decode import decode
from k6spec.collect.handshake import COUNTERS_NAME, SPOOL_NAME
from k6spec.collect.spool import SpoolReader

ROOT = Path(__file__).parents[2]


def make_export(spans: int = 1, **attributes: str) -> bytes:
    data = TracesData()
    resource_spans = data.resource_spans.add()
    resource_spans.resource.attributes.add(key="service.name").value.string_value = "orders"
    scope = resource_spans.scope_spans.add()
    for number in range(spans):
        span = scope.spans.add(trace_id=os.urandom(16), span_id=os.urandom(8), name=f"span {number}", kind=2)
        for key, value in attributes.items():
            span.attributes.add(key=key).value.string_value = value
    return data.SerializeToString()


@pytest.fixture
def export() -> Callable[..., bytes]:
    return make_export


@dataclass
class Receiver:
    child: Child
    directory: Path
    grpc_port: int
    http_port: int

    def post(self, body: bytes, path: str = "/v1/traces", kind: str = "application/x-protobuf", **headers: str):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"http://127.0.0.1:{self.http_port}{path}"
        return httpx.post(url, content=body, headers={"content-type": kind, **names}, trust_env=False, timeout=120)

    def call(
        self, message: bytes, service: str = "trace.v1.TraceService", gzip: bool = False, timeout: float = 120
    ) -> bytes:
        options = [("grpc.max_send_message_length", -1)]
        with grpc.insecure_channel(f"127.0.0.1:{self.grpc_port}", options=options) as channel:
            method = channel.unary_unary(f"/opentelemetry.proto.collector.{service}/Export")
            compression = grpc.Compression.Gzip if gzip else grpc.Compression.NoCompression
            return method(message, timeout=timeout, compression=compression)

    @property
    def counts(self) -> Counts:
        return CounterReader(self.directory / COUNTERS_NAME).read()

    def spans(self) -> list[dict]:
        reader = SpoolReader(self.directory / SPOOL_NAME)
        messages = reader.read(1 << 30)
        assert reader.offset == reader.end
        batch, undecodable = decode(messages)
        assert undecodable == 0
        return batch.to_pylist()


def start_receiver(directory: Path, *arguments: str, log: int = subprocess.DEVNULL) -> Receiver:
    directory.mkdir(mode=0o700, exist_ok=True)
    argv: Sequence[str] = (sys.executable, "-m", "k6spec.collect.receiver", "--spool", str(directory), *arguments)
    child = Child(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=log)
    assert child.stdout is not None
    ports = json.loads(child.stdout.readline())
    return Receiver(child, directory, ports["grpc"], ports["http"])


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    running = start_receiver(tmp_path / "spool")
    with running.child:
        yield running


@pytest.fixture
def small_receiver(tmp_path: Path) -> Iterator[Receiver]:
    """Takes exports of at most 64 KiB."""
    running = start_receiver(tmp_path / "spool", "--max-bytes", str(1 << 16))
    with running.child:
        yield running
