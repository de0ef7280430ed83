"""Traces that were asked for one by one, decoded several at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, final

import pyarrow as pa

from k6spec.collect.decode import decode

_BATCH_BYTES: Final = 4 << 20


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A trace as TracesData in protobuf (empty: it is not there), and whether the backend cut it."""

    message: bytes
    cut: bool


NOT_THERE: Final = Answer(message=b"", cut=False)


@final
class TraceDecoder:
    """Makes batches of traces, and remembers which were there in part only when they were last asked for."""

    def __init__(self) -> None:
        self._truncated: set[bytes] = set()

    @property
    def truncated(self) -> frozenset[bytes]:
        """Ids of traces that were cut, or that held undecodable spans."""
        return frozenset(self._truncated)

    def batches(self, trace_ids: Sequence[bytes], answers: Iterable[Answer]) -> Iterator[pa.RecordBatch]:
        """The spans of the answers, one for each id and in their order, some megabytes of traces a batch."""
        messages: dict[bytes, bytes] = {}
        size = 0
        for trace_id, answer in zip(trace_ids, answers, strict=True):
            self._truncated.discard(trace_id)
            if answer.cut:
                self._truncated.add(trace_id)
            if answer.message:
                messages[trace_id] = answer.message
                size += len(answer.message)
            if size >= _BATCH_BYTES:
                yield self._decoded(messages)
                messages, size = {}, 0
        if messages:
            yield self._decoded(messages)

    def _decoded(self, messages: dict[bytes, bytes]) -> pa.RecordBatch:
        batch, undecodable = decode(list(messages.values()))
        if undecodable:
            self._truncated.update(trace_id for trace_id, message in messages.items() if decode([message])[1])
        return batch
