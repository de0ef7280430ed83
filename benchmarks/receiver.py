"""CPU that an accepted span costs the receiver, over gRPC and HTTP, beside the Go Collector with a file exporter.

Both get the same messages, as fast as four senders can send them, and write them to a file in the same framing.
What each needs to start and to end is measured with no span and taken off. The Collector is the one of
``python -m tests.toolchain.build``; without it the receiver's own figures are given.
"""

from __future__ import annotations

import json
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Final

import grpc
import yaml

from benchmarks.messages import message
from k6spec.collect.decode import decode
from k6spec.collect.handshake import SPOOL_NAME
from k6spec.collect.spool import SpoolReader
from tests.toolchain.build import folder

_ROUNDS: Final = 5
_SENDERS: Final = 4
_KINDS: Final = {"512 spans a message": (512, 400), "one span a message": (1, 10_000)}
_METHOD: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_COLLECTOR: Final = folder("otelcol") / "otelcol"
_Send = Callable[[bytes], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Served:
    """A server that ran and ended: seconds of CPU, spans acknowledged, and spans in its file."""

    cpu: float
    seconds: float
    acknowledged: int
    archived: int


def measure() -> dict[str, float]:
    """Microseconds of CPU a span, medians of five paired runs; spans a second; and how many were lost."""
    if not _COLLECTOR.exists():
        print(f"no Collector at {_COLLECTOR} (python -m tests.toolchain.build): only k6spec's figures", flush=True)
    figures: dict[str, float] = {}
    lost = 0
    for kind, (spans, count) in _KINDS.items():
        messages = [message(spans, seed=seed) for seed in range(count)]
        total = spans * count
        for wire, open_wire in (("gRPC", _grpc), ("HTTP", _http)):
            ours, theirs = [], []
            rates = []
            for _ in range(_ROUNDS):
                run = _receiver(messages, open_wire, wire)
                ours.append((run.cpu - _receiver([], open_wire, wire).cpu) * 1e6 / total)
                rates.append(total / run.seconds)
                lost += abs(total - run.acknowledged) + abs(total - run.archived)
                if _COLLECTOR.exists():
                    run = _collector(messages, open_wire, wire)
                    theirs.append((run.cpu - _collector([], open_wire, wire).cpu) * 1e6 / total)
            name = f"{wire}, {kind}"
            figures[f"receiver, {name}, µs CPU a span"] = median(ours)
            figures[f"receiver, {name}, spans/s taken"] = median(rates)
            if theirs:
                figures[f"Collector, {name}, µs CPU a span"] = median(theirs)
                pairs = zip(ours, theirs, strict=True)
                figures[f"receiver : Collector, {name}"] = median(own / their for own, their in pairs)
    figures["spans sent, but not acknowledged or not archived"] = lost
    return figures


def _receiver(messages: Sequence[bytes], open_wire: Callable[[int], Iterator[_Send]], wire: str) -> _Served:
    with tempfile.TemporaryDirectory() as name:
        argv = [sys.executable, "-m", "k6spec.collect.receiver", "--spool", name]
        before = _cpu()
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            port = json.loads(process.stdout.readline())["grpc" if wire == "gRPC" else "http"]
            reader = SpoolReader(Path(name) / SPOOL_NAME)  # as a session has one: what nobody reads is not kept
            acknowledged, seconds = _send(messages, open_wire, port)
            process.send_signal(signal.SIGTERM)
        cpu = _cpu() - before
        archived = _archived(reader)
    return _Served(cpu=cpu, seconds=seconds, acknowledged=acknowledged, archived=archived)


def _collector(messages: Sequence[bytes], open_wire: Callable[[int], Iterator[_Send]], wire: str) -> _Served:
    protocol, port = ("grpc" if wire == "gRPC" else "http"), free_port()
    with tempfile.TemporaryDirectory() as name:
        config = Path(name) / "config.yaml"
        config.write_text(
            yaml.safe_dump(
                {
                    "receivers": {"otlp": {"protocols": {protocol: {"endpoint": f"127.0.0.1:{port}"}}}},
                    "exporters": {"file": {"path": f"{name}/spans.spool", "format": "proto"}},
                    "service": {
                        "telemetry": {"metrics": {"level": "none"}, "logs": {"level": "error"}},
                        "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["file"]}},
                    },
                }
            )
        )
        before = _cpu()
        with subprocess.Popen([_COLLECTOR, "--config", config], stderr=subprocess.DEVNULL) as process:
            _wait_for(port)
            acknowledged, seconds = _send(messages, open_wire, port)
            process.send_signal(signal.SIGTERM)
        cpu = _cpu() - before
        archived = _archived(SpoolReader(Path(name) / "spans.spool"))
    return _Served(cpu=cpu, seconds=seconds, acknowledged=acknowledged, archived=archived)


def _send(messages: Sequence[bytes], open_wire: Callable[[int], Iterator[_Send]], port: int) -> tuple[int, float]:
    """How many spans of the messages were acknowledged, and seconds."""

    def part(number: int) -> int:
        taken = 0
        with contextmanager(open_wire)(port) as send:
            for body in messages[number::_SENDERS]:
                send(body)
                taken += spans
        return taken

    spans = decode(messages[:1])[0].num_rows
    begun = time.monotonic()
    with ThreadPoolExecutor(_SENDERS) as pool:
        return sum(pool.map(part, range(_SENDERS))), time.monotonic() - begun


def _grpc(port: int) -> Iterator[_Send]:
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        export = channel.unary_unary(_METHOD)
        yield lambda body: export(body, timeout=60)


def _http(port: int) -> Iterator[_Send]:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)

    def send(body: bytes) -> None:
        connection.request("POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"})
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 200:
            raise OSError(f"{answer.status}: {said!r}")

    yield send
    connection.close()


def _archived(reader: SpoolReader) -> int:
    found = 0
    while messages := reader.read(4 << 20):
        found += decode(messages)[0].num_rows
    reader.close()
    return found


def free_port() -> int:
    """A TCP port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"nothing listens on port {port}")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
