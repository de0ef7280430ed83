"""The page about Tempo, followed: a system that runs already, its traces in Tempo, a load and its verdicts.

Not the real Tempo, which may not be built here (docs/how-to/tempo.md): answers made after its source, see
tests/support/source_tempo.py. The system, its exporter, the load and k6spec are real.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from k6spec.stack.ports import free_ports
from k6spec.stack.program import Program
from k6spec.stack.wait import HttpReady
from tests.howto.pages import files_of
from tests.integration.conftest import Project, project
from tests.support.answering import Answer, Asked, answering
from tests.support.command import k6spec
from tests.support.source_tempo import TENANT, Tempo, tempo

__all__ = ["project"]
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def backend() -> Iterator[Tempo]:
    with tempo() as running:
        yield running


@pytest.fixture
def shop(backend: Tempo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the Flask system, which sends its spans to Tempo's OTLP port."""

    def take(asked: Asked) -> Answer:
        backend.take(asked.body)
        return Answer(kind="application/x-protobuf")

    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.py").write_text(files_of("flask")["shop.py"])
    (port,) = free_ports([0])
    bin_ = Path(sys.executable).parent
    served = [f"--chdir={folder}", f"--bind=127.0.0.1:{port}", "shop:app"]
    argv = [f"{bin_}/opentelemetry-instrument", f"{bin_}/gunicorn", *served]
    with answering(take) as otlp:
        env = {
            "OTEL_SERVICE_NAME": "shop",
            "OTEL_EXPORTER_OTLP_ENDPOINT": otlp,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
            "OTEL_BSP_SCHEDULE_DELAY": "500",
        }
        program = Program(argv, env=env)
        try:
            program.wait_until(HttpReady(f"http://127.0.0.1:{port}/healthz"), timeout=60)
            yield f"http://127.0.0.1:{port}"
        finally:
            program.stop()


def follow(project: Project, backend: Tempo, shop: str, **source: str) -> None:
    """Writes the page's settings, with these of the source besides, and the spec of all systems."""
    settings = files_of("tempo")["pyproject.toml"]
    settings = settings.replace("http://127.0.0.1:8000", shop).replace("http://127.0.0.1:3200", backend.url)
    settings += "".join(f'{name} = "{value}"\n' for name, value in source.items())
    (project.root / "pyproject.toml").write_text(settings)
    (project.root / "specs").mkdir()
    (project.root / "specs/test_shop.py").write_text(files_of("index")["specs/test_shop.py"])
    del project.env["K6SPEC_STACK"]
    project.env["K6SPEC_SETTLE"] = "1s"  # the system exports twice a second


def test_doctor_says_that_the_tenant_is_missing(project: Project, backend: Tempo) -> None:
    follow(project, backend, "http://127.0.0.1:8000")

    said = k6spec("doctor", cwd=project.root)

    assert said.returncode != 0
    assert "401: no org id" in said.stdout
    assert "tenant" in said.stdout


def test_claims_are_judged_by_traces_that_tempo_shows_late(project: Project, backend: Tempo, shop: str) -> None:
    follow(project, backend, shop, tenant=TENANT, lag="6s")
    backend.delay = 4

    ended = project.run("specs", timeout=200)

    assert "4 passed" in ended.text, ended.text
    assert "stack: external\n" in ended.text, ended.text
    assert "evidence (by-id)" in ended.text, ended.text
    (info,) = project.infos()
    assert info["ledger"]["requests_sent"] == info["ledger"]["traces_complete"] >= 20
