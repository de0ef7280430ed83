"""Declare, compile, provision, generate, collect, store: the only file that knows the whole order."""

from __future__ import annotations

import getpass
import os
import platform
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, Final, final

from filelock import FileLock, Timeout

from k6spec._version import __version__
from k6spec.collect.feed import SpanFeed
from k6spec.collect.gather import Gathered, Patience, without_duplicates
from k6spec.collect.leftovers import clean_leftovers
from k6spec.collect.redact import Redactor
from k6spec.collect.redact_load import load_redactor
from k6spec.collect.redact_text import shown_address
from k6spec.collect.redacted_feed import RedactedFeed
from k6spec.declare.fingerprint import declaration, fingerprint
from k6spec.declare.load import Load, Part
from k6spec.environment import Environment
from k6spec.errors import Fault, StackFault, SutFault
from k6spec.history.facts import git_facts, machine
from k6spec.history.recording import record_run
from k6spec.history.store import HistoryStore
from k6spec.judge.health import Health, Tolerances
from k6spec.k6.hung import hung_vus, untold
from k6spec.k6.own_load import with_own_load
from k6spec.k6.punctual import NO_ITERATIONS, MadeIterations, idle_vus, lateness_ns, read_iterations
from k6spec.k6.runner import K6Result
from k6spec.k6.unmade import stopped
from k6spec.measure import (
    Surroundings,
    check_reached,
    collect,
    generate,
    said_of_telemetry,
    take_stock,
    usual_settle,
)
from k6spec.preflight import preflight, worthwhile
from k6spec.process import process_begun
from k6spec.query.database import Database
from k6spec.query.edges import read_edges
from k6spec.query.placement import place_spans
from k6spec.stack.allowed import check_hosts
from k6spec.stack.base import StackBackend
from k6spec.stack.sut import Sut
from k6spec.store.archive import FORMAT, METRICS, REQUESTS, SPANS, TRACES, RunFolder, create_run, disk_fault
from k6spec.store.batches import read_batches
from k6spec.store.ledger import Ledger
from k6spec.units import Duration

_LOCK: Final = "k6spec-load.lock"


