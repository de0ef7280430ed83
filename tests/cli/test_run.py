"""k6spec run: pytest, with exit codes that a script can tell apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugin.conftest import HEAD, declared, healthy
from tests.support.command import k6spec
from tests.support.runs import make_run

HOLDS = "def test_holds(run):\n    assert run.http().duration.p95 < ms(400)\n"
FAILS = "def test_fails(run):\n    assert run.http().duration.p95 < ms(1)\n"
OPEN = "def test_open(run):\n    assert run.spans(service='order').duration.p95 < ms(1)\n"
FAULTY = """
other = Scenario.http(flow.get("/other"), name="other")
@k6spec.load(other, constant_vus(5, "1s"))
def test_faulty(run):
    assert run.http().duration.p95 < ms(400)
"""
BROKEN = "def test_broken():\n    raise RuntimeError('a crash')\n"


@pytest.mark.parametrize(
    ("tests", "code"),
    [
        (HOLDS, 0),
        (HOLDS + FAILS, 1),
        (HOLDS + BROKEN, 1),
        (FAILS + OPEN + FAULTY, 1),
        (HOLDS + OPEN, 6),
        (HOLDS + FAULTY, 7),
        (OPEN + FAULTY, 7),
        ("", 5),
    ],
    ids=["held", "failed", "crashed", "all at once", "inconclusive", "fault", "fault, inconclusive", "no tests"],
)
def test_exit_codes(tmp_path: Path, tests: str, code: int) -> None:
    make_run(tmp_path / ".k6spec/runs/2026-11-01T00-00-00-0000aaaa", healthy(), load=declared())
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs/test_spec.py").write_text(HEAD + tests)

    result = k6spec("run", "--replay", "last", cwd=tmp_path)

    assert result.returncode == code, result.stdout


def test_options_of_pytest_are_passed_on(tmp_path: Path) -> None:
    make_run(tmp_path / ".k6spec/runs/2026-11-01T00-00-00-0000aaaa", healthy(), load=declared())
    (tmp_path / "test_spec.py").write_text(HEAD + HOLDS + FAILS)

    result = k6spec("run", "test_spec.py", "-k", "holds", "-v", "--replay=last", cwd=tmp_path)

    assert result.returncode == 0
    assert "test_spec.py::test_holds PASSED" in result.stdout


def test_wrong_usage_keeps_pytests_code(tmp_path: Path) -> None:
    assert k6spec("run", "absent", cwd=tmp_path).returncode == 4
