"""What feeding Jaeger live costs: CPU a span of the whole process stack, with Jaeger and without.

Needs the programs of ``python -m tests.toolchain.build``. Receiver, Collector and Jaeger together; what they need
to start is measured with no span and taken off.
"""

from __future__ import annotations

import resource
import time
from statistics import median

import grpc

from benchmarks.messages import message
from k6spec.stack.process import ProcessStack
from tests.toolchain.build import folder

_ROUNDS = 3
_MESSAGES = 400
_SPANS = 512
_METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def measure() -> dict[str, float]:
    """Microseconds of CPU a span, medians of three, and what live feeding multiplies them by."""
    messages = [message(_SPANS, seed=seed) for seed in range(_MESSAGES)]
    live, off = [], []
    for _ in range(_ROUNDS):
        live.append(_per_span(messages, with_jaeger=True))
        off.append(_per_span(messages, with_jaeger=False))
    figures = {"Jaeger fed live, µs CPU a span": median(live), "no Jaeger, µs CPU a span": median(off)}
    return {**figures, "live : off": median(live) / median(off)}


def _per_span(messages: list[bytes], *, with_jaeger: bool) -> float:
    idle = _cpu_seconds([], with_jaeger=with_jaeger)
    return (_cpu_seconds(messages, with_jaeger=with_jaeger) - idle) * 1e6 / (len(messages) * _SPANS)


def _cpu_seconds(messages: list[bytes], *, with_jaeger: bool) -> float:
    """CPU of all the stack's processes, from their start to their end."""
    begun = resource.getrusage(resource.RUSAGE_CHILDREN)
    programs = {name: str(folder(name) / name) for name in ("otelcol", "jaeger")}
    stack = ProcessStack(**programs, with_jaeger=with_jaeger)
    try:
        stack.start()
        feed = stack.feed()
        with grpc.insecure_channel(stack.endpoints().otlp_grpc.removeprefix("http://")) as channel:
            export = channel.unary_unary(_METHOD)
            for body in messages:
                export(body, timeout=60)
        assert feed.losses().total == 0  # waits until the Collector has handed all on
        time.sleep(1)  # Jaeger's queue
    finally:
        stack.stop()
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime - begun.ru_utime - begun.ru_stime
