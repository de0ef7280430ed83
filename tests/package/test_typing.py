"""What type checkers say of specs: units are types."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAD = "from k6spec import Run, limit, ms, percent\n\ndef spec(run: Run) -> None:\n"
RIGHT = """\
    assert run.http().duration.p95 < ms(400)
    assert run.http().duration.p95 < limit("checkout_p95", ms(400))
    assert run.http().failed.rate <= percent(1)
    assert run.traces().calls(db=True).max <= 12
    assert ms(1) < run.spans.db().during(vus=50).duration.max < ms(200)
    run.expect(run.http().rate >= 40)
"""
WRONG = """\
    assert run.http().duration.p95 < 400
    assert run.http().duration.p95 < percent(1)
    assert run.http().failed.rate <= 0.01
    assert run.traces().calls(db=True).max <= ms(1)
    run.expect(run.http().duration.p95)
    run.http().duration.p59
"""


def errors(body: str, tmp_path: Path) -> list[int]:
    """The lines of the body, from 1, in which mypy --strict finds an error."""
    spec = tmp_path / "spec.py"
    spec.write_text(HEAD + body)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}", str(spec)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    lines = {int(line.split(":")[1]) for line in result.stdout.splitlines() if line.startswith(str(spec))}
    return sorted(line - HEAD.count("\n") for line in lines)


def test_right_units_are_accepted(tmp_path: Path) -> None:
    assert errors(RIGHT, tmp_path) == []


def test_each_wrong_unit_or_name_is_an_error(tmp_path: Path) -> None:
    assert errors(WRONG, tmp_path) == [1, 2, 3, 4, 5, 6]
