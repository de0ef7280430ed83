"""Secrets planted all along the way of a real run are nowhere in what the run leaves behind."""

from __future__ import annotations

import gzip
import io
import os
import signal
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.integration.conftest import Project, eventually
from tests.support.stacks import docker_client
from tests.toolchain.build import IMAGES

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads command lines in /proc")

PLACES = (
    "header",
    "cookie",
    "script_query",
    "log",
    "address",
    "attribute",
    "url",
    "exception",
    "resource",
    "nested",
)

# Names of the variables say nothing of secrets, so that what is found is found by where it stands.
SYSTEM = """
import base64, http.server, json, os
from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

planted = {name[6:].lower(): value for name, value in os.environ.items() if name.startswith("PLANT_")}
resource = Resource.create({"service.name": "shop", "deploy.api_key": planted["resource"]})
provider = TracerProvider(resource=resource)
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
tracer = provider.get_tracer("shop")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        parent = propagate.extract({name.lower(): value for name, value in self.headers.items()})
        headers = {f"http.request.header.{name.lower()}": [value] for name, value in self.headers.items()}
        with tracer.start_as_current_span(self.path, context=parent, kind=trace.SpanKind.SERVER) as span:
            span.set_attributes(headers)
            span.set_attribute("http.request.method", "GET")
            span.set_attribute("url.full", f"http://shop{self.path}")
            span.set_attribute("user.password", planted["attribute"])
            span.set_attribute("forwarded", f"http://bob:{planted['url']}@other/?sig={planted['url']}")
            span.set_attribute("body", json.dumps({"user": {"client_secret": planted["nested"]}}))
            span.record_exception(ValueError(f"login failed: password='{planted['exception']}' for bob"))
            span.set_status(trace.StatusCode.ERROR, f"Authorization: Bearer {planted['exception']}")
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(json.dumps({"url": f"http://bob:{planted['address']}@127.0.0.1:{server.server_port}"}), flush=True)
server.serve_forever()
"""
CONFTEST = """
import sys
import pytest
import k6spec

@pytest.fixture(scope="session")
def k6spec_sut():
    return k6spec.CommandSut([sys.executable, "system.py"], ready="/")
"""
SPEC = """
import k6spec
from k6spec import Run, Scenario, constant_vus, flow, ms, secret

ask = Scenario.http(
    flow.get("/items", headers={"X-Login": secret("PLANT_HEADER")}, cookies={"login": secret("PLANT_COOKIE")}),
    flow.think("200ms"),
    name="ask",
)
pytestmark = k6spec.load(
    {"ask": (ask, constant_vus(1, "3s")), "script": (Scenario.script("load.js"), constant_vus(1, "3s"))}
)

MARKS = "SELECT count(DISTINCT attributes['user.password']) FROM spans WHERE service = 'shop'"

def test_fails(run: Run) -> None:
    login = secret("PLANT_HEADER")
    assert run.spans(service="shop").duration.max <= ms(0)

def test_one_user_has_one_mark(run: Run) -> None:
    rows = run.database.rows(MARKS)
    assert rows == [(1,)]
    assert run.http().count >= 2
"""
LOAD = """
import http from 'k6/http';
import { sleep } from 'k6';
export default function () {
  http.get(`${__ENV.BASE_URL}/orders?access_token=${__ENV.PLANT_SCRIPT_QUERY}`);
  http.get(`http://127.0.0.1:9/?password=${__ENV.PLANT_LOG}`);
  sleep(0.2);
}
"""


ALL_IT_SAYS = ("-vv", "--tb=long", "--showlocals", "--full-trace")
"""Pytest's options that print most: of each frame its local variables, uncut."""


@pytest.fixture
def planted(project: Project) -> dict[str, str]:
    """A secret for each place, known to the system and to k6 by their environment only."""
    secrets = {place: f"{place}0{uuid.uuid4().hex}" for place in PLACES}
    project.env |= {f"PLANT_{place.upper()}": secret for place, secret in secrets.items()}
    project.write(SPEC, conftest=CONFTEST, load_js=LOAD, system_py=SYSTEM)
    return secrets


def texts(path: Path) -> Iterator[str]:
    """What a file holds, unpacked."""
    content = path.read_bytes()
    yield content.decode("latin-1")
    if path.suffix == ".parquet":
        yield str(pq.read_table(path).to_pylist())
    elif content[:2] == b"\x1f\x8b":
        yield gzip.decompress(content).decode("latin-1")
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            yield from (packed.read(name).decode("latin-1") for name in packed.namelist())


def command_lines_of(project: Project, process: subprocess.Popen[str]) -> set[str]:
    """Every command line that the session's processes have, until it ends."""
    seen = set()
    while process.poll() is None:
        seen |= {" ".join(argv) for argv in project.processes().values()}
    return seen


