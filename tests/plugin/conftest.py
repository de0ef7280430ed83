"""Specs in a folder of their own, judged on archived runs or on a real, short load."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import httpcore  # noqa: F401  as below
import hypothesis  # noqa: F401  as below
import pytest

import k6spec.pytest_plugin.collecting
import k6spec.pytest_plugin.session  # noqa: F401  pytester forgets what its runs import: so they find it loaded
from k6spec import Load, Scenario, constant_vus, flow
from k6spec.declare.load import declare_load
from tests.support.runs import Request, db, entry, make_run
from tests.support.server import CountingServer, counting_server

HEAD = """
import pytest
import k6spec
from k6spec import Run, Scenario, constant_vus, shared_iterations, flow, ms, percent

buy = Scenario.http(flow.get("/checkout"), name="buy")
pytestmark = k6spec.load(buy, constant_vus(5, "1s"))
"""


def declared() -> Load:
    """The load that :data:`HEAD` declares."""
    return declare_load(Scenario.http(flow.get("/checkout"), name="buy"), constant_vus(5, "1s"))


def healthy(count: int = 50) -> list[Request]:
    """Checkouts with a database span of 5 ms."""
    return [Request(name="GET /checkout", spans=[entry("GET /checkout"), db()]) for _ in range(count)]


class Specs:
    """Writes specs and archives, and runs pytest on them as a user would."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.runs = pytester.path / ".k6spec" / "runs"

    def write(self, body: str, *, head: str = HEAD, **conftest: str) -> None:
        """A spec module, and conftest.py if given."""
        self.pytester.makepyfile(test_spec=head + body)
        if conftest:
            self.pytester.makeconftest(conftest["conftest"])

    def archive(
        self,
        requests: Sequence[Request] | None = None,
        *,
        load: Load | None = None,
        fixtures: Sequence[str] = (),
        session: str = "session-1",
        number: int = 1,
        thresholds: Sequence[dict[str, object]] = (),
    ) -> Path:
        """An archived run of the declared load."""
        path = self.runs / f"2026-11-01T00-00-{number:02d}-0000000{number}"
        make_run(
            path,
            healthy() if requests is None else requests,
            load=load or declared(),
            fixtures=fixtures,
            session=session,
            thresholds=thresholds,
        )
        return path

    def replay(self, *options: str) -> pytest.RunResult:
        """``pytest --k6spec-replay last``."""
        return self.run("--k6spec-replay", "last", *options)

    def run(self, *options: str) -> pytest.RunResult:
        """``pytest`` without the plugins that only shuffle."""
        return self.pytester.runpytest_inprocess("-p", "no:randomly", *options)


@pytest.fixture
def specs(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Specs:
    """An empty project."""
    for name in ("CI", "K6SPEC_ENV", "K6SPEC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("K6SPEC_STACK", "embedded")
    monkeypatch.setenv("COLUMNS", "200")
    return Specs(pytester)


@pytest.fixture
def server() -> Iterator[CountingServer]:
    """A real system to load; it has no instrumentation."""
    with counting_server() as running:
        yield running


@pytest.fixture
def live(specs: Specs, server: CountingServer, monkeypatch: pytest.MonkeyPatch) -> Specs:
    """A project whose loads run for real, against ``server``."""
    monkeypatch.setenv("K6SPEC_BASE_URL", server.url)
    monkeypatch.setenv("K6SPEC_SETTLE", "100ms")
    return specs
