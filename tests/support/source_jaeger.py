"""Jaeger for tests: the real program, with spans in memory, and the golden traces sent to it.

``K6SPEC_TEST_JAEGER`` names another binary than that of tests/toolchain: the suite holds for other versions too.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import httpx

from k6spec.collect.access import Access
from k6spec.collect.sources.jaeger import JaegerSource
from k6spec.stack.jaeger_config import JaegerConfig
from k6spec.stack.ports import free_ports
from k6spec.stack.program import Program
from k6spec.stack.wait import HttpReady
from tests.support.golden import GOLDEN, TRACE_IDS
from tests.support.stacks import binary

HOST = "127.0.0.1"
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

OLD_MODEL = {"flags", "dropped", "structured", "link_details"}
"""What is lost in Jaeger's model of a span before it kept OTLP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningJaeger:
    """A Jaeger that runs: the URL of its UI and API, and its port for OTLP over gRPC."""

    url: str
    otlp_port: int

    def send(self, messages: Iterable[bytes]) -> None:
        """Sends OTLP messages."""
        with grpc.insecure_channel(f"{HOST}:{self.otlp_port}") as channel:
            export = channel.unary_unary(EXPORT)
            for message in messages:
                export(message, timeout=30)

    def spans_of(self, trace_id: bytes) -> int:
        """How many spans of a trace it shows."""
        response = httpx.get(f"{self.url}/api/traces/{trace_id.hex()}?raw=true", trust_env=False, timeout=30)
        return sum(len(trace["spans"]) for trace in response.json()["data"] or ())

    def wait_for(self, trace_id: bytes, spans: int = 1) -> None:
        """Returns when it shows so many spans of a trace."""
        deadline = time.monotonic() + 30
        while self.spans_of(trace_id) < spans:
            assert time.monotonic() < deadline, f"Jaeger does not show trace {trace_id.hex()}"
            time.sleep(0.05)

    @property
    def keeps_otlp(self) -> bool:
        """Whether its store keeps spans as OTLP has them, once it has the golden traces; up to 2.7 it does not."""
        path = f"/api/v3/traces/{TRACE_IDS[0].hex()}?raw_traces=true&rawTraces=true"
        return '"flags":' in httpx.get(self.url + path, trust_env=False, timeout=30).text


@contextmanager
def running_jaeger(*, max_traces: int = 10_000) -> Iterator[RunningJaeger]:
    """A Jaeger of its own."""
    ui, query, otlp, health = free_ports([0] * 4)
    config = JaegerConfig(
        host=HOST, ui_port=ui, query_port=query, otlp_port=otlp, health_port=health, max_traces=max_traces
    )
    argv = [os.environ.get("K6SPEC_TEST_JAEGER") or binary("jaeger"), "--config=env:TEST_CONFIG"]
    program = Program(argv, env={"TEST_CONFIG": config.as_yaml()}, grace=0.5)
    try:
        program.wait_until(HttpReady(f"http://{HOST}:{health}/status"), timeout=60)
        yield RunningJaeger(url=f"http://{HOST}:{ui}", otlp_port=otlp)
    except BaseException as error:
        error.add_note(program.logs()[-2_000:])
        raise
    finally:
        program.stop()


@contextmanager
def golden_jaeger() -> Iterator[RunningJaeger]:
    """A Jaeger that shows the golden traces."""
    with running_jaeger() as jaeger:
        jaeger.send(GOLDEN)
        for trace_id, spans in zip(TRACE_IDS, (2, 2, 4), strict=True):
            jaeger.wait_for(trace_id, spans)
        yield jaeger


def loaded(api: str) -> _Load:
    """Loads the golden traces, to be read through ``api``."""

    @contextmanager
    def load(_folder: Path) -> Iterator[tuple[JaegerSource, Collection[str]]]:
        with golden_jaeger() as jaeger:
            lost = {"instants"} if jaeger.keeps_otlp else OLD_MODEL
            if api == "legacy":
                lost = {"nanoseconds", *OLD_MODEL}
            yield JaegerSource(Access(url=jaeger.url), api=api), lost

    return load


_Load = Callable[[Path], AbstractContextManager[tuple[JaegerSource, Collection[str]]]]

LOADED: dict[str, _Load] = {"jaeger": loaded("auto"), "jaeger legacy": loaded("legacy")}
