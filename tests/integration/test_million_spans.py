"""A run of a million spans, from what was received to the message of a claim that fails, in bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

_MOST_MIB = 2048

_ARCHIVE = """
from benchmarks.judge_run import make
make(path, 100_000)
figures = {}
"""
_JUDGE = """
from k6spec import ms, percent, span
from k6spec.report.failure import failure_message
from k6spec.report.links import Links
from k6spec.run import Run
from k6spec.store.archive import RunFolder

run = Run(RunFolder(path))
holding = [
    run.http().failed.rate < percent(1),
    run.traces().calls(db=True).max <= 6,
    run.spans(span.db()).under(span(service="stock", kind="server")).count <= 200_000,
    run.spans(service="stock").critical_path.p95 < ms(400),
]
failing = run.spans.db().duration.max <= ms(1)
message = failure_message(run, failing, Links(root=path))
figures = {
    "outcomes": [verdict.outcome for verdict in holding],
    "failing": failing.outcome,
    "ledger": run.ledger.spans_received,
    "spans": run.sql("SELECT count(*) AS n FROM spans")["n"][0].as_py(),
    "complete": run.sql("SELECT count(*) AS n FROM traces WHERE complete")["n"][0].as_py(),
    "message": str(message),
}
"""
_REPORT = """
import json, resource
print(json.dumps(figures | {"mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs") / "2026-11-01T00-00-00-00000001"


def alone(path: Path, code: str) -> dict[str, Any]:
    """Runs the code in a process of its own, whose memory is that of the code alone."""
    whole = f"from pathlib import Path\npath = Path({str(path)!r})\n{code}{_REPORT}"
    root = Path(__file__).parents[2]
    answer = subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True, cwd=root, check=False)
    assert answer.returncode == 0, answer.stderr
    figures: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return figures


def test_a_million_spans_are_archived_judged_and_explained_in_bounded_memory(path: Path) -> None:
    archived = alone(path, _ARCHIVE)
    judged = alone(path, _JUDGE)

    assert judged["spans"] == 1_000_000
    assert judged["complete"] == 100_000
    assert judged["outcomes"] == ["passed"] * 4
    assert judged["failing"] == "failed"
    assert "db spans" in judged["message"]
    assert max(archived["mib"], judged["mib"]) < _MOST_MIB
