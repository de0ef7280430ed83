"""k6spec push, as people call it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from k6spec.stack.kept import KeptFile, KeptStack
from k6spec.stack.owner import place
from k6spec.stack.process import ProcessStack
from tests.support.otlp_server import Answer, grpc_endpoint, http_endpoint, partly
from tests.support.runs import Request, db, entry, make_run, trace_id
from tests.support.stacks import binary, quiet_port

pytestmark = pytest.mark.timeout(120)

RUN = "2026-11-01T00-00-00-0000aaaa"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with one archived run of two requests."""
    make_run(tmp_path / ".k6spec/runs" / RUN, [Request(spans=[entry(), db()]) for _ in range(2)])
    return tmp_path


def k6spec_push(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the command in ``cwd``."""
    return subprocess.run(
        [sys.executable, "-c", "from k6spec.cli import main; main()", "push", *arguments],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "160", "NO_COLOR": "1", **environment},
        capture_output=True,
        text=True,
        timeout=90,
    )


@pytest.mark.parametrize("open_endpoint", [http_endpoint, grpc_endpoint], ids=["http", "grpc"])
def test_all_spans_of_a_run_are_pushed(project, open_endpoint):
    with open_endpoint() as endpoint:
        result = k6spec_push("last", "--to", endpoint.url, cwd=project)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [f"pushed 6 spans of 2 traces of {RUN} to {endpoint.url}"]
    assert sorted(row["service"] for row in endpoint.taken) == ["k6", "k6", "orders", "orders", "orders", "orders"]


@pytest.fixture
def stack(tmp_path):
    """A Collector and behind it Jaeger."""
    backend = ProcessStack(otelcol=binary("otelcol"), jaeger=binary("jaeger"), spool_root=tmp_path)
    backend.start()
    yield backend
    backend.stop()


def ui_of(stack: ProcessStack) -> str:
    """The address of its Jaeger's UI."""
    link = stack.trace_url("ab" * 16)
    assert link is not None
    return link.partition("/trace/")[0]


def test_what_was_pushed_to_a_collector_is_in_jaeger(project, stack):
    ui = ui_of(stack)
    result = k6spec_push("last", "--to", stack.endpoints().otlp_http, "--ui", ui + "/", cwd=project)

    assert result.stdout.splitlines()[-1] == f"look at it: {stack.trace_url(trace_id(0).hex())}"
    assert operations(f"{ui}/api/traces/{trace_id(0).hex()}") == [
        "POST /checkout",
        "POST /checkout",
        "SELECT shop",
    ]


def test_of_a_stack_that_stays_it_is_known_where_to_look(project, stack):
    KeptFile(project).write(
        KeptStack(
            kind="process",
            id="1",
            origin="up",
            started="2026-11-01T00:00:00+00:00",
            place=place(project),
            settings={},
            endpoints=stack.endpoints(),
            ui=ui_of(stack),
            found={},
        )
    )
    result = k6spec_push("last", "--to", stack.endpoints().otlp_grpc.replace("http", "grpc"), cwd=project)

    assert result.stdout.splitlines()[-1] == f"look at it: {stack.trace_url(trace_id(0).hex())}"


def operations(url: str) -> list[str]:
    """The names of the three spans of the trace that Jaeger has at a URL."""
    found: list[str] = []
    deadline = time.monotonic() + 60
    while len(found) < 3 and time.monotonic() < deadline:
        response = httpx.get(url, trust_env=False, timeout=30)
        if response.status_code == 200:
            found = [span["operationName"] for span in response.json()["data"][0]["spans"]]
        time.sleep(0.1)
    return sorted(found)


def test_one_trace_by_the_beginning_of_its_id(project):
    with http_endpoint() as endpoint:
        whole = trace_id(1).hex()
        result = k6spec_push("last", "--to", endpoint.url, "--trace", whole[:32].upper(), cwd=project)
    assert result.stdout.startswith(f"pushed 3 spans of 1 trace of {RUN}")
    assert {row["trace_id"] for row in endpoint.taken} == {trace_id(1)}


def test_headers_may_hold_variables(project):
    with http_endpoint() as endpoint:
        header = ("--header", "Authorization=Bearer ${TOKEN}", "--header", "X-Scope=a=b")
        result = k6spec_push("last", "--to", endpoint.url, *header, cwd=project, TOKEN="s3cret")
    assert result.returncode == 0
    assert endpoint.requests[0]["authorization"] == "Bearer s3cret"
    assert endpoint.requests[0]["x-scope"] == "a=b"


def test_progress_is_shown_on_a_terminal(project):
    terminal, stderr = pty.openpty()
    with http_endpoint() as endpoint:
        subprocess.run(
            [sys.executable, "-c", "from k6spec.cli import main; main()", "push", "last", "--to", endpoint.url],
            cwd=project,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "160", "NO_COLOR": "1"},
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            timeout=90,
            check=True,
        )
    os.close(stderr)
    with open(terminal, "rb", buffering=0) as shown:  # noqa: PTH123  a descriptor
        assert b"6/6 spans" in shown.read(4096)


