"""The steps that a load and its preflight share: generate, collect, store, take stock."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock, Thread
from typing import final

import pyarrow as pa
import pyarrow.parquet as pq

from k6spec.collect.client_spans import client_spans
from k6spec.collect.decode import decode
from k6spec.collect.feed import SpanFeed
from k6spec.collect.gather import Gathered, Patience, gather
from k6spec.collect.redact import Redactor
from k6spec.collect.redact_run import redact_run
from k6spec.collect.sent import read_sent, whole_traces
from k6spec.config import Config
from k6spec.declare.load import Load
from k6spec.environment import Environment
from k6spec.errors import K6Fault, SutFault
from k6spec.judge.rehearsal import Rehearsed
from k6spec.k6.binary import K6Binary
from k6spec.k6.log import read_log
from k6spec.k6.progress import ProgressLine
from k6spec.k6.runner import K6Result, run_k6
from k6spec.query.database import Database
from k6spec.query.edges import read_outside
from k6spec.script.blocked import PUBLIC_RANGES
from k6spec.script.compiler import Mark, compile_load
from k6spec.stack.allowed import check_requested
from k6spec.stack.base import StackBackend
from k6spec.stack.complaints import about_instrumentation, about_telemetry
from k6spec.stack.sut import Sut
from k6spec.stack.wait import log_tail
from k6spec.store.archive import SPANS, RunFolder
from k6spec.store.ledger import Ledger
from k6spec.store.span_file import SpanFile
from k6spec.store.spans import CODED
from k6spec.units import Duration


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a load runs in: started stack and SUT, settings, and what is recorded of the session.

    ``ab``: which version this is of two that are loaded in turns, and in which round.
    """

    config: Config
    binary: K6Binary
    stack: StackBackend
    sut: Sut
    session: str
    fixtures: Sequence[str] = ()
    previous_run: str | None = None
    ab: Mapping[str, object] | None = None
    say: Callable[[str], None] = lambda _text: None
    progress: ProgressLine | None = None
    rehearse: Callable[[RunFolder], Sequence[Rehearsed]] = lambda _folder: ()


def usual_settle(around: Surroundings) -> Duration:
    """How long no new span may come: as set, else twice the longest that the system's SDKs keep one, and a bit."""
    return around.config.settle or Duration(around.sut.batch_delay.ns * 2 + 5 * 10**8)


def generate(
    load: Load, folder: RunFolder, around: Surroundings, redactor: Redactor, *, mark: Mark = "load"
) -> K6Result:
    """Runs k6 over the load; ``mark`` is what its requests carry in ``tracestate``."""
    out = folder.path / "script"
    compiled = compile_load(
        load,
        run_key=folder.key,
        base_url=around.sut.base_url,
        out=out,
        mark=mark,
        only_private=not around.config.allow_hosts,
    )
    endpoint = around.stack.endpoints().otlp_grpc if around.config.k6_metrics == "otlp" else None
    # While k6 gets ready: what the first batch of spans would wait for is imported.
    Thread(target=decode, args=([b""],), name="k6spec-warm-up", daemon=True).start()
    try:
        return run_k6(
            around.binary,
            compiled,
            load,
            folder=folder.path,
            env=Environment(os.environ),
            on_progress=around.progress.show if around.progress else None,
            metrics_to=endpoint if mark == "load" else None,
            summary=mark == "load",
            scrub=redactor.text,
        )
    finally:
        redact_run(folder.path, redactor)


def check_reached(result: K6Result, around: Surroundings) -> None:
    """At least one request was made, and answered; none wanted to go where none is allowed to.

    Raises:
        ConfigError: a script requested a public host.
        K6Fault: none was made.
        SutFault: none was answered.
    """
    if not around.config.allow_hosts:
        check_requested(result.requests_path, result.log_path, PUBLIC_RANGES)
    if not result.requests:
        raise K6Fault(
            "k6 made no HTTP request",
            log_tail=read_log(result.log_path).tail,
            advice="look at the script: does the function that VUs run request anything? What k6/browser and "
            "extensions request k6 does not count among its requests, and k6spec cannot judge by itself",
        )
    if result.unanswered == result.requests:
        with pq.ParquetFile(result.requests_path) as file:
            errors = file.read_row_group(0, columns=["error"])["error"].to_pylist()
        error = next(filter(None, errors), "no answer")
        raise SutFault(
            f"not one of {result.requests:,} requests reached the system under test: {error}",
            log_tail=log_tail(around.sut.logs()),
            advice=f"check that it answers at {around.sut.base_url}, and that the script requests that address",
        )


def collect(
    result: K6Result, folder: RunFolder, around: Surroundings, feed: SpanFeed, patience: Patience
) -> Gathered:
    """Waits for the traces of the sampled requests and writes their spans."""
    sent = read_sent(result.requests_path)
    line = around.progress

    def tell(there: int, expected: int) -> None:
        if line is not None:
            line.tell(f"waiting for traces: {there:,} of {expected:,}")

    alone = Lock()

    def keep(batch: pa.RecordBatch) -> None:
        with alone:
            spans.write(batch)

    def keep_client_spans() -> None:
        for requests in whole_traces(result.requests_path, sent.trace_ids):
            for batch in client_spans(requests):
                keep(batch)

    # The wait for stragglers is long enough to make the client spans meanwhile.
    with SpanFile(folder.path / SPANS, CODED) as spans, ThreadPoolExecutor(1, "k6spec-client-spans") as beside:
        made = beside.submit(keep_client_spans)
        gathered = gather(
            feed,
            wanted=sent.wanted,
            client_span_ids=sent.span_ids,
            keep=keep,
            patience=patience,
            on_progress=tell,
        )
        made.result()
    pa.default_memory_pool().release_unused()
    return gathered


def said_of_telemetry(gathered: Gathered, around: Surroundings) -> list[str]:
    """What the system's log says of spans that do not come: of all, or of what is not instrumented."""
    log = around.sut.logs()
    return about_instrumentation(log) if gathered.spans else about_telemetry(log)


def take_stock(
    folder: RunFolder, feed: SpanFeed, gathered: Gathered, duplicates: int, *, max_skew: Duration
) -> Ledger:
    """Counts what was sent and what came back, and archives it; ``run.json`` must name the truncated traces."""
    database = Database(folder.path, archiving=True)
    database.write_traces()
    sent, sampled = database.rows("SELECT count(*), count(*) FILTER (WHERE sampled) FROM requests")[0]
    expected, received, complete = database.rows(
        """SELECT count(*) FILTER (WHERE sampled), count(*) FILTER (WHERE received),
        count(*) FILTER (WHERE complete) FROM traces"""
    )[0]
    outside = read_outside(database, max_skew.ns)
    database.close()
    losses = feed.losses()
    return Ledger(
        tier=feed.tier,
        requests_sent=sent,
        requests_sampled=sampled,
        traces_expected=expected,
        traces_received=received,
        traces_complete=complete,
        spans_received=gathered.spans - duplicates,
        spans_duplicate=duplicates,
        spans_dropped=losses.total,
        spans_unwritten=losses.unwritten,
        spans_foreign=gathered.foreign,
        spans_outside=outside.spans,
        outside_ns=outside.most_ns,
        clocks_differ=outside.clocks_differ,
    )
