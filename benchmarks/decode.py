"""Spool to Arrow: spans decoded and normalised in a second of CPU, by both paths."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

from benchmarks.messages import message
from k6spec.collect.decode import Decoder, decode

_ROUNDS = 5
_SPANS = 28 * 512


def measure() -> dict[str, float]:
    """Spans a second of CPU for messages of 512 spans and of one, medians of five, and the paths' ratio."""
    large = [message(512, seed=seed) for seed in range(_SPANS // 512)]
    small = [message(1, seed=seed) for seed in range(2048)]
    figures = {}
    paths: tuple[Decoder, ...] = ("plain", "fast")
    for path in paths:
        figures[f"{path}, 512 spans a message"] = _rate(lambda path=path: decode(large, decoder=path), _SPANS)
        figures[f"{path}, one span a message"] = _rate(lambda path=path: decode(small, decoder=path), len(small))
    figures["fast : plain, 512 spans a message"] = (
        figures["fast, 512 spans a message"] / figures["plain, 512 spans a message"]
    )
    return figures


def _rate(work: Callable[[], object], spans: int) -> float:
    seconds = []
    for _ in range(_ROUNDS):
        begun = time.process_time()
        work()
        seconds.append(time.process_time() - begun)
    return spans / median(seconds)
