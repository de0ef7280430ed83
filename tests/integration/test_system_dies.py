"""A system that dies under load is a finding of the load: its requests failed, and the run is judged."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from tests.integration.conftest import SHOP, SPEC, Project, eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")

FEW_FAIL = """

def test_few_fail(run: Run) -> None:
    assert run.http().failed.rate < percent(1)
"""


def test_a_system_that_is_killed_in_the_middle_fails_claims_and_is_no_error(project: Project) -> None:
    project.write(SPEC + FEW_FAIL, conftest=SHOP)
    project.env["LENGTH"] = "8s"
    process = project.start()
    assert eventually(lambda: any(project.runs.glob("*/requests.generated.parquet")), within=60), process.kill()

    def shop() -> list[int]:
        return [
            pid for pid, argv in project.processes().items() if "demo" in argv and "_guard.py" not in str(argv)
        ]

    assert eventually(shop, within=20), process.kill()
    time.sleep(2)  # some requests are answered
    for pid in shop():
        os.kill(pid, signal.SIGKILL)
    said, _ = process.communicate(timeout=100)

    assert "1 failed, 1 passed" in said, said
    assert "Traceback" not in said
    (info,) = project.infos()
    assert info["status"] == "complete"
    assert "died" in info["sut_after_load"] or "ended" in info["sut_after_load"], info["sut_after_load"]
    assert project.processes() == {}
