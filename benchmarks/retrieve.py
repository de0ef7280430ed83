"""A verdict on all spans of a run, and p95 of its requests, beside the ways of doing it by hand.

10,000 traces of nine spans each are in the receiver's spool and in Jaeger's memory. k6spec decodes, archives and
judges "no statement over 2 s"; by hand the same spans are fetched from Jaeger's API, by one search and by each
trace's id, and the longest is looked for. p95 is judged from the archive, and found by jq in k6's own JSON file of
as many requests. Needs the Jaeger of ``python -m tests.toolchain.build``, and jq.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

import httpx
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.judge_run import made_up
from k6spec import ms, seconds
from k6spec.collect.client_spans import client_spans
from k6spec.collect.counters import CounterWriter
from k6spec.collect.encode import encode
from k6spec.collect.gather import without_duplicates
from k6spec.collect.handshake import COUNTERS_NAME, SPOOL_NAME
from k6spec.collect.redact import RedactionRules, Redactor
from k6spec.collect.redacted_feed import RedactedFeed
from k6spec.collect.spool import SpoolWriter
from k6spec.collect.spool_feed import SpoolFeed
from k6spec.k6.binary import find_k6
from k6spec.query.database import Database
from k6spec.query.placement import place_spans
from k6spec.run import Run
from k6spec.store.archive import REQUESTS, SPANS, TRACES, RunFolder
from k6spec.store.requests import REQUESTS as REQUEST_SCHEMA
from k6spec.store.span_file import SpanFile
from k6spec.store.spans import SCHEMA
from tests.support.source_jaeger import RunningJaeger, running_jaeger

_ROUNDS: Final = 5
_TRACES: Final = 10_000
_SPANS_A_TRACE: Final = 9
_ASKED: Final = "SELECT shop"
_JQ: Final = """[inputs | select(.type == "Point" and .metric == "http_req_duration") | .data.value]
    | sort | .[(length * 0.95 | floor)]"""
_SCRIPT: Final = f"""import http from 'k6/http';
export const options = {{ vus: 20, iterations: {_TRACES} }};
export default () => {{ http.get(`${{__ENV.BASE_URL}}/products`); }};
"""
_P95: Final = """import sys
from pathlib import Path
from k6spec import ms
from k6spec.run import Run
from k6spec.store.archive import RunFolder
print(bool(Run(RunFolder(Path(sys.argv[1]))).http().duration.p95 < ms(60_000)))
"""


def measure() -> dict[str, float]:
    """Seconds, medians of five rounds of all ways in turn."""
    made, _ = made_up(_TRACES)
    with tempfile.TemporaryDirectory() as name, running_jaeger(max_traces=2 * _TRACES) as jaeger:
        folder = Path(name)
        messages = [export.message for export in _exports(made.path / SPANS)]
        jaeger.send(messages)
        _wait(jaeger)
        ids = {trace_id.hex() for trace_id in pq.read_table(made.path / REQUESTS)["trace_id"].to_pylist()}
        results = _k6_json(folder)
        rounds = []
        for number in range(_ROUNDS):
            rounds.append(
                {
                    "k6spec: spool to verdict on all spans, s": _timed(
                        _judge, made, folder / f"{number}", messages
                    ),
                    "Jaeger by search: the same spans, s": _timed(_search, jaeger),
                    "Jaeger by id: the same spans, s": _timed(_by_id, jaeger, ids),
                    "k6spec: p95 from the archive, s": _timed(_p95, made.path),
                    "k6spec: the same, as a process of its own, s": _timed(
                        _process, [sys.executable, "-c", _P95, made.path]
                    ),
                    "jq over k6's JSON file: p95, s": _timed(_process, ["jq", "-n", _JQ, results]),
                }
            )
        figures = {name: median(each[name] for each in rounds) for name in rounds[0]}
    whole = figures["k6spec: spool to verdict on all spans, s"]
    figures["by search : k6spec"] = figures["Jaeger by search: the same spans, s"] / whole
    figures["by id : k6spec"] = figures["Jaeger by id: the same spans, s"] / whole
    figures["jq : k6spec"] = figures["jq over k6's JSON file: p95, s"] / figures["k6spec: p95 from the archive, s"]
    return figures


def _timed(work: Any, *arguments: Any) -> float:
    begun = time.monotonic()
    work(*arguments)
    return time.monotonic() - begun


def _exports(path: Path) -> Iterator[Any]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=SCHEMA.names):
            received = batch.cast(SCHEMA)
            yield from encode(received.filter(pc.not_equal(received["service"], "k6")))


def _judge(made: RunFolder, path: Path, messages: list[bytes]) -> None:
    path.mkdir()
    for file in (made.path).iterdir():
        if file.name not in (SPANS, TRACES):
            shutil.copy(file, path)
    CounterWriter(path / COUNTERS_NAME)
    spool = SpoolWriter(path / SPOOL_NAME, unread=sys.maxsize)
    feed = RedactedFeed(SpoolFeed(path, check=lambda: None), Redactor(RedactionRules()))
    for message in messages:
        spool.append(message)
    requests = pq.read_table(path / REQUESTS, schema=REQUEST_SCHEMA)
    with SpanFile(path / SPANS) as file:
        for batch in client_spans(requests):
            file.write(batch)
        for batch in feed.poll():
            file.write(batch)
    assert without_duplicates(path / SPANS) == 0
    place_spans(path)
    database = Database(path)
    database.write_traces()
    database.close()
    verdict = Run(RunFolder(path)).spans(_ASKED).duration.max <= seconds(2)
    assert verdict.outcome in {"passed", "failed"}, verdict.evidence


def _search(jaeger: RunningJaeger) -> None:
    answer = httpx.get(_query(jaeger), trust_env=False, timeout=120).json()
    assert _longest(answer["data"]) == _TRACES * _SPANS_A_TRACE


def _by_id(jaeger: RunningJaeger, ids: set[str]) -> None:
    found = 0
    with httpx.Client(base_url=jaeger.url, trust_env=False, timeout=30) as client:
        for trace_id in ids:
            found += _longest(client.get(f"/api/traces/{trace_id}").json()["data"])
    assert found == _TRACES * _SPANS_A_TRACE, found


def _longest(traces: list[dict[str, Any]]) -> int:
    """Looks for the longest span of the name asked for, and gives how many spans there were."""
    spans = [span for trace in traces for span in trace["spans"]]
    max((span["duration"] for span in spans if span["operationName"] == _ASKED), default=0)
    return len(spans)


def _query(jaeger: RunningJaeger) -> str:
    end = 2_000_000_000_000_000
    return f"{jaeger.url}/api/traces?service=orders&limit={2 * _TRACES}&start=0&end={end}"


def _wait(jaeger: RunningJaeger) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        traces = httpx.get(_query(jaeger), trust_env=False, timeout=120).json()["data"]
        if sum(len(trace["spans"]) for trace in traces) == _TRACES * _SPANS_A_TRACE:
            return
        time.sleep(1)
    raise TimeoutError("Jaeger does not show all traces")


def _p95(path: Path) -> None:
    assert Run(RunFolder(path)).http().duration.p95 < ms(60_000)


def _process(argv: list[Any]) -> None:
    subprocess.run(argv, check=True, capture_output=True)


def _k6_json(folder: Path) -> Path:
    """What k6 writes of as many requests with ``--out json``."""
    script, results = folder / "load.js", folder / "results.json"
    script.write_text(_SCRIPT)
    with _server() as url:
        argv = [find_k6(None).path, "run", "--quiet", "--address=", f"--out=json={results}", script]
        subprocess.run(argv, env={**os.environ, "BASE_URL": url}, check=True, capture_output=True)
    return results


@contextmanager
def _server() -> Iterator[str]:
    argv = [sys.executable, Path(__file__).with_name("traced_server.py")]
    env = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env=env) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.terminate()
