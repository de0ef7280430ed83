"""What k6 sent, read from ``requests.parquet`` a part at a time: a long load has millions of requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import pyarrow as pa

from k6spec.collect.arrow import Array, Integers, pc
from k6spec.collect.id_set import IdSet
from k6spec.collect.sources.base import WantedTraces
from k6spec.store.batches import read_batches
from k6spec.store.requests import REQUESTS

_ROWS: Final = 1 << 14
_SHARING: Final = 250_000


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The sampled requests of a load: their traces, and the ids of the client spans."""

    wanted: WantedTraces
    trace_ids: IdSet
    span_ids: IdSet


def read_sent(path: Path) -> Sent:
    """Reads the ids of a request table's sampled requests, and when it began and ended; it must not be empty."""
    trace_ids, span_ids = (IdSet(_ids(path, name)) for name in ("trace_id", "span_id"))
    times = [
        (pc.min(batch["start_ns"]).as_py(), pc.max(batch["end_ns"]).as_py())
        for batch in read_batches(path, ["start_ns", "end_ns"], rows=_ROWS)
    ]
    begins, ends = zip(*times, strict=True)
    return Sent(
        wanted=WantedTraces(trace_ids=trace_ids, begin_ns=min(begins), end_ns=max(ends)),
        trace_ids=trace_ids,
        span_ids=span_ids,
    )


def _ids(path: Path, column: str) -> Iterator[Array]:
    """Those of the sampled requests, a part at a time."""
    for batch in read_batches(path, [column, "sampled"], rows=_ROWS):
        yield batch.filter(batch["sampled"])[column]


def whole_traces(path: Path, trace_ids: IdSet) -> Iterator[pa.Table]:
    """The sampled requests of a request table in parts, each with all of a trace's requests.

    First those that have a trace of their own, in k6's order; then those that share one (hops of redirects,
    journeys), for which the table is read once for every 250,000 of such traces.

    Args:
        trace_ids: those of all sampled requests.
    """
    shared = trace_ids.repeated
    for requests, found in _located(path, trace_ids):
        yield requests.filter(pa.array(~shared[found]))
    parts = -(-int(shared.sum()) // _SHARING)
    for part in range(parts):
        kept = [
            requests.filter(pa.array(shared[found] & (found % parts == part)))
            for requests, found in _located(path, trace_ids)
        ]
        yield pa.concat_tables(kept)


def _located(path: Path, trace_ids: IdSet) -> Iterator[tuple[pa.Table, Integers]]:
    """Sampled requests, and for each where its trace is among the ids."""
    for batch in read_batches(path, rows=_ROWS) if len(trace_ids) else ():
        requests = pa.Table.from_batches([batch]).cast(REQUESTS)
        requests = requests.filter(requests["sampled"])
        yield requests, trace_ids.find(requests["trace_id"])
