"""A few requests before the load: they prove that minutes of load would not be spent for nothing.

The load's own scenarios, with one VU each and a few iterations, so they do nothing that the load would not do a
thousand times; marked ``k6spec=preflight`` in ``tracestate``, in a run of their own that is thrown away. The
documentation (docs/preflight.md) argues for what stops a load here and what is only said.
"""

from __future__ import annotations

import secrets
import shutil
import time
from dataclasses import dataclass, replace
from typing import Any, Final, final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from k6spec.collect.gather import Gathered, Patience, without_duplicates
from k6spec.collect.redact import Redactor
from k6spec.collect.redacted_feed import RedactedFeed
from k6spec.config import Config
from k6spec.declare.fingerprint import declaration
from k6spec.declare.load import Load
from k6spec.declare.profile import Iterations, PerVUIterations
from k6spec.errors import K6Fault, SutFault
from k6spec.judge.rehearsed import check_claims, remarks
from k6spec.k6.log import read_log
from k6spec.k6.runner import K6Result
from k6spec.measure import (
    Surroundings,
    check_reached,
    collect,
    generate,
    said_of_telemetry,
    take_stock,
    usual_settle,
)
from k6spec.query.placement import place_spans
from k6spec.stack.wait import log_tail
from k6spec.store.archive import FORMAT, REQUESTS, SPANS, RunFolder
from k6spec.store.ledger import Ledger
from k6spec.store.requests import REQUESTS as REQUEST_SCHEMA
from k6spec.units import Duration, Ratio, counted, seconds

_FIRST_SPAN: Final = seconds(10)
"""The longest that OpenTelemetry's SDKs keep a span by default is 5 s: twice that for the first to come."""

_AS_SHORT: Final = 10
"""A load of no more iterations one after another is over as soon as a preflight would be."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """What was seen. ``flush``: from the last request's end to the last span's arrival; None where none came."""

    iterations: int
    ledger: Ledger
    seconds: float
    flush: Duration | None
    looked_at: int
    remarks: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``run.json``."""
        return {
            "requests": self.ledger.requests_sent,
            "traces_complete": self.ledger.traces_complete,
            "spans": self.ledger.spans_received,
            "seconds": round(self.seconds, 3),
            "flush_seconds": None if self.flush is None else round(self.flush.seconds, 3),
            "tests_looked_at": self.looked_at,
            "remarks": list(self.remarks),
        }

    def settle(self, usual: Duration) -> Duration:
        """How long to wait for the load's last spans: as usual, or longer where these few were seen to need it.

        Never shorter: that an SDK sent a batch soon does not say how long it may keep one.
        """
        if self.flush is None:
            return usual
        return max(usual, Duration(self.flush.ns * 2 + 5 * 10**8), key=lambda duration: duration.ns)

    def __str__(self) -> str:
        ledger = self.ledger
        came = f"{counted(ledger.spans_received, 'span')} in {counted(ledger.traces_complete, 'complete trace')}"
        when = "" if self.flush is None else f", the last {self.flush.seconds:.1f} s after its request"
        looked = f"; claims of {counted(self.looked_at, 'test')} looked at" if self.looked_at else ""
        return f"{counted(ledger.requests_sent, 'request')} answered, {came}{when}{looked}"


def worthwhile(load: Load, around: Surroundings) -> bool:
    """Whether the load takes so much longer than its preflight that this can save time."""
    if not (around.config.preflight and load.preflight):
        return False
    cost = around.config.preflight_time.ns + usual_settle(around).ns
    return any(_much_longer(part.profile, cost) for part in load.parts)


