"""A k6 that somebody built with extensions, under a name of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from k6spec.declare.load import declare_load
from k6spec.declare.profiles import per_vu_iterations
from k6spec.declare.scenario import Scenario
from k6spec.k6.binary import find_k6
from tests.k6.echo_server import echo_server
from tests.k6.real_runs import Runner
from tests.support.stacks import missing
from tests.toolchain.build import folder

SCRIPT = """
import http from 'k6/http';
import twice from 'k6/x/twice';
export default function () { http.get(`${__ENV.BASE_URL}/${twice.of(21)}`); }
"""


@pytest.fixture(params=["k6", "k6v2"])
def custom(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    built = folder(request.param) / request.param
    if not built.exists():
        missing("there is no k6 with an extension: python -m tests.toolchain.build")
    return Path(shutil.copy(built, tmp_path / "k6-with-twice"))


def test_its_extensions_work_and_its_requests_have_context(custom: Path, tmp_path: Path) -> None:
    script = tmp_path / "user.js"
    script.write_text(SCRIPT)
    with echo_server() as server:
        runner = Runner(server=server, folder=tmp_path, binary=find_k6(str(custom)))

        ran = runner.run(declare_load(Scenario.script(script), per_vu_iterations(1, 2)))

    assert [row["operation"] for row in ran.requests] == ["GET /42", "GET /42"]
    assert all(row["trace_id"] is not None for row in ran.requests)
