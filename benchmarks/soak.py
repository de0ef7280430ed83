"""Memory and disk of a long load: bytes a request on disk, and the peak memory of the process that runs it.

k6's output is made up (``k6_made.py``), and so are the system's spans, two for each request; all between is what
runs in earnest: reading the output, the plan, redaction, gathering, duplicates, client spans, ledger and claims.
"""

from __future__ import annotations

import json
import os
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, final

import numpy as np
import pyarrow as pa

from benchmarks.k6_made import RATE
from k6spec import ms, percent
from k6spec.collect.feed import LossCounters
from k6spec.collect.id_set import IdSet
from k6spec.collect.sources.base import WantedTraces
from k6spec.config import Config
from k6spec.declare.load import declare_load
from k6spec.declare.profiles import constant_arrival_rate
from k6spec.declare.scenario import Scenario
from k6spec.k6.binary import K6Binary
from k6spec.measure import Surroundings
from k6spec.pipeline import run_load
from k6spec.run import Run
from k6spec.stack.base import Endpoints, Vantage
from k6spec.stack.sut import AddressSut
from k6spec.store.archive import METRICS, REQUESTS, SPANS, RunFolder
from k6spec.store.ledger import Tier
from k6spec.store.spans import SCHEMA
from k6spec.units import Duration

_MILLIONS: Final = (1, 2, 4)
_TRACES_A_BATCH: Final = 2_000
_ROOT: Final = Path(__file__).parent.parent


def measure() -> dict[str, float]:
    """For one, two and four million requests; and what an hour at 2,000 requests a second would take."""
    figures: dict[str, float] = {}
    ran = {count: _in_a_process(count * 1_000_000) for count in _MILLIONS}
    for count, each in ran.items():
        figures |= {f"{count} million requests, {name}": value for name, value in each.items()}
    least, most = ran[_MILLIONS[0]], ran[_MILLIONS[-1]]
    for what in ("peak MiB to the ledger", "peak MiB with claims"):
        grown = (most[what] - least[what]) / (_MILLIONS[-1] - _MILLIONS[0])
        figures[f"{what}, MiB for each further million"] = grown
        figures[f"{what}, an hour at {RATE:,} requests/s (from these)"] = most[what] + grown * (
            RATE * 3600 / 1e6 - _MILLIONS[-1]
        )
    return figures


def _in_a_process(requests: int) -> dict[str, float]:
    answer = subprocess.run([sys.executable, "-m", "benchmarks.soak", str(requests)], stdout=-1, check=True)
    figures: dict[str, float] = json.loads(answer.stdout)
    return figures


def _run(requests: int, folder: Path) -> dict[str, float]:
    script = folder / "soak.js"
    script.write_text("export default () => {};\n", encoding="utf-8")
    load = declare_load(Scenario.script(script), constant_arrival_rate(RATE, f"{requests // RATE}s"))
    around = Surroundings(
        config=Config(root=folder, runs=folder / "runs", settle=ms(0), preflight=False),
        binary=_made_up_k6(folder, requests),
        stack=_Stack(),
        sut=AddressSut("http://127.0.0.1:8000", ready=None),
        session="soak",
    )
    figures = {"MiB before": _peak()}
    begun = time.process_time()
    run = run_load(load, around)
    figures["peak MiB to the ledger"] = _peak()
    figures["µs of our CPU a request"] = (time.process_time() - begun) / requests * 1e6
    figures |= _disk(run, requests)
    figures |= {f"seconds: {step}": value for step, value in run.info()["timings"].items()}
    begun = time.monotonic()
    _judge(Run(run))
    figures["seconds: claims"] = time.monotonic() - begun
    figures["peak MiB with claims"] = _peak()
    return figures


def _judge(run: Run) -> None:
    verdicts = [
        run.http("GET /products/7").duration.p95 < ms(400),
        run.http().failed.rate < percent(1),
        run.spans.db().duration.max <= ms(200),
        run.traces(root="GET /products/*").calls(db=True).max <= 12,
    ]
    assert all(verdicts)
    assert run.ledger.traces_complete == run.ledger.requests_sent


