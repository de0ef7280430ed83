"""Ten typical claims over runs of one, three and ten million spans: seconds, and memory of the judging process.

Each run is judged several times, each time by a process of its own, which opens the archive and makes all ten
claims; the start of Python and its imports is told apart. What a failing claim's message takes is measured too.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

REPEATS = int(os.environ.get("REPEATS", "3"))
_MILLIONS = (1, 3, 10)


def claims(run: Any) -> dict[str, Any]:
    """The claims, by what they are about; each is judged when it is called."""
    from k6spec import attr, ms, percent, seconds, span

    spans = run.spans
    return {
        "p95 of requests": lambda: run.http("POST /checkout").duration.p95 < ms(400),
        "failed requests": lambda: run.http().failed.rate < percent(1),
        "longest db span under 50 VUs": lambda: spans.db().during(vus=50).duration.max <= seconds(2),
        "share of db spans over 200 ms": lambda: spans.db().over(ms(200)).rate <= percent(1),
        "errors": lambda: spans(status="error").count <= 0,
        "db calls a trace": lambda: run.traces(root="POST /checkout").calls(db=True).max <= 12,
        "repeated calls": lambda: run.traces().repeated(db=True).max <= 12,
        "structure: db below stock": lambda: (
            spans(span.db()).under(span(service="stock", kind="server")).duration.p95 < ms(400)
        ),
        "numeric attribute": lambda: spans(attr("rows") > 1000).count <= 0,
        "time on the critical path": lambda: spans(service="stock").critical_path.p95 < ms(400),
    }


def measure() -> dict[str, float]:
    """Medians of several judgements of each run."""
    from benchmarks.judge_run import SPANS_A_TRACE, made_up

    figures: dict[str, float] = {}
    for millions in _MILLIONS:
        folder, archived = made_up(millions * 1_000_000 // SPANS_A_TRACE)
        judged = [_judged(folder.path) for _ in range(REPEATS)]
        if millions == _MILLIONS[-1]:
            for name in judged[0]["seconds"]:
                figures[f"{name}, s"] = statistics.median(one["seconds"][name] for one in judged)
        size = f"{millions} million spans"
        for name in ("all", "cpu", "mib", "message"):
            figures[f"{_NAMES[name]}, {size}"] = statistics.median(one[name] for one in judged)
        figures[f"placing and writing the archive, s, {size}"] = archived
    figures["imports before, s"] = statistics.median(one["imports"] for one in judged)
    return figures


_NAMES = {
    "all": "opening and all ten, s",
    "cpu": "CPU of it, s",
    "mib": "peak memory, MiB",
    "message": "message of a failing claim, s",
}


def _judged(path: Path) -> dict[str, Any]:
    """In a process of its own, whose memory is that of judging alone."""
    answer = subprocess.run([sys.executable, "-m", "benchmarks.judge", str(path)], capture_output=True, check=True)
    figures: dict[str, Any] = json.loads(answer.stdout)
    return figures


def _peak_mib() -> float:
    """Of this program alone: what getrusage says takes in its parent's, as it was when it was started."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _main(path: Path) -> None:
    begun = time.monotonic()
    from k6spec import ms
    from k6spec.report.failure import failure_message
    from k6spec.report.links import Links
    from k6spec.run import Run
    from k6spec.store.archive import RunFolder

    opened, cpu = time.monotonic(), time.process_time()
    run = Run(RunFolder(path))
    taken = {}
    for name, claim in claims(run).items():
        at = time.monotonic()
        verdict = claim()
        taken[name] = time.monotonic() - at
        assert verdict.outcome in {"passed", "failed"}, (verdict.headline, verdict.evidence.reason)
    figures = {
        "imports": opened - begun,
        "seconds": taken,
        "all": time.monotonic() - opened,
        "cpu": time.process_time() - cpu,
        "mib": _peak_mib(),
    }
    failing = run.spans.db().duration.max <= ms(1)
    at = time.monotonic()
    failure_message(run, failing, Links(root=path))
    figures["message"] = time.monotonic() - at
    print(json.dumps(figures))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
