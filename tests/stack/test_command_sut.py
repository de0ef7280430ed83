"""A system that a command starts: it is that system that is loaded, and mistakes are said where they are made."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from k6spec.errors import SutFault, UsageError
from k6spec.stack.base import StackBackend
from k6spec.stack.compose_sut import ComposeSut
from k6spec.stack.docker.container_sut import ContainerSut
from k6spec.stack.ports import free_ports
from k6spec.stack.sut import AddressSut, CommandSut
from tests.support.serving import LoopbackServer, QuietHandler, serving
from tests.support.stacks import make_stack

TALKATIVE = """
import http.server, json
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
print({"level": "info"}, flush=True)
print(json.dumps({"level": "info", "url": "/metrics"}), flush=True)
print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}), flush=True)
print(json.dumps({"level": "info", "msg": "listening"}), flush=True)
server.serve_forever()
"""


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[StackBackend]:
    made: StackBackend = make_stack("embedded", tmp_path)
    made.start()
    yield made
    made.stop()


class Ready(QuietHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


def test_what_answers_at_its_address_before_it_is_started_is_not_loaded_in_its_place(stack: StackBackend) -> None:
    with serving(LoopbackServer(Ready)) as other:
        sut = CommandSut([sys.executable, "-c", "import time; time.sleep(60)"], base_url=other.url)
        with pytest.raises(SutFault, match="it would be loaded in its place"):
            sut.start(stack)
    assert sut.logs() == ""


def test_its_address_is_found_among_other_lines_of_json(stack: StackBackend, tmp_path: Path) -> None:
    sut = CommandSut([sys.executable, "-c", TALKATIVE], cwd=tmp_path, timeout="20s")
    try:
        sut.start(stack)
        assert sut.base_url.startswith("http://127.0.0.1:")
    finally:
        sut.stop()


def test_of_a_large_log_the_beginning_and_the_end_are_kept(stack: StackBackend, tmp_path: Path) -> None:
    loud = TALKATIVE.replace("print(", "print('begins')\nprint('x' * 9_000_000, flush=True)\nprint(", 1)
    sut = CommandSut([sys.executable, "-c", loud], cwd=tmp_path)
    try:
        sut.start(stack)
        log = sut.logs()
    finally:
        sut.stop()
    assert log.startswith("begins\nxxx")
    assert "bytes are left out here]\nxxx" in log
    assert '"msg": "listening"' in log
    assert len(log) < 4_200_000


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: CommandSut("python app.py"), r'write a list of texts, as in \["python"'),
        (lambda: CommandSut([]), "write a list of texts"),
        (lambda: CommandSut(["python", 8000]), "write a list of texts"),  # type: ignore[list-item]
        (lambda: CommandSut(["x"], env={"PORT": 8000}), "write {'PORT': '8000'}"),  # type: ignore[dict-item]
        (lambda: CommandSut(["x"], env={"PORT=8000": ""}), "env: 'PORT=8000' cannot be set"),
        (lambda: CommandSut(["x"], timeout=30), 'as in timeout="60s"'),  # type: ignore[arg-type]
        (lambda: CommandSut(["x"], timeout="30"), "30"),
        (lambda: CommandSut(["x"], ready="healthz"), 'as in ready="/healthz"'),
        (lambda: CommandSut(["x"], reset="reset"), "reset='reset'"),
        (lambda: AddressSut("http://127.0.0.1", ready="healthz"), 'as in ready="/healthz"'),
        (lambda: ContainerSut("shop", port="80"), "port = '80'"),  # type: ignore[arg-type]
        (lambda: ContainerSut("shop", port=80, env={"A": 1}), "variables are texts"),  # type: ignore[dict-item]
        (lambda: ComposeSut("compose.yaml", service="shop", port=80, timeout=5), "a duration"),  # type: ignore[arg-type]
    ],
)
def test_mistakes_are_said_where_it_is_declared(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        make()


def test_one_that_is_started_again_is_where_it_says_then(stack: StackBackend) -> None:
    sut = CommandSut([sys.executable, "-c", TALKATIVE], timeout="20s")
    for _ in range(2):
        sut.start(stack)
        sut.check()
        sut.stop()
    with pytest.raises(SutFault, match="not started"):
        _ = sut.base_url


def test_a_folder_that_is_not_there_is_told_and_not_the_program(stack: StackBackend, tmp_path: Path) -> None:
    with pytest.raises(SutFault, match="nowhere: there is no such folder"):
        CommandSut([sys.executable], base_url="http://127.0.0.1:9", cwd=tmp_path / "nowhere").start(stack)


def test_a_port_of_its_own_that_nothing_listens_on_is_no_hindrance(stack: StackBackend, tmp_path: Path) -> None:
    (port,) = free_ports([0])
    argv = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    sut = CommandSut(argv, base_url=f"http://127.0.0.1:{port}", cwd=tmp_path)
    try:
        sut.start(stack)
        sut.check()
    finally:
        sut.stop()
