"""Waiting for the traces of a load: until each is there, or nothing more comes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import numpy as np
import pyarrow as pa

from k6spec.collect.feed import SpanFeed
from k6spec.collect.id_set import IdSet
from k6spec.collect.sources.base import WantedTraces
from k6spec.store.batches import read_batches
from k6spec.store.engine import connect
from k6spec.store.span_file import SpanFile
from k6spec.store.spans import SCHEMA
from k6spec.units import Duration

_POLL_SECONDS: Final = 0.1
_SHORTEST_SECONDS: Final = 0.01
_MEMORY: Final = "256MB"
"""For counting spans; what takes more is left in the run's folder meanwhile."""
_EXTRA: Final = """
WITH again AS (
    SELECT trace_id, span_id FROM read_parquet(?) GROUP BY trace_id, span_id HAVING count(*) > 1
)
SELECT file_row_number AS row FROM read_parquet(?, file_row_number = true) JOIN again USING (trace_id, span_id)
QUALIFY row_number() OVER (PARTITION BY trace_id, span_id ORDER BY file_row_number) > 1
"""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What came: spans of the load, spans of others, why the wait ended, and which traces came in part only.

    ``last_ns``: when the last new span of the load came, Unix nanoseconds; None where none did.
    """

    spans: int
    foreign: int
    settled: bool
    truncated: frozenset[bytes] = frozenset()
    last_ns: int | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait.

    ``settle``: so long must no new span come (longer than the SDKs' batch delay). ``deadline``: the most to wait
    for another trace. Both are longer by the feed's lag. Where some traces are still missing when it has settled,
    it is given as long again. ``first``: how long to wait for any span at all; by default ``settle``.
    """

    settle: Duration
    deadline: Duration
    first: Duration | None = None


def gather(
    feed: SpanFeed,
    *,
    wanted: WantedTraces,
    client_span_ids: IdSet,
    keep: Callable[[pa.RecordBatch], None],
    patience: Patience,
    on_progress: Callable[[int, int], None] | None = None,
) -> Gathered:
    """Hands on the load's spans as they come, until all traces have their entry span and are settled.

    They are read after the load, not beside it: the wait for what SDKs still hold is longer than the reading,
    which is a part of it and takes nothing from the system under test (``python -m benchmarks decode``).

    Args:
        wanted: the trace ids that k6 reported; a span belongs to the load if its id is among them.
        client_span_ids: the ids of the client spans; an entry span's parent is one of them.
        keep: takes the load's spans.
        on_progress: called with the number of traces that have their entry span, and of those expected.
    """
    mine = wanted.trace_ids if isinstance(wanted.trace_ids, IdSet) else IdSet.of(wanted.trace_ids, 16)
    feed.expect(wanted, patience.settle)
    settle = patience.settle.seconds + feed.lag.seconds
    deadline = patience.deadline.seconds + feed.lag.seconds
    last_trace = last_new = time.monotonic()
    has_entered = np.zeros(len(mine), np.bool_)
    entered = 0
    first = max(settle, (patience.first or patience.settle).seconds + feed.lag.seconds)
    kept = foreign = 0
    last_ns = None
    while True:
        begun, begun_ns = time.monotonic(), time.time_ns()
        fresh, there = 0, entered
        for batch in feed.poll():
            trace = mine.find(batch["trace_id"])
            spans = batch.filter(pa.array(trace >= 0))
            foreign += batch.num_rows - spans.num_rows
            if spans.num_rows:
                keep(spans)
                fresh += spans.num_rows
                has_entered[trace[(trace >= 0) & client_span_ids.has(batch["parent_span_id"])]] = True
                entered = int(has_entered.sum())
                if on_progress is not None:
                    on_progress(entered, len(mine))
        now = time.monotonic()
        if fresh:
            kept += fresh
            # What a poll gives had come when it began, however long it took to read.
            last_new, last_ns = begun, begun_ns
        if entered > there:
            last_trace = now
        elif on_progress is not None:
            on_progress(entered, len(mine))
        # Where nothing came at all there are no stragglers to wait for: the system is not instrumented.
        quiet = first if not kept else settle * (2 if entered < len(mine) else 1)
        settled = not fresh and begun - last_new >= quiet
        if settled or now - last_trace >= deadline:
            break
        time.sleep(min(_POLL_SECONDS, max(_SHORTEST_SECONDS, last_new + quiet - now)))
    return Gathered(spans=kept, foreign=foreign, settled=settled, truncated=feed.truncated(), last_ns=last_ns)


def without_duplicates(path: Path) -> int:
    """Leaves one of each (trace id, span id) in a span file: SDKs send again what they were not sure of.

    Returns:
        How many were taken away.
    """
    with connect(memory=_MEMORY, spill=path.with_suffix(".counted")) as connection:
        extra = connection.execute(_EXTRA, [str(path)] * 2).fetchnumpy()["row"]
    if len(extra):
        draft = path.with_suffix(".single")
        with SpanFile(draft) as target:
            begin = 0
            for batch in read_batches(path):
                kept = ~np.isin(np.arange(begin, begin + batch.num_rows), extra)
                target.write(batch.cast(SCHEMA).filter(pa.array(kept)))
                begin += batch.num_rows
        draft.replace(path)
    return len(extra)
