"""Spans to an endpoint that takes OTLP: client spans to what shows the traces, archived runs to anywhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, final

import pyarrow as pa
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTracePartialSuccess

from k6spec.collect.arrow import pc
from k6spec.collect.encode import Export, encode
from k6spec.collect.push_retry import Persistent, Sender
from k6spec.collect.push_target import Target
from k6spec.errors import ArchiveFault
from k6spec.store.archive import SPANS, RunFolder
from k6spec.store.batches import read_batches
from k6spec.store.spans import CLIENT_SERVICE, RECEIVED

_AT_ONCE: Final = 4
_ROWS: Final = 8_192
_CLIENT_SCOPE: Final = "k6spec"
_COLUMNS: Final = tuple(field.name for field in RECEIVED)
_TOLD_BY: Final = ("trace_id", "service", "scope_name")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What became of spans that were sent: how many were taken, how many rejected, and the first reason given."""

    spans: int
    rejected: int
    reason: str


def push(
    batches: Iterable[pa.RecordBatch], target: Target, *, on_progress: Callable[[int], None] | None = None
) -> Pushed:
    """Sends batches of spans, which keep their ids.

    Args:
        batches: with the columns of :data:`k6spec.store.spans.RECEIVED`.
        on_progress: called with how many spans have been answered for, after each message.

    Raises:
        ConfigError: a certificate file cannot be read.
        StackFault: the endpoint does not answer, or refuses a message; those before it may be there.
    """
    accepted = rejected = 0
    reason = ""
    sender = _sender(target)
    try:
        for export, partial in _answers(batches, sender):
            refused = min(partial.rejected_spans, export.spans)
            accepted += export.spans - refused
            rejected += refused
            if refused:
                reason = reason or target.access.hide(partial.error_message)
            if on_progress is not None:
                on_progress(accepted + rejected)
    finally:
        sender.close()
    return Pushed(spans=accepted, rejected=rejected, reason=reason)


def push_run(
    folder: RunFolder,
    target: Target,
    *,
    only_client_spans: bool = False,
    trace_ids: Collection[bytes] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Pushed:
    """Sends the spans of an archived run, as :func:`push` does.

    Args:
        only_client_spans: those that k6spec made of k6's samples, and not those of the system under test.
        trace_ids: ids of 16 bytes; only spans of these traces.
        on_progress: called with how many spans have been answered for, and of how many.

    Raises:
        ArchiveFault: the run has no spans, or they cannot be read.
        ConfigError, StackFault: as :func:`push`.
    """
    choice = _Choice(client=only_client_spans, trace_ids=trace_ids)
    total = sum(batch.num_rows for batch in _chosen(folder, choice, _TOLD_BY)) if on_progress else 0

    def progress(done: int) -> None:
        if on_progress is not None:
            on_progress(done, total)

    return push(_chosen(folder, choice, _COLUMNS), target, on_progress=progress)


def trace_ids_of(folder: RunFolder) -> set[bytes]:
    """Ids of the traces of which an archived run has spans.

    Raises:
        ArchiveFault: the run has no spans, or they cannot be read.
    """
    ids: set[bytes] = set()
    for batch in _chosen(folder, _Choice(client=False, trace_ids=None), ["trace_id"]):
        ids.update(pc.unique(batch["trace_id"]).to_pylist())
    return ids


def batches_of(folder: RunFolder, trace_ids: Collection[bytes] | None = None) -> Iterator[pa.RecordBatch]:
    """An archived run's spans as they were received, k6's client spans included; of these traces, or of all.

    Raises:
        ArchiveFault: the run has no spans, or they cannot be read.
    """
    return _chosen(folder, _Choice(client=False, trace_ids=trace_ids), _COLUMNS)


@final
class _Choice:
    """Which spans of a run."""

    def __init__(self, *, client: bool, trace_ids: Collection[bytes] | None) -> None:
        self._client = client
        self._ids = None if trace_ids is None else pa.array(sorted(trace_ids), pa.binary(16))

    def of(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Those among a batch."""
        if self._client:
            made_by_us = pc.and_(
                pc.equal(batch["service"], CLIENT_SERVICE), pc.equal(batch["scope_name"], _CLIENT_SCOPE)
            )
            batch = batch.filter(made_by_us)
        return batch if self._ids is None else batch.filter(pc.is_in(batch["trace_id"], self._ids))


def _sender(target: Target) -> Sender:
    if target.wire == "grpc":
        from k6spec.collect.push_grpc import GrpcSender

        return GrpcSender(target)
    from k6spec.collect.push_http import HttpSender

    return HttpSender(target, connections=_AT_ONCE)


def _chosen(folder: RunFolder, choice: _Choice, columns: Collection[str]) -> Iterator[pa.RecordBatch]:
    folder.info()  # refuses what is no run, or of a newer format
    path = folder.path / SPANS
    try:
        for batch in read_batches(path, list(columns), rows=_ROWS):
            yield choice.of(batch)
    except FileNotFoundError:
        raise ArchiveFault(
            f"{folder.run_id} has no spans: it is {folder.status()}",
            advice="k6spec runs lists the runs that are whole",
        ) from None
    except (OSError, pa.ArrowInvalid) as error:
        raise ArchiveFault(f"{path} cannot be read: {error}") from error


def _answers(
    batches: Iterable[pa.RecordBatch], sender: Sender
) -> Iterator[tuple[Export, ExportTracePartialSuccess]]:
    """Each message and what the endpoint says to it, several on their way at once."""
    persistent = Persistent(sender)
    waiting: deque[tuple[Export, Future[ExportTracePartialSuccess]]] = deque()
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="k6spec-push") as pool:
        try:
            for batch in batches:
                for export in encode(batch):
                    waiting.append((export, pool.submit(persistent.send, export.message)))
                    if len(waiting) > 2 * _AT_ONCE:
                        sent, answer = waiting.popleft()
                        yield sent, answer.result()
            while waiting:
                sent, answer = waiting.popleft()
                yield sent, answer.result()
        finally:
            persistent.stop()
            for _, answer in waiting:
                answer.cancel()