@final
@dataclass(slots=True)
class _Timings:
    """Seconds that each step took."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        begun = monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(monotonic() - begun, 3)


def run_load(load: Load, around: Surroundings) -> RunFolder:
    """Runs a load with k6 and archives it, with the spans behind its requests.

    Raises:
        Fault: the measurement failed; the run's folder stays, marked ``aborted``.
        ConfigError: it would go to a public host that the settings don't allow.
    """
    timings = _Timings()
    check_hosts(load, around.sut.base_url, around.config.allow_hosts)
    with _alone_on_this_machine(around.say):
        around.sut.check()
        made = with_own_load(load, around.binary, base_url=around.sut.base_url, env=Environment(os.environ))
        redactor = load_redactor(around.config, os.environ, load.describe(), made.describe())
        clean_leftovers(around.config.runs_folder, around.config, os.environ)
        folder = create_run(around.config.runs_folder)
        info = redactor.plain(_declared(load, made, folder, around))
        folder.write_info({**info, "status": "running"})
        feed: SpanFeed | None = None
        try:
            settle = usual_settle(around)
            if worthwhile(made, around):
                with timings.step("preflight"):
                    settle = _preflight(made, folder, around, redactor, info)
            feed = RedactedFeed(around.stack.feed(), redactor)
            with timings.step("load"):
                result = generate(made, folder, around, redactor)
            check_reached(result, around)
            info["sut_after_load"] = redactor.plain(_trouble(around.sut))
            with timings.step("collect"):
                patience = Patience(settle=settle, deadline=around.config.deadline)
                gathered = collect(result, folder, around, feed, patience)
            with timings.step("store"):
                duplicates = without_duplicates(folder.path / SPANS)
                place_spans(folder.path)
                info["truncated_traces"] = sorted(trace_id.hex() for trace_id in gathered.truncated)
                info["sut_on_telemetry"] = redactor.plain(said_of_telemetry(gathered, around))
                folder.write_info({**info, "status": "running", "ledger": {"tier": feed.tier}})
                _look_at_calls(folder, info, feed, around.config.uninstrumented_from)
                max_skew = around.config.max_skew
                ledger = take_stock(folder, feed, gathered, duplicates, max_skew=max_skew)
            health = _health(made, result, folder)
            if around.config.jaeger_feed == "live":
                with timings.step("show"):
                    info["not_shown"] = show(folder, around.stack, only_client_spans=True)
            info["stopped"] = stopped(made, folder.path / REQUESTS, result.stopped_by)
            measured = redactor.plain(_measured(result, ledger, health, gathered, timings))
            folder.write_info({**info, **measured, "status": "complete"})
            if around.ab is None:  # rounds of one session are no nights
                HistoryStore(around.config.history_folder).add(record_run(folder, Tolerances.of(around.config)))
        except BaseException as raised:
            error = disk_fault(raised, folder.path) or raised
            if isinstance(error, Fault):
                error.redact(redactor.text)
            reason = redactor.text(str(error)) or type(error).__name__
            with suppress(OSError):  # on a full disk the run counts as aborted once we have ended
                folder.write_info({**info, "status": "aborted", "reason": reason, "timings": timings.seconds})
            if error is raised:
                raise
            raise error from raised
        finally:
            if feed is not None:
                feed.close()
    return folder


def _look_at_calls(folder: RunFolder, info: dict[str, Any], feed: SpanFeed, uninstrumented_from: int) -> None:
    """Records calls whose other end never gives a span, and traces that lack the other end of a call."""
    database = Database(folder.path, archiving=True, uninstrumented_from=uninstrumented_from)
    edges = read_edges(database)
    database.close()
    info["uninstrumented_calls"] = list(edges.uninstrumented)
    info["truncated_traces"] = sorted({*info["truncated_traces"], *edges.parted})
    folder.write_info({**info, "status": "running", "ledger": {"tier": feed.tier}})


def _health(made: Load, result: K6Result, folder: RunFolder) -> Health:
    iterations = read_iterations(read_batches(folder.path / METRICS, ["metric", "scenario", "time_ns", "value"]))
    idle = idle_vus(made, read_batches(folder.path / REQUESTS, ["scenario", "vu"]), iterations)
    return Health(
        dropped_iterations=result.dropped_iterations,
        iterations=result.iterations,
        script_errors=result.script_errors,
        idle_vus=sum(vus for vus, _planned in idle.values()),
        planned_vus=sum(planned for _vus, planned in idle.values()),
        k6_cpu=None if result.cpu is None else result.cpu.of_k6,
        machine_cpu=None if result.cpu is None else result.cpu.of_machine,
        cores=None if result.cpu is None else result.cpu.cores,
        late_ns=lateness_ns(made, iterations, result.scenario_starts),
        clock_step_ns=result.clock_step_ns,
        scenarios={part.name: _of_scenario(part, iterations, idle[part.name], result) for part in made.parts},
    )


def _of_scenario(
    part: Part, iterations: Mapping[str, MadeIterations], idle: tuple[int, int], result: K6Result
) -> Mapping[str, int]:
    """What ``Health`` has of a scenario. What a threshold stopped was not left unended by the system."""
    made = iterations.get(part.name, NO_ITERATIONS)
    found = {
        "dropped": made.dropped,
        "planned": made.dropped + len(made.begun_ns),
        "idle_vus": idle[0],
        "planned_vus": idle[1],
    }
    if result.stopped_by is not None:
        return found
    lost, due = untold(part, iterations)
    hung = hung_vus(part, iterations, result.scenario_starts.get(part.name), result.alive)
    return found | {"untold": lost, "due": due} | ({} if hung is None else asdict(hung))


def _preflight(
    made: Load, folder: RunFolder, around: Surroundings, redactor: Redactor, info: dict[str, Any]
) -> Duration:
    """Makes the preflight, says and records what it saw, and gives how long to wait for the load's last spans."""
    around.say("preflight: a few iterations of each scenario first (--k6spec-no-preflight leaves them out)")
    try:
        found = preflight(made, folder, around, redactor)
    except Fault as fault:
        if not fault.cause.startswith("preflight: "):
            fault.cause = f"preflight: {fault.cause}"
        raise
    around.say(f"preflight: {found}")
    for remark in found.remarks:
        around.say(f"preflight: {redactor.text(remark)}")
    info["preflight"] = redactor.plain(found.as_dict())
    around.sut.reset()
    usual = usual_settle(around)
    settle = found.settle(usual)
    if around.config.settle is None:
        return settle
    if settle.ns > usual.ns:
        around.say(f"preflight: settle = {usual} is short for that; {settle} would be sure")
    return usual


