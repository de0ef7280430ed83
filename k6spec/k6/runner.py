"""Runs k6 over a compiled load and turns its output into tables while it runs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, final

import pyarrow as pa
import pyarrow.parquet as pq

from k6spec.child import Child
from k6spec.declare.load import Load
from k6spec.errors import ConfigError, K6Fault
from k6spec.k6.binary import K6Binary
from k6spec.k6.clock import ClockWatch
from k6spec.k6.cpu import CpuMeter, CpuUse
from k6spec.k6.environment import k6_environment
from k6spec.k6.exit_codes import ABORTED, FINDINGS, REFUSED, SCRIPT_EXCEPTION, THRESHOLDS_CROSSED, meaning
from k6spec.k6.log import K6Log, read_log, shorten
from k6spec.k6.log_pipe import LogPipe
from k6spec.k6.otel_output import OtelOutput, otel_output
from k6spec.k6.output import K6Output
from k6spec.k6.planned import add_plan, add_sample_plan
from k6spec.k6.progress import Meter, Progress
from k6spec.k6.summary import SUMMARY, write_summary
from k6spec.script.compiler import CompiledScript
from k6spec.store.requests import REQUESTS, SAMPLES

_SYSTEM_TAGS: Final = (
    "proto,subproto,status,method,url,name,group,check,error,error_code,tls_version,scenario,service,"
    "expected_response,vu,iter"
)
_GENERATED: Final = "requests.generated.parquet"
_SAMPLED: Final = "metrics.generated.parquet"
_SUMMARY: Final = "k6-summary.json"
_PIPE_SIZE: Final = 1 << 20
_TICK: Final = 1.0
_INTERRUPT_GRACE: Final = 5.0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdResult:
    """A threshold of the script: ``metric`` may name a submetric, as in ``http_req_duration{scenario:buy}``."""

    metric: str
    expression: str
    ok: bool


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class K6Result:
    """A load that ran. Times are Unix nanoseconds.

    Args:
        thresholds_crossed: a threshold of the script's own did not hold.
        marked_failed: the script called ``exec.test.fail()`` (110).
        script_errors: iterations that ended with an exception; ``first_script_error`` is the first one's message.
        unanswered: requests without any response.
        scenario_starts: k6's scenario name -> start, to the millisecond; only of scenarios that began.
        started_ns: when k6 was started, before its init code ran.
        stopped_by: the metrics whose thresholds stopped the load before its time.
        metrics_error: why k6's own metrics, which somebody asked for, were not all sent.
        cpu: what k6 took of its cores; None where it could not be measured, or k6 ended too soon.
        clock_step_ns: the largest step of this machine's clock while k6 ran.
        alive: k6's scenario name and a VU -> its last sign of life; None if it ended no iteration.
        remarks: what to tell people about k6's samples, such as tags that cost a time series for each request.
    """

    exit_code: int
    thresholds_crossed: bool
    marked_failed: bool
    thresholds: tuple[ThresholdResult, ...]
    started_ns: int
    ended_ns: int
    version: str
    argv: tuple[str, ...]
    requests: int
    unanswered: int
    iterations: int
    dropped_iterations: int
    script_errors: int
    first_script_error: str | None
    scenario_starts: Mapping[str, int]
    requests_path: Path
    metrics_path: Path
    log_path: Path
    stopped_by: str | None = None
    metrics_error: str | None = None
    cpu: CpuUse | None = None
    clock_step_ns: int = 0
    remarks: tuple[str, ...] = ()
    alive: Mapping[tuple[str, int], int | None] = field(default_factory=dict)


def run_k6(
    binary: K6Binary,
    compiled: CompiledScript,
    load: Load,
    *,
    folder: Path,
    env: Mapping[str, str],
    metrics_to: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    summary: bool = True,
    scrub: Callable[[str], str] = str,
) -> K6Result:
    """Runs a load to its end and writes ``requests.parquet``, ``metrics.parquet`` and ``k6.log``.

    Args:
        folder: the run's folder, named by the run's id; must exist.
        env: the environment k6 inherits, secrets included: they reach k6 by no other way.
        metrics_to: where k6 sends its own metrics as well: the URL of an OTLP/gRPC endpoint; None: nowhere. What
            hinders it is no fault, but told in the result.
        on_progress: told about once a second, in the caller's thread.
        summary: whether the script's ``handleSummary`` is called, and k6's summary kept.
        scrub: takes the secrets out of a line that k6 prints, before it is written.

    Raises:
        K6Fault: k6 failed, rather than found something: see :mod:`k6spec.k6.exit_codes`.
        KeyboardInterrupt: passed on after k6 has ended.
    """
    otel, metrics_error = _otel_output(binary, metrics_to, folder, env)
    ran = _run_once(binary, compiled, load, folder, env, otel, on_progress, summary, scrub)
    if otel is not None and ran.refused:
        # Perhaps it was this output that it refused; the load matters more, and has not begun.
        metrics_error = ran.said.last_error or "k6 refused to"
        ran = _run_once(binary, compiled, load, folder, env, None, on_progress, summary, scrub)
    log_path = folder / "k6.log"
    shorten(log_path)
    requests_path = folder / "requests.parquet"
    output, said = ran.output, ran.said
    _add_plan(folder / _GENERATED, requests_path, load, output, add_plan)
    _add_plan(folder / _SAMPLED, folder / "metrics.parquet", load, output, add_sample_plan)
    _raise_for(ran.code, said, output)
    told = write_summary(folder / _SUMMARY, folder / SUMMARY) if summary else {"metrics": {}}
    if told is None:
        raise K6Fault(
            "k6 wrote no end-of-test summary, so nobody knows which thresholds held",
            log_tail=said.tail,
            advice="correct handleSummary() in the script: it must return an object of a text for each file name",
        )
    thresholds = _thresholds(told, load)
    return K6Result(
        exit_code=ran.code,
        thresholds_crossed=any(not threshold.ok for threshold in thresholds),
        marked_failed=ran.code not in (0, THRESHOLDS_CROSSED),
        thresholds=thresholds,
        started_ns=ran.started_ns,
        ended_ns=ran.ended_ns,
        version=binary.version_text,
        argv=tuple(ran.argv),
        requests=output.requests,
        unanswered=output.unanswered,
        iterations=output.iterations,
        dropped_iterations=output.dropped_iterations,
        script_errors=said.script_errors,
        first_script_error=said.first_script_error,
        scenario_starts=dict(output.scenario_starts),
        requests_path=requests_path,
        metrics_path=folder / "metrics.parquet",
        log_path=log_path,
        stopped_by=said.stopped_by,
        metrics_error=metrics_error or said.metrics_error,
        cpu=ran.cpu,
        clock_step_ns=ran.clock_step_ns,
        remarks=tuple(output.remarks()),
        alive={who: when if who in output.ended else None for who, when in output.alive.items()},
    )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Ran:
    """One start of k6, to its end."""

    code: int
    argv: list[str]
    output: K6Output
    said: K6Log
    started_ns: int
    ended_ns: int
    cpu: CpuUse | None
    clock_step_ns: int

    @property
    def refused(self) -> bool:
        """Whether k6 refused its settings, and so ended before it began."""
        return self.code in REFUSED and not self.output.requests and not self.output.iterations


def _run_once(
    binary: K6Binary,
    compiled: CompiledScript,
    load: Load,
    folder: Path,
    env: Mapping[str, str],
    otel: OtelOutput | None,
    on_progress: Callable[[Progress], None] | None,
    summary: bool,
    scrub: Callable[[str], str],
) -> _Ran:
    log_path = folder / "k6.log"
    output = K6Output(requests=folder / _GENERATED, metrics=folder / _SAMPLED)
    read_end, write_end = os.pipe()
    argv = _argv(binary, compiled, otel, summary=folder / _SUMMARY if summary else None, fd=write_end)
    started_ns = time.time_ns()
    environment = k6_environment(env, compiled, otel)
    with LogPipe(log_path, scrub) as log, contextlib.closing(_Reader(read_end, output)) as reader:
        try:
            child = Child(
                argv,
                env=environment,
                cwd=folder,
                stdout=log.fd,
                stderr=subprocess.STDOUT,
                pass_fds=(write_end,),
            )
        finally:
            os.close(write_end)
            log.handed_over()
        with child:
            cpu, clock = CpuMeter(child.pid, environment), ClockWatch()
            code = _wait(child, reader, Meter(output, length=load.length.seconds), cpu, clock, on_progress)
            clock.look()
    ended_ns = time.time_ns()
    said = read_log(log_path)
    return _Ran(
        code=code,
        argv=argv,
        output=output,
        said=said,
        started_ns=started_ns,
        ended_ns=ended_ns,
        cpu=cpu.used(),
        clock_step_ns=clock.step_ns,
    )


def _otel_output(
    binary: K6Binary, metrics_to: str | None, folder: Path, env: Mapping[str, str]
) -> tuple[OtelOutput | None, str | None]:
    """The output, or why there is none; metrics are no reason not to run a load."""
    if metrics_to is None:
        return None, None
    if not metrics_to:
        return None, "the stack has no OTLP endpoint; set otlp_grpc in [tool.k6spec]"
    try:
        return otel_output(binary, endpoint=metrics_to, run_id=folder.name, env=env), None
    except ConfigError as error:
        return None, str(error)


@final
class _Reader:
    """Feeds a pipe to a :class:`K6Output` in a thread; closing it waits for the pipe's end."""

    def __init__(self, fd: int, output: K6Output) -> None:
        self._fd = fd
        self._output = output
        self.error: BaseException | None = None
        with contextlib.suppress(AttributeError, OSError):  # Linux only, and limited for users
            fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
        self._thread = threading.Thread(target=self._run, name="k6spec-k6-output", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._thread.join()
        os.close(self._fd)
        self._output.close()
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        while chunk := os.read(self._fd, _PIPE_SIZE):
            # After an error k6 must still be able to write, until it is stopped.
            if self.error is None:
                try:
                    self._output.feed(chunk)
                except Exception as error:
                    self.error = error


def _wait(
    child: Child,
    reader: _Reader,
    meter: Meter,
    cpu: CpuMeter,
    clock: ClockWatch,
    on_progress: Callable[[Progress], None] | None,
) -> int:
    started = time.monotonic()
    try:
        while reader.error is None:
            try:
                return child.wait(_TICK)
            except subprocess.TimeoutExpired:
                cpu.measure()
                clock.look()
                progress = meter.measure(time.monotonic() - started)
                if on_progress is not None:
                    on_progress(progress)
    except KeyboardInterrupt:
        child.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_INTERRUPT_GRACE)
        raise
    return child.stop()