def test_rejected_spans_end_in_an_error(project):
    with http_endpoint() as endpoint:
        endpoint.answers = [Answer(body=partly(2, "too old"))]
        result = k6spec_push("last", "--to", endpoint.url, cwd=project)
    assert result.stdout.startswith("pushed 4 spans")
    assert (result.returncode, "rejected 2 of 6 spans: too old" in result.stderr) == (7, True)


def test_nothing_of_a_secret_is_shown_where_it_is_refused(project):
    with http_endpoint() as endpoint:
        endpoint.answers = [Answer(status=403, body=b"s3cret may not")]
        result = k6spec_push("last", "--to", endpoint.url, "--header", "X-Token=s3cret", cwd=project)
    assert (result.returncode, "refused spans with 403" in result.stderr) == (7, True)
    assert "s3cret" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nope", "--to", "http://127.0.0.1:1"], "there is no run 'nope'"),
        (["last", "--to", "127.0.0.1:4318"], "url = '127.0.0.1:4318'; write an address with scheme"),
        (["last", "--to", "http://h:1", "--header", "s3cret"], "--header number 1 has no name"),
        (["last", "--to", "http://h:1", "--header", "A=${NO_SUCH}"], "NO_SUCH, which is not set"),
        (["last", "--to", "https://h:1", "--ca", "no.pem"], "no.pem"),
        (["last", "--to", "http://h:1", "--trace", "zz"], "'zz' is not a trace id"),
        (["last", "--to", "http://h:1", "--trace", "ffff"], f"no trace of {RUN} begins with ffff"),
        (["last", "--to", "http://h:1", "--trace", "ab00"], "2 traces begin with ab00"),
        (["last"], "Missing option '--to'"),
    ],
)
def test_a_mistake_is_told_in_words(project, arguments, message):
    result = k6spec_push(*arguments, cwd=project)

    assert result.returncode == 2
    assert message in result.stderr
    assert "s3cret" not in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("scheme", ["http", "grpc", "grpcs"])
def test_nothing_listens_there(project, scheme):
    result = k6spec_push("last", "--to", f"{scheme}://127.0.0.1:{quiet_port()}", cwd=project)

    assert result.returncode == 7
    assert result.stderr.startswith(f"k6spec: {scheme}://127.0.0.1:")
    assert "What to do: check the address" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_aborted_run_has_no_spans(project):
    folder = project / ".k6spec/runs" / RUN
    (folder / "spans.parquet").unlink()
    info = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**info, "status": "aborted"}))

    result = k6spec_push(RUN, "--to", "http://127.0.0.1:1", cwd=project)

    assert (result.returncode, f"{RUN} has no spans: it is aborted" in result.stderr) == (7, True)


def test_help_has_an_example(tmp_path):
    assert "Example: k6spec push last --to http://127.0.0.1:4318" in k6spec_push("--help", cwd=tmp_path).stdout