def _disk(run: RunFolder, requests: int) -> dict[str, float]:
    sizes = {name: (run.path / name).stat().st_size for name in (REQUESTS, METRICS, SPANS)}
    rest = sum(path.stat().st_size for path in run.path.rglob("*") if path.is_file()) - sum(sizes.values())
    return {f"bytes a request, {name}": size / requests for name, size in (sizes | {"other files": rest}).items()}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _made_up_k6(folder: Path, requests: int) -> K6Binary:
    path = folder / "k6"
    command = shlex.join([sys.executable, "-m", "benchmarks.k6_made", str(requests)])
    path.write_text(f'#!/bin/sh\ncd {shlex.quote(str(_ROOT))} && exec {command} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return K6Binary(path=path, version=(1, 8, 1))


@final
class _Stack:
    """Stands in for a stack, so that no time goes into sending spans."""

    name = "embedded"

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def logs(self) -> str:
        return ""

    def endpoints(self, vantage: Vantage = "host") -> Endpoints:
        return Endpoints(otlp_grpc="", otlp_http="")

    def feed(self) -> _Feed:
        return _Feed()

    def trace_url(self, trace_id: str, span_id: str | None = None) -> str | None:
        return None

    def viewer(self) -> str | None:
        return None


@final
class _Feed:
    """Two spans for each trace that k6 reported: the system's entry, and a database call below it."""

    tier: Tier = "stream"
    lag: Duration = ms(0)

    def __init__(self) -> None:
        self._batches: Iterator[pa.RecordBatch] = iter(())

    def expect(self, wanted: WantedTraces, settle: Duration) -> None:
        assert isinstance(wanted.trace_ids, IdSet)
        ids, begin = wanted.trace_ids, wanted.begin_ns
        chunks = range(0, len(ids), _TRACES_A_BATCH)
        self._batches = (_spans(ids[at : at + _TRACES_A_BATCH], begin) for at in chunks)

    def poll(self) -> Iterator[pa.RecordBatch]:
        return self._batches

    def losses(self) -> LossCounters:
        return LossCounters()

    def truncated(self) -> frozenset[bytes]:
        return frozenset()

    def close(self) -> None: ...


def _spans(traces: list[bytes], begin_ns: int) -> pa.RecordBatch:
    clients = [trace[8:] for trace in traces]  # as k6_made.py has it
    entries, calls = ([os.urandom(8) for _ in traces] for _ in range(2))
    half = len(traces)

    def both(entry: Any, call: Any) -> list[Any]:
        return [entry] * half + [call] * half

    columns: dict[str, Any] = {
        "trace_id": traces * 2,
        "span_id": entries + calls,
        "parent_span_id": clients + entries,
        "service": both("shop", "shop"),
        "name": both("GET /products/{id}", "SELECT products"),
        "kind": both("server", "client"),
        "start_ns": np.full(2 * half, begin_ns),
        "duration_ns": np.random.default_rng().integers(100_000, 4_000_000, 2 * half),
        "status": both("unset", "unset"),
        "attributes": both([("http.route", "/products/{id}")], [("db.system.name", "postgresql")]),
        "resource": both([("service.name", "shop")], [("service.name", "shop")]),
        "category": both("http_server", "db"),
        "db_system": both(None, "postgresql"),
        "db_operation": both(None, "SELECT"),
        "http_route": both("/products/{id}", None),
    }
    arrays = [
        pa.array(columns[field.name], field.type) if field.name in columns else pa.nulls(2 * half, field.type)
        for field in SCHEMA
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def main() -> None:
    """One load, for :func:`measure`."""
    with tempfile.TemporaryDirectory() as name:
        print(json.dumps(_run(int(sys.argv[1]), Path(name))))


if __name__ == "__main__":
    main()