def _argv(
    binary: K6Binary, compiled: CompiledScript, otel: OtelOutput | None, *, summary: Path | None, fd: int
) -> list[str]:
    return [
        str(binary.path),
        "run",
        "--quiet",
        "--no-color",
        "--no-usage-report",
        # No REST API: its port would clash with another k6's.
        "--address=",
        "--log-output=stderr",
        "--log-format=logfmt",
        f"--out=json=/dev/fd/{fd}",
        *([] if otel is None else [f"--out={otel.name}"]),
        f"--system-tags={_SYSTEM_TAGS}",
        f"--summary-export={summary}" if summary else "--no-summary",
        str(compiled.entry),
    ]


def _add_plan(generated: Path, path: Path, load: Load, output: K6Output, planned: Callable[..., pa.Table]) -> None:
    """Rewrites requests or samples with the planned columns, a row group at a time."""
    schema = REQUESTS if planned is add_plan else SAMPLES
    with pq.ParquetFile(generated) as source, pq.ParquetWriter(path, schema, compression="zstd") as target:
        for group in range(source.num_row_groups):
            target.write_table(planned(source.read_row_group(group), load, output.scenario_starts, output.vus))
    generated.unlink()


def _thresholds(summary: Mapping[str, Any], load: Load) -> tuple[ThresholdResult, ...]:
    """The script's own: those that only stop the load claim nothing."""
    ours = {
        stop
        for part in load.parts
        if part.profile.stop_when
        for stop in part.profile.stop_when.thresholds(part.name)
    }
    return tuple(
        ThresholdResult(metric=metric, expression=expression, ok=result["ok"])
        for metric, told in summary["metrics"].items()
        for expression, result in told.get("thresholds", {}).items()
        if (metric, expression) not in ours
    )


def _raise_for(code: int, said: K6Log, output: K6Output) -> None:
    if code not in FINDINGS:
        what = meaning(code)
        shown = said.first_error if code in (SCRIPT_EXCEPTION, ABORTED, *REFUSED) else None
        cause = f"{what.cause}: {shown}" if shown else what.cause
        raise K6Fault(cause, log_tail=_without(said.tail, shown), advice=what.advice)
    if output.iterations and not output.requests and said.script_errors:
        raise K6Fault(
            f"every iteration failed before it sent a request: {said.first_script_error}",
            log_tail=_without(said.tail, said.first_script_error),
            advice="correct the script; k6spec judges requests, and there was none",
        )


def _without(tail: str, shown: str | None) -> str:
    """The end of the log, but for an error that is shown already."""
    return tail.replace(f"error: {shown}\n", "").removesuffix(f"error: {shown}") if shown else tail