@pytest.mark.parametrize("stack", ["its own", "one that stays", pytest.param("docker", marks=pytest.mark.docker)])
def test_nothing_that_a_run_leaves_holds_a_secret(project: Project, planted: dict[str, str], stack: str) -> None:
    if stack == "docker":
        images = {"K6SPEC_COLLECTOR_IMAGE": IMAGES["otelcol"], "K6SPEC_JAEGER_IMAGE": IMAGES["jaeger"]}
        project.env |= {"K6SPEC_STACK": stack, **images}
    if stack != "its own":
        k6spec(project, "up")
    project.env |= {"K6SPEC_REPORTS": "html,github,gitlab", "GITHUB_STEP_SUMMARY": str(project.root / "step.md")}
    with (project.root / "output").open("w+") as output:
        process = project.start("--junit-xml=report.xml", *ALL_IT_SAYS, stdout=output)
        command_lines = command_lines_of(project, process)
        output.seek(0)
        said = output.read()

    assert "1 failed, 1 passed" in said
    assert (project.root / ".k6spec" / "stack.json").exists() == (stack != "its own")
    (info,) = project.infos()
    assert info["status"] == "complete"
    spans = next(project.runs.glob("*/spans.parquet"))
    assert "[redacted " in str(pq.read_table(spans).to_pylist())
    assert any(" run " in line and "k6" in line for line in command_lines)
    left = {str(path): "".join(texts(path)) for path in project.root.rglob("*") if path.is_file()}
    left |= {"a command line": "\n".join(command_lines), "doctor": k6spec(project, "doctor", "--json")}
    if stack == "docker":
        left |= containers_of(project)
        assert len([name for name in left if name.startswith("container ")]) == 2
    assert "PLANT_HEADER" in said  # local variables were printed
    names = {Path(name).name for name in left}
    assert {"report.xml", "step.md", "gl-code-quality-report.json", "k6-summary.json", "report.html"} <= names, (
        names
    )
    assert any("/.k6spec/history/" in name for name in left)
    found = {(place, name) for place, secret in planted.items() for name, text in left.items() if secret in text}
    assert found == set()
    k6spec(project, "down")


def containers_of(project: Project) -> dict[str, str]:
    """All that Docker tells of the project's containers, and their logs."""
    client = docker_client()
    try:
        mine = client.containers.list(filters={"label": f"k6spec.workspace={project.root.resolve()}"})
        return {f"container {each.name}": f"{each.attrs} {each.logs().decode()}" for each in mine}
    finally:
        client.close()


def k6spec(project: Project, *arguments: str) -> str:
    """The command, and all that it said."""
    command = [sys.executable, "-c", "from k6spec.cli import main; main()", *arguments]
    ended = subprocess.run(
        command, cwd=project.root, env=project.env, capture_output=True, text=True, timeout=60, check=True
    )
    return ended.stdout + ended.stderr


def test_a_fault_is_told_without_secrets(project: Project, planted: dict[str, str]) -> None:
    script = "export default function () { throw new Error(`token=${__ENV.PLANT_LOG}`); }"
    project.write(
        SPEC.replace('"ask": (ask, constant_vus(1, "3s")), ', ""),
        conftest=CONFTEST,
        load_js=script,
        system_py=SYSTEM,
    )

    ended = project.run(*ALL_IT_SAYS)

    assert "FAULT every iteration failed before it sent a request: Error: token=[redacted " in ended.text
    left = "".join(text for path in project.root.rglob("*") if path.is_file() for text in texts(path))
    assert not [place for place, secret in planted.items() if secret in ended.text + left]


def test_a_session_that_was_killed_leaves_no_secret_to_the_next_one(
    project: Project, planted: dict[str, str]
) -> None:
    project.write(SPEC.replace('"3s"', '"20s"'), conftest=CONFTEST, load_js=LOAD, system_py=SYSTEM)
    first = project.start()
    log = "*/k6.log"
    assert eventually(lambda: any("password=" in path.read_text() for path in project.runs.glob(log)), within=40)
    first.kill()
    first.communicate()
    assert eventually(lambda: not project.processes(), within=20)
    (path,) = project.runs.glob(log)
    assert "[redacted " in path.read_text()
    assert planted["log"] not in path.read_text()

    project.write(SPEC.replace('"3s"', '"1s"'), conftest=CONFTEST, load_js=LOAD, system_py=SYSTEM)
    ended = project.run()

    assert [info["status"] for info in project.infos()] == ["aborted", "complete"], ended.text
    left = {str(path): "".join(texts(path)) for path in project.root.rglob("*") if path.is_file()}
    found = {(place, name) for place, secret in planted.items() for name, text in left.items() if secret in text}
    assert found == set()


def test_of_a_session_killed_with_all_its_processes_the_command_leaves_no_secret(
    project: Project, planted: dict[str, str]
) -> None:
    project.write(SPEC.replace('"3s"', '"20s"'), conftest=CONFTEST, load_js=LOAD, system_py=SYSTEM)
    first = project.start()
    assert eventually(lambda: any(project.runs.glob("*/requests.generated.parquet")), within=60)
    (spool,) = project.tmp.glob("k6spec-spool-*/spans.spool")
    assert eventually(lambda: planted["attribute"].encode() in spool.read_bytes(), within=60)
    for pid in project.processes():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    first.communicate()
    assert spool.stat().st_size
    os.utime(spool.parent, (0, 0))  # it has lain there for a while

    k6spec(project, "runs")

    assert [info["status"] for info in project.infos()] == ["aborted"]
    left = {str(path): "".join(texts(path)) for path in project.root.rglob("*") if path.is_file()}
    found = {(place, name) for place, secret in planted.items() for name, text in left.items() if secret in text}
    assert found == set()
