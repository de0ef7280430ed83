"""What k6spec costs the generator, against the same k6 with JSON output to a file and a traceparent made by hand.

Three peers: ids of its own for each request, in the request's metadata (the one that issue 7 compares); the same
ids as a tag, as the article does it; and one fixed header, with which nothing can be joined. Each runs as people
run k6, and once more with the garbage collector as k6spec sets it.

k6 has the first core for itself; the server, and k6spec's reading of the output, have the others. So the rate is
what one core of k6 does, and k6's CPU is told apart from k6spec's. Measures the k6 that k6spec finds and those
that K6SPEC_TEST_K6 names.
"""

from __future__ import annotations

import os
import resource
import shlex
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.answering import answering
from benchmarks.k6_scripts import AS_A_TAG, BY_HAND, FIXED, NO_CONTEXT, SECONDS, VUS
from k6spec.declare.load import declare_load
from k6spec.declare.profiles import constant_vus
from k6spec.declare.scenario import Scenario
from k6spec.k6.binary import K6Binary, find_k6
from k6spec.k6.memory import collector_settings
from k6spec.k6.runner import run_k6
from k6spec.script.compiler import compile_load

_ROUNDS: Final = 5
_K6SPEC: Final = "k6spec"
_PEERS: Final = {"by hand": BY_HAND, "as a tag": AS_A_TAG, "fixed": FIXED}
_SAME_COLLECTOR: Final = ", GOGC=400"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ran:
    """A run's requests a second, and microseconds of CPU a request: k6's, and k6spec's own."""

    rate: float
    k6: float
    own: float


def measure() -> dict[str, float]:
    """Medians of five rounds, in each of which everything runs once, and medians of the rounds' ratios."""
    cores = sorted(os.sched_getaffinity(0))
    others = set(cores[1:]) or set(cores)
    os.sched_setaffinity(0, others)
    figures: dict[str, float] = {}
    with answering(others) as url:
        for setting in [None, *filter(None, os.environ.get("K6SPEC_TEST_K6", "").split(os.pathsep))]:
            binary = find_k6(setting)
            rounds = [dict(_round(binary, url, cores[0])) for _ in range(_ROUNDS)]
            figures |= _figures(".".join(map(str, binary.version)), rounds)
    return figures


def _round(binary: K6Binary, url: str, core: int) -> Iterator[tuple[str, _Ran]]:
    with tempfile.TemporaryDirectory() as name:
        pinned = _pinned(binary, core, Path(name))
        yield _K6SPEC, _under_k6spec(pinned, url)
        for peer, script in _PEERS.items():
            yield peer, _alone(pinned, script, {"BASE_URL": url})
            settings = {"BASE_URL": url, **collector_settings({})}
            yield peer + _SAME_COLLECTOR, _alone(pinned, script, settings)


def _figures(version: str, rounds: list[dict[str, _Ran]]) -> dict[str, float]:
    figures = {}
    for who in rounds[0]:
        ran = [each[who] for each in rounds]
        figures[f"k6 {version}, {who}, requests/s"] = median(each.rate for each in ran)
        figures[f"k6 {version}, {who}, µs of k6's CPU a request"] = median(each.k6 for each in ran)
    figures[f"k6 {version}, k6spec, µs of its own CPU a request"] = median(each[_K6SPEC].own for each in rounds)
    for who in rounds[0]:
        if who != _K6SPEC:
            ours = f"k6 {version}, k6spec : {who}"
            figures[f"{ours}, rate"] = median(each[_K6SPEC].rate / each[who].rate for each in rounds)
            figures[f"{ours}, k6's CPU"] = median(each[_K6SPEC].k6 / each[who].k6 for each in rounds)
    return figures


def _pinned(binary: K6Binary, core: int, folder: Path) -> K6Binary:
    """The same k6, on one core."""
    path = folder / "k6"
    path.write_text(f'#!/bin/sh\nexec taskset -c {core} {shlex.quote(str(binary.path))} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return replace(binary, path=path)


def _alone(binary: K6Binary, script: str, env: Mapping[str, str]) -> _Ran:
    with _script(script) as path:
        output = path.with_name("out.json")
        with _clock() as used:
            subprocess.run(
                [binary.path, "run", "--quiet", "--no-usage-report", "--address=", f"--out=json={output}", path],
                env={**os.environ, **env},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=True,
            )
        with output.open("rb") as lines:
            count = sum(line.startswith(b'{"metric":"http_reqs","type":"P') for line in lines)
    return used.ran(count)


def _under_k6spec(binary: K6Binary, url: str) -> _Ran:
    with _script(NO_CONTEXT) as path:
        load = declare_load(Scenario.script(path), constant_vus(VUS, f"{SECONDS}s"))
        folder = path.parent
        compiled = compile_load(load, run_key=b"\0\0\0\1", base_url=url, out=folder / "script")
        with _clock() as used:
            result = run_k6(binary, compiled, load, folder=folder, env=os.environ)
    return used.ran(result.requests)


@contextmanager
def _script(text: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "bench.js"
        path.write_text(text, encoding="utf-8")
        yield path


class _Used:
    """CPU seconds: of children that have ended, and of this process."""

    children = own = 0.0

    def ran(self, requests: int) -> _Ran:
        return _Ran(rate=requests / SECONDS, k6=self.children * 1e6 / requests, own=self.own * 1e6 / requests)


@contextmanager
def _clock() -> Iterator[_Used]:
    used = _Used()
    children, own = _children(), time.process_time()
    yield used
    used.children, used.own = _children() - children, time.process_time() - own


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
