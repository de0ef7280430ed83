"""Spool to Parquet: spans a second of CPU on one core, as a run is archived, and by both decoders.

"To Parquet" is all that is done to a span: read from the spool, decoded, normalised, redacted, looked up among the
run's ids, written. Its ratio to the plain decoder, of the same round, is what machines can be compared by.
Memory is the most that a process had that did it, beyond what it has with an empty spool.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import pyarrow as pa

from benchmarks.messages import message, usual_message, varied_message, wide_message
from k6spec.collect.counters import CounterWriter
from k6spec.collect.decode import Decoder, decode
from k6spec.collect.handshake import COUNTERS_NAME, SPOOL_NAME
from k6spec.collect.id_set import IdSet
from k6spec.collect.redact import RedactionRules, Redactor
from k6spec.collect.redacted_feed import RedactedFeed
from k6spec.collect.spool import SpoolWriter
from k6spec.collect.spool_feed import SpoolFeed
from k6spec.store.span_file import SpanFile
from k6spec.store.spans import CODED

_ROUNDS: Final = 5
_TIMES: Final = 16
"""How often the messages come in the spool."""
_MIB: Final = 1 << 20
_SENT: Final = "sent.spool"
_KINDS: Final[dict[str, tuple[Callable[[int], bytes], int, int]]] = {
    # a message by its seed, spans a message, messages
    "512 spans, 7 attributes": (lambda seed: usual_message(512, seed=seed), 512, 140),
    "512 spans, 5 or 6 attributes, all the same": (lambda seed: message(512, seed=seed), 512, 140),
    "512 spans, 7 attributes, two different in each": (lambda seed: varied_message(512, seed=seed), 512, 140),
    "one span a message": (lambda seed: message(1, seed=seed), 1, 8_192),
    "512 spans with 40 attributes, 2 events, a link": (lambda seed: wide_message(512, seed=seed), 512, 20),
}


def measure() -> dict[str, float]:
    """Spans a second of CPU, medians of five; MiB for a small spool and for one eight times as large."""
    figures = {}
    for kind, (make, spans, count) in _KINDS.items():
        messages = [make(seed) for seed in range(count)]
        few = messages[: 28 if spans > 1 else 2_048]
        rounds = [
            (
                _TIMES * spans * count / _child(messages, times=_TIMES)[0],
                _rate(few, spans * len(few), "plain"),
                _rate(few, spans * len(few), "fast"),
            )
            for _ in range(_ROUNDS)
        ]
        archived, plain, fast = zip(*rounds, strict=True)
        figures[f"to Parquet, {kind}"] = median(archived)
        figures[f"plain decoder, {kind}"] = median(plain)
        figures[f"fast decoder, {kind}"] = median(fast)
        figures[f"to Parquet : plain decoder, {kind}"] = median(a / b for a, b, _ in rounds)
    messages = [message(512, seed=seed) for seed in range(140)]
    idle = _child([])[1]
    for times in (1, 8):
        spans = times * 512 * len(messages)
        figures[f"memory for {spans:,} spans, MiB"] = _child(messages, times=times)[1] - idle
    return figures


def _rate(messages: Sequence[bytes], spans: int, way: Decoder) -> float:
    begun = time.process_time()
    decode(messages, decoder=way)
    return spans / (time.process_time() - begun)


def _child(messages: Sequence[bytes], *, times: int = 1) -> tuple[float, float]:
    """Seconds of CPU, and the most MiB, of a process that archives a spool of these messages."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        CounterWriter(folder / COUNTERS_NAME)
        (folder / SPOOL_NAME).touch()
        writer = SpoolWriter(folder / _SENT, unread=sys.maxsize)
        for each in messages:
            writer.append(each)
        writer.close()
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            return pool.apply(_archive, (folder, times))


def _archive(folder: Path, times: int) -> tuple[float, float]:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    mine = IdSet(pa.array([os.urandom(16) for _ in range(20_000)], pa.binary(16)))
    feed = RedactedFeed(SpoolFeed(folder, check=lambda: None), Redactor(RedactionRules()))
    with (folder / SPOOL_NAME).open("ab") as spool:
        for _ in range(times):
            with (folder / _SENT).open("rb") as sent:
                shutil.copyfileobj(sent, spool)
    decode([])  # imports are no part of it
    begun = time.process_time()
    with SpanFile(folder / "spans.parquet", CODED) as file:
        for batch in feed.poll():
            mine.has(batch["trace_id"])
            file.write(batch)
    seconds = time.process_time() - begun
    return seconds, _peak() / _MIB


def _peak() -> int:
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says is of the parent too
        return 1024 * next(int(line.split()[1]) for line in status.open() if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
