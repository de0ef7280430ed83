"""Fixtures of tests that run real k6."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.k6.echo_server import echo_server
from tests.k6.real_runs import Runner, every_k6, k6_id, runner


@pytest.fixture(params=every_k6(), ids=k6_id)
def k6(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Runner]:
    """Runs loads with each k6 to test, against a server of the test's own."""
    with echo_server() as server:
        yield runner(server, tmp_path, request.param)