def preflight(load: Load, run: RunFolder, around: Surroundings, redactor: Redactor) -> Preflight:
    """Sends the requests, waits for their traces, and has the tests' claims looked at.

    Args:
        run: the load's folder; the preflight's own is made in it, and stays only where it fails.

    Raises:
        Fault: nothing was sent or answered, or all of it failed.
        UsageError: a test claims what cannot be claimed of any run.
        Inconclusive: a claim is about spans and none came, or names what is not there but for a letter.
    """
    begun = time.monotonic()
    folder = RunFolder(run.path / f"preflight-{secrets.token_hex(4)}")
    folder.path.mkdir(mode=0o700)
    feed = RedactedFeed(around.stack.feed(), redactor)
    try:
        few = _few(load, around.config)
        result = generate(few, folder, around, redactor, mark="preflight")
        requests = pq.read_table(folder.path / REQUESTS, schema=REQUEST_SCHEMA)
        check_reached(result, around)
        _check_worked(requests, result, around)
        usual = usual_settle(around)
        patience = Patience(settle=usual, deadline=around.config.deadline, first=_longer(usual, _FIRST_SPAN))
        gathered = collect(result, folder, around, feed, patience)
        duplicates = without_duplicates(folder.path / SPANS)
        place_spans(folder.path)
        info = redactor.plain(_info(load, folder, gathered, result, around))
        folder.write_info(info)
        ledger = take_stock(folder, feed, gathered, duplicates, max_skew=around.config.max_skew)
        folder.write_info({**info, "ledger": ledger.as_dict()})
        rehearsed = around.rehearse(folder)
        end_ns = pc.max(requests["end_ns"]).as_py()
        tried = (
            f"tried: {counted(result.iterations, 'iteration')} with {counted(ledger.requests_sent, 'request')} "
            f"(tracestate k6spec=preflight), to which {counted(ledger.spans_received, 'span')} came back"
        )
        check_claims(rehearsed, ledger, tried)
        found = Preflight(
            iterations=result.iterations,
            ledger=ledger,
            seconds=time.monotonic() - begun,
            flush=_flush(gathered, end_ns, feed.lag, longest=time.monotonic() - begun),
            looked_at=sum(test.mistake is None for test in rehearsed),
            remarks=tuple(remarks(rehearsed, ledger)),
        )
    finally:
        feed.close()
    shutil.rmtree(folder.path, ignore_errors=True)
    return found


def _much_longer(profile: object, cost_ns: int) -> bool:
    if isinstance(profile, Iterations):
        each = profile.iterations if isinstance(profile, PerVUIterations) else profile.iterations / profile.vus
        return each > _AS_SHORT and profile.length.ns > cost_ns
    length: Duration = getattr(profile, "length")  # noqa: B009  of every profile
    return length.ns > cost_ns


def _few(load: Load, config: Config) -> Load:
    """The load's scenarios, a few times each, every trace of them sampled."""
    profile = PerVUIterations(
        vus=1,
        iterations=config.preflight_iterations,
        max_duration=config.preflight_time,
        graceful_stop=Duration(0),
    )
    parts = tuple(replace(part, profile=profile) for part in load.parts)
    return replace(load, parts=parts, sampling=Ratio(1.0), control=Ratio(0.0))


def _longer(one: Duration, other: Duration) -> Duration:
    return one if one.ns >= other.ns else other


def _check_worked(requests: pa.Table, result: K6Result, around: Surroundings) -> None:
    """Some request was answered as the script expects, and some iteration came to its end."""
    if result.script_errors and result.script_errors >= result.iterations:
        raise K6Fault(
            f"preflight: each of {result.script_errors:,} iterations ended with an exception: "
            f"{result.first_script_error}",
            log_tail=read_log(result.log_path).tail,
            advice="correct the script; k6spec.load(..., preflight=False) loads regardless",
        )
    if requests.filter(pc.field("failed") == pa.scalar(value=True)).num_rows < requests.num_rows:
        return
    rows = requests.select(["operation", "status", "error"]).slice(0, 3).to_pylist()
    answers = ", ".join(f"{row['operation']} {row['status'] or row['error']}" for row in rows)
    raise SutFault(
        f"preflight: each of {requests.num_rows:,} requests failed: {answers}",
        log_tail=log_tail(around.sut.logs()),
        advice=f"check that {around.sut.base_url} is the right address, and that the script requests what is "
        "there; where failing is what the load is to show, write k6spec.load(..., preflight=False)",
    )


def _info(
    load: Load, folder: RunFolder, gathered: Gathered, result: K6Result, around: Surroundings
) -> dict[str, Any]:
    """What tests may read of a run, and what its tables need."""
    return {
        "profile": declaration(load),
        "format": FORMAT,
        "run_id": folder.run_id,
        "status": "complete",
        "truncated_traces": sorted(trace_id.hex() for trace_id in gathered.truncated),
        "sut_on_telemetry": said_of_telemetry(gathered, around),
        "health": {"iterations": result.iterations, "script_errors": result.script_errors},
        "verdicts": [],
    }


def _flush(gathered: Gathered, end_ns: int, lag: Duration, *, longest: float) -> Duration | None:
    """Both times are this host's, whose clock may have been set in between: it took at most ``longest`` seconds.

    What a backend is always late by is waited for anyway.
    """
    if gathered.last_ns is None:
        return None
    return Duration(max(0, min(gathered.last_ns - end_ns, round(longest * 1e9)) - lag.ns))
