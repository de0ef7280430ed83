"""The how-tos about systems, followed to the letter: real instrumented programs under a short load of real k6."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.howto import prepared
from tests.howto.pages import files_of
from tests.integration.conftest import Ended, Project, project

__all__ = ["project"]
PREPARED: dict[str, Callable[[], Path]] = {"go": prepared.go, "node": prepared.node, "java": prepared.java}


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def database() -> Iterator[int]:
    """The port of a PostgreSQL that holds the table of products."""
    port = free_port()
    argv = ["node", "postgres.mjs", str(port)]
    with subprocess.Popen(argv, cwd=prepared.node(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        yield port
        process.terminate()


def follow(project: Project, page: str, *, conftest: Callable[[str], str] = str) -> Ended:
    """Writes the files of a page and runs the spec of all systems; ``conftest`` changes specs/conftest.py."""
    files = {**files_of("index"), **files_of(page)}
    files["specs/conftest.py"] = conftest(files["specs/conftest.py"].replace("8123", str(free_port())))
    for name, text in files.items():
        path = project.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    if page in PREPARED:
        for made in PREPARED[page]().iterdir():
            if made.name == "node_modules":
                (project.root / made.name).symlink_to(made)
            elif made.name not in files:
                shutil.copy(made, project.root)
    project.env["PATH"] = f"{Path(sys.executable).parent}:{project.env['PATH']}"
    return project.run("specs", timeout=300)


def judged(project: Project, ended: Ended) -> None:
    """All claims hold, and the spans of the system were joined to every request."""
    assert "4 passed" in ended.text, ended.text
    (info,) = project.infos()
    ledger = info["ledger"]
    assert ledger["tier"] == "stream"
    assert ledger["requests_sent"] == ledger["traces_complete"] >= 20
    assert ledger["spans_dropped"] == 0


@pytest.mark.parametrize("page", ["flask", "fastapi", "go", "java"])
def test_a_system_is_judged_by_its_spans(project: Project, page: str) -> None:
    judged(project, follow(project, page))


def test_a_node_system_is_judged_by_its_spans(project: Project, database: int) -> None:
    judged(project, follow(project, "node", conftest=lambda text: text.replace("5432", str(database))))


def test_a_system_that_exports_over_http_is_given_that_address(project: Project) -> None:
    http = '"OTEL_SERVICE_NAME": "shop", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"'

    ended = follow(project, "flask", conftest=lambda text: text.replace('"OTEL_SERVICE_NAME": "shop"', http))

    judged(project, ended)


def test_an_endpoint_of_the_shell_does_not_lead_its_spans_elsewhere(project: Project) -> None:
    project.env |= {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"}

    judged(project, follow(project, "flask"))


def test_where_no_span_comes_the_systems_log_says_why(project: Project) -> None:
    nowhere = '"OTEL_SERVICE_NAME": "shop", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"'

    ended = follow(project, "flask", conftest=lambda text: text.replace('"OTEL_SERVICE_NAME": "shop"', nowhere))

    assert "2 failed, 2 passed" in ended.text, ended.text
    assert "The system's log says:" in ended.text
    assert any("127.0.0.1:1" in line for line in ended.lines("      | ")), ended.text


def test_an_agent_that_does_not_start_is_told_of(project: Project) -> None:
    ended = follow(project, "java", conftest=lambda text: text.replace('"Shop"', '"Shop.java"'))

    assert ended.lines("| JDK tool detected"), ended.text
