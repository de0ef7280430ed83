"""Waiting for the traces of a load: until each is there, or nothing more comes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from k6spec.collect.feed import SpanFeed
from k6spec.collect.sources.base import WantedTraces
from k6spec.store.spans import SCHEMA
from k6spec.units import Duration

_POLL_SECONDS = 0.1


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What came: spans of the load, spans of others, why the wait ended, and which traces came in part only."""

    spans: int
    foreign: int
    settled: bool
    truncated: frozenset[bytes] = frozenset()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait.

    ``settle``: so long must no new span come (longer than the SDKs' batch delay). ``deadline``: the most to wait
    for another trace. Both are longer by the feed's lag. Where some traces are still missing when it has settled,
    it is given as long again.
    """

    settle: Duration
    deadline: Duration


def gather(
    feed: SpanFeed,
    *,
    wanted: WantedTraces,
    client_span_ids: pa.Array[Any],
    out: Path,
    patience: Patience,
    on_progress: Callable[[int, int], None] | None = None,
) -> Gathered:
    """Writes the load's spans to ``out`` as they come, until all traces have their entry span and are settled.

    Args:
        wanted: the trace ids that k6 reported; a span belongs to the load if its id is among them.
        client_span_ids: the ids of the client spans, 8 bytes each; an entry span's parent is one of them.
        on_progress: called with the number of traces that have their entry span, and of those expected.
    """
    trace_ids = pa.array(wanted.trace_ids, pa.binary(16))
    parents = pc.unique(client_span_ids)
    feed.expect(wanted, patience.settle)
    settle = patience.settle.seconds + feed.lag.seconds
    deadline = patience.deadline.seconds + feed.lag.seconds
    last_trace = last_new = time.monotonic()
    entered: set[bytes] = set()
    kept = foreign = 0
    settled = False
    with pq.ParquetWriter(out, SCHEMA, compression="zstd") as writer:
        while True:
            fresh, there = 0, len(entered)
            for batch in feed.poll():
                mine = batch.filter(pc.is_in(batch["trace_id"], trace_ids))
                foreign += batch.num_rows - mine.num_rows
                if mine.num_rows:
                    writer.write_batch(mine)
                    fresh += mine.num_rows
                    entries = mine.filter(pc.is_in(mine["parent_span_id"], parents))
                    entered.update(cast("list[bytes]", entries["trace_id"].to_pylist()))
                    if on_progress is not None:
                        on_progress(len(entered), len(trace_ids))
            now = time.monotonic()
            if fresh:
                kept += fresh
                last_new = now
            if len(entered) > there:
                last_trace = now
            elif on_progress is not None:
                on_progress(len(entered), len(trace_ids))
            # Where nothing came at all there are no stragglers to wait for: the system is not instrumented.
            settled = now - last_new >= settle * (2 if kept and len(entered) < len(trace_ids) else 1)
            if settled or now - last_trace >= deadline:
                break
            time.sleep(_POLL_SECONDS)
    return Gathered(spans=kept, foreign=foreign, settled=settled, truncated=feed.truncated())


def without_duplicates(path: Path) -> int:
    """Leaves one of each (trace id, span id) in a span file: SDKs send again what they were not sure of.

    Returns:
        How many were taken away.
    """
    ids = pq.read_table(path, columns=["trace_id", "span_id"])
    rows = ids.append_column("row", pa.array(np.arange(ids.num_rows)))
    first = rows.group_by(["trace_id", "span_id"]).aggregate([("row", "min")])["row_min"]
    extra = ids.num_rows - len(first)
    if extra:
        kept = np.sort(first.to_numpy())
        pq.write_table(pq.read_table(path, schema=SCHEMA).take(pa.array(kept)), path, compression="zstd")
    return extra
