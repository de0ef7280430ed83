"""What type checkers say of specs: units are types. mypy and pyright find the same mistakes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HEAD = "from k6spec import Run, limit, ms, percent, seconds, span\n\ndef spec(run: Run) -> None:\n"
RIGHT = """\
    assert run.http().duration.p95 < ms(400)
    assert run.http().duration.p95 < limit("checkout_p95", ms(400))
    assert run.http().failed.rate <= percent(1)
    assert run.http().duration.p99.sure(0.95) < seconds(1)
    assert run.traces().calls(db=True).max <= 12
    assert run.traces(root="POST /checkout").having(span("charge"), exactly=1).rate >= percent(99.9)
    assert ms(1) < run.spans.db().during(vus=50).duration.max < ms(200)
    assert run.http("POST /checkout").duration.p95 <= 1.5 * run.http("GET /products").duration.p95
    assert run.spans(span.db() & ~span(service="orders")).count <= 0
    assert run.metric("basket_size").p95 <= 12
    run.expect(run.http().rate >= 40, run.spans.db().over(ms(200)).rate <= percent(0.1))
"""
WRONG = """\
    assert run.http().duration.p95 < 400
    assert run.http().duration.p95 < percent(1)
    assert run.http().duration.p95 < "400ms"
    assert run.http().failed.rate <= 0.01
    assert run.http().rate >= percent(40)
    assert run.traces().calls(db=True).max <= ms(1)
    assert run.http().duration.p95 <= 1.5 * run.http().failed.rate
    assert run.http().duration.p95 < run.http().failed.rate
    assert run.http().duration.p95 < limit("checkout_p95", percent(1))
    run.expect(run.http().duration.p95)
    run.expect(run.http().duration.p95, ms(400))
    run.http().duration.p59
    run.htpp()
    run.spans(servce="orders")
    run.spans.db().during(vu=50)
    run.spans(longer_than=200)
    run.http().over(200)
    run.traces().having(span.db(), most=3)
    ms("400")
"""


def mypy(spec: Path) -> set[int]:
    """The lines in which ``mypy --strict`` finds an error."""
    options = ["--strict", "--config-file=", f"--cache-dir={spec.parent}"]
    said = _said([sys.executable, "-m", "mypy", *options, str(spec)])
    return {int(line.split(":")[1]) for line in said.splitlines() if line.startswith(f"{spec}:")}


def pyright(spec: Path, mode: str = "strict") -> set[int]:
    """The lines in which pyright finds an error in this mode, but for those of expressions that nothing uses."""
    settings = {"typeCheckingMode": mode, "include": [str(spec)], "reportUnusedExpression": False}
    settings |= {"reportMissingTypeStubs": False, "venvPath": "", "pythonVersion": "3.11"}
    project = spec.with_name("pyrightconfig.json")
    project.write_text(json.dumps(settings))
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", sys.executable]
    found = json.loads(_said([*command, "--project", str(project)]))["generalDiagnostics"]
    return {error["range"]["start"]["line"] + 1 for error in found if error["severity"] == "error"}


def _said(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=900).stdout


def errors(body: str, checker: Callable[[Path], set[int]], folder: Path) -> set[int]:
    """The lines of the body, from 1, in which it finds an error: what the head imports need not be used."""
    spec = folder / "spec.py"
    spec.write_text(HEAD + body)
    return {line - HEAD.count("\n") for line in checker(spec) if line > HEAD.count("\n")}


@pytest.mark.parametrize("checker", [mypy, pyright])
class TestCheckers:
    """Each on a spec of its own."""

    def test_accepts_right_units(self, checker: Callable[[Path], set[int]], tmp_path: Path) -> None:
        assert errors(RIGHT, checker, tmp_path) == set()

    def test_finds_each_mistake(self, checker: Callable[[Path], set[int]], tmp_path: Path) -> None:
        lines = WRONG.splitlines()

        found = errors(WRONG, checker, tmp_path)

        assert [line for number, line in enumerate(lines, 1) if number not in found] == []

    def test_equality_is_impossible(self, checker: Callable[[Path], set[int]], tmp_path: Path) -> None:
        body = """\
    assert run.http().duration.p95 == ms(400)
    assert run.http().duration.p95 != ms(400)
    assert all([run.http().failed.rate == percent(1)])
    assert run.http().duration.p95.in_every("1s") == ms(400)
    assert run.http().duration.p95.scaling.exponent == 1
"""
        assert errors(body, checker, tmp_path) == {1, 2, 3, 4, 5}


def test_equality_is_no_condition_in_pyrights_basic_mode_either(tmp_path: Path) -> None:
    def basic(spec: Path) -> set[int]:
        return pyright(spec, mode="basic")

    assert errors("    assert run.http().duration.p95 == ms(400)\n", basic, tmp_path) == {1}