@contextmanager
def _alone_on_this_machine(say: Callable[[str], None]) -> Iterator[None]:
    """Two loads at once would measure each other."""
    path = load_lock()
    lock = FileLock(path, mode=0o666)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"waiting: another k6spec load runs on this machine (lock {path})")
        lock.acquire()
    except PermissionError:
        # The kernel may forbid opening another user's file in /tmp: then our own loads wait for one another.
        lock = FileLock(path.with_stem(f"{path.stem}-{getpass.getuser()}"))
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def load_lock() -> Path:
    """One place for all sessions of a machine, so not TMPDIR's; ``K6SPEC_LOAD_LOCK`` names another file."""
    if chosen := os.environ.get("K6SPEC_LOAD_LOCK"):
        return Path(chosen)
    shared = Path("/tmp")
    return (shared if os.access(shared, os.W_OK) else Path(tempfile.gettempdir())) / _LOCK


def _trouble(sut: Sut) -> str | None:
    """What ails the system once the load is over: that it broke under load is a finding, no fault of ours."""
    try:
        sut.check()
    except SutFault as fault:
        return str(fault)
    return None


def show(folder: RunFolder, stack: StackBackend, *, only_client_spans: bool = False) -> str | None:
    """Gives a run's spans to what shows the stack's traces.

    Returns:
        Why it could not be done: the run is none the worse for it. None if it was, or if there is no such thing.
    """
    viewer = stack.viewer()
    if viewer is None:
        return None
    from k6spec.collect.access import Access
    from k6spec.collect.push import push_run
    from k6spec.collect.push_target import Target

    target = Target(access=Access(url=viewer), wire="grpc")
    try:
        pushed = push_run(folder, target, only_client_spans=only_client_spans)
    except StackFault as fault:
        return fault.cause
    return f"{pushed.rejected:,} spans were refused: {pushed.reason}" if pushed.rejected else None


def _declared(load: Load, made: Load, folder: RunFolder, around: Surroundings) -> dict[str, Any]:
    declared = declaration(load)
    return {
        "format": FORMAT,
        "run_id": folder.run_id,
        "session": around.session,
        "pid": os.getpid(),
        "process_begun": process_begun(os.getpid()),
        "started": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "spec": load.location,
        "fingerprint": fingerprint(declared),
        "profile": declared,
        "made": None if made is load else declaration(made),
        "fixtures": sorted(around.fixtures),
        "previous_run": around.previous_run,
        "ab": around.ab,
        "environment": {
            "name": around.config.env,
            "overrides": {"profile": dict(around.config.profile), "limits": dict(around.config.limits)},
            "base_url": shown_address(around.sut.base_url),
            "host": socket.gethostname(),
            "platform": platform.platform(),
            "machine": machine(around.config.machine),
        },
        "versions": {
            "k6spec": __version__,
            "k6": around.binary.version_text,
            "python": platform.python_version(),
        },
        "stack": {"name": around.stack.name, **asdict(around.stack.endpoints())},
        "git": git_facts(around.config.root, os.environ),
        "sut_version": around.config.sut_version,
        "sut": {name: shown_address(value) for name, value in around.sut.identity().items()},
        "verdicts": [],
    }


def _measured(
    result: K6Result, ledger: Ledger, health: Health, gathered: Gathered, timings: _Timings
) -> Mapping[str, Any]:
    return {
        "ledger": ledger.as_dict(),
        "health": asdict(health),
        "k6": {
            "exit_code": result.exit_code,
            "thresholds": [asdict(threshold) for threshold in result.thresholds],
            "marked_failed": result.marked_failed,
            "first_script_error": result.first_script_error,
            "remarks": list(result.remarks),
            "metrics_error": result.metrics_error,
            "scenario_starts_ns": dict(result.scenario_starts),
        },
        "traces_settled": gathered.settled,
        "timings": timings.seconds,
        "files": [REQUESTS, METRICS, SPANS, TRACES],
    }
