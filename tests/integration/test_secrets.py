"""Secrets planted all along the way of a real run are nowhere in what the run leaves behind."""

from __future__ import annotations

import base64
import gzip
import io
import os
import signal
import subprocess
import sys
import time
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.integration.conftest import Project, eventually
from tests.support.stacks import binary, docker_client
from tests.toolchain.build import IMAGES

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="reads command lines in /proc"),
    pytest.mark.timeout(180),
]

PLACES = {
    "header": "declared: a header that a flow sends",
    "cookie": "declared: a cookie that a flow sends",
    "claim": "declared: a header, and the words of a claim and of an exception in a test",
    "variable": "a variable that the spec gives to a script, and a local variable of a test",
    "bearer": "the Authorization header of a script's request",
    "script_query": "the query of a script's request",
    "log": "the query of a request that fails, as k6 logs it",
    "console": "what a script prints",
    "listed": "a header of a script's request, printed as k6 lists headers",
    "check": "the name of a check that fails each time",
    "lines": "a variable of two lines that the spec gives to a script, which prints it as JSON",
    "address": "user:password@host of the system under test",
    "attribute": "an attribute of a span",
    "url": "user:password@host and query within an attribute",
    "nested": "JSON within an attribute",
    "event": "an attribute of a span's event",
    "exception": "a span's exception and its status",
    "resource": "an attribute of the resource",
    "said": "the output of the system under test",
}
"""Where each secret is planted."""

# Names of the variables say nothing of secrets, so that what is found is found by where it stands.
SYSTEM = """
import base64, http.server, json, os, sys
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
            span.add_event("login", {"session.token": planted["event"], "sent": f"api_key={planted['event']}"})
            span.record_exception(ValueError(f"login failed: password='{planted['exception']}' for bob"))
            span.set_status(trace.StatusCode.ERROR, f"Authorization: Bearer {planted['exception']}")
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


said = planted["said"]
print(f"connecting to postgres://bob:{said}@db, password={said}", file=sys.stderr, flush=True)
if "ENDS" in os.environ:
    sys.exit(3)
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
import os
import k6spec
from k6spec import Run, Scenario, constant_vus, flow, ms, secret

ask = Scenario.http(
    flow.get(
        "/items",
        headers={"X-Login": secret("PLANT_HEADER"), "X-Other": secret("PLANT_CLAIM")},
        cookies={"login": secret("PLANT_COOKIE")},
    ),
    flow.think("200ms"),
    name="ask",
)
variables = {"SHOP_PASSWORD": os.environ["PLANT_VARIABLE"], "SHOP_SECRET": f'"a"\\n{os.environ["PLANT_LINES"]}'}
script = Scenario.script("load.js", env=variables)
pytestmark = k6spec.load({"ask": (ask, constant_vus(1, "2s")), "script": (script, constant_vus(1, "2s"))})

MARKS = "SELECT count(DISTINCT attributes['user.password']) FROM spans WHERE service = 'shop'"

def test_fails(run: Run) -> None:
    login = secret("PLANT_HEADER")
    assert run.spans(service="shop").duration.max <= ms(0)

def test_says(run: Run) -> None:
    login = os.environ["PLANT_CLAIM"]
    assert run.claim(f"{login} is let in", holds=False, because=f"the answer to {login} was 401")

def test_raises(run: Run) -> None:
    login, other = os.environ["PLANT_CLAIM"], os.environ["PLANT_VARIABLE"]
    print(f"tried {login}")
    assert run.http().count >= 2
    raise ConnectionError(f"http://bob:{login}@elsewhere/ is not there")

def test_one_user_has_one_mark(run: Run) -> None:
    rows = run.database.rows(MARKS)
    assert rows == [(1,)]
    assert run.http().count >= 2
"""
LOAD = """
import http from 'k6/http';
import { check, sleep } from 'k6';
const base = __ENV.BASE_URL.replace(/[^/]*@/, ''); // its user would take the place of the header
export default function () {
  const headers = { Authorization: `Bearer ${__ENV.PLANT_BEARER}`, 'X-Shop': __ENV.SHOP_PASSWORD };
  http.get(`${base}/orders?access_token=${__ENV.PLANT_SCRIPT_QUERY}`, { headers });
  http.get(`http://127.0.0.1:9/?password=${__ENV.PLANT_LOG}`);
  console.log(`logged in with token=${__ENV.PLANT_CONSOLE}`);
  const tags = { [__ENV.SHOP_PASSWORD]: 'x' };
  const listed = http.get(`${base}/listed`, { headers: { 'X-Api-Key': __ENV.PLANT_LISTED }, tags });
  console.log(JSON.stringify(listed.request.headers), JSON.stringify({ told: __ENV.SHOP_SECRET }));
  check(listed, { [`let in with token=${__ENV.PLANT_CHECK}`]: () => false });
  sleep(0.2);
}
"""

ALL_IT_SAYS = ("-vv", "--tb=long", "--showlocals", "--full-trace", "--junit-xml=report.xml")
"""Pytest's options that print most: of each frame its local variables, uncut."""

PROGRAMS = {
    "its own": {"k6spec.collect.receiver"},
    "one that stays": {"k6spec.collect.receiver", "_holder.py"},
    "process": {"k6spec.collect.receiver", "otelcol", "jaeger"},
    "docker": set[str](),
}
"""Of each stack the programs that run on this host; none of them needs the user's environment."""


@pytest.fixture
def planted(project: Project) -> dict[str, str]:
    """A secret for each place, known to the system and to k6 by their environment only."""
    secrets = {place: f"{place}0{uuid.uuid4().hex}" for place in PLACES}
    project.env |= {f"PLANT_{place.upper()}": secret for place, secret in secrets.items()}
    project.env |= {"K6SPEC_REPORTS": "html,github,gitlab", "GITHUB_STEP_SUMMARY": str(project.root / "step.md")}
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


def left_by(project: Project, **more: str) -> dict[str, str]:
    """All that is in the project's folder, temporary files included, by path; and what else was said."""
    return {str(path): "".join(texts(path)) for path in project.root.rglob("*") if path.is_file()} | more


def found_in(left: dict[str, str], planted: dict[str, str]) -> set[tuple[str, str]]:
    """Each secret, and where it is; as it is, or as Basic authentication has it."""
    forms = [(place, form) for place, secret in planted.items() for form in (secret, basic(secret))]
    return {(place, name) for place, form in forms for name, text in left.items() if form in text}


def basic(secret: str) -> str:
    return base64.b64encode(f"bob:{secret}".encode()).decode()


def watched(project: Project, process: subprocess.Popen[str]) -> dict[str, str]:
    """Every command line that the session's processes have until it ends, and the environment with it."""
    seen = {}
    while process.poll() is None:
        for pid, argv in project.processes().items():
            # Read after its command line: before exec it is another program's.
            with suppress(OSError):
                seen[" ".join(argv)] = Path(f"/proc/{pid}/environ").read_text(errors="replace")
        time.sleep(0.03)  # looking takes a core
    return seen


def k6spec(project: Project, *arguments: str) -> str:
    """The command, and all that it said."""
    command = [sys.executable, "-c", "from k6spec.cli import main; main()", *arguments]
    ended = subprocess.run(
        command, cwd=project.root, env=project.env, capture_output=True, text=True, timeout=60, check=True
    )
    return ended.stdout + ended.stderr


def use(project: Project, stack: str) -> None:
    """The settings of a stack; one that stays is up."""
    if stack == "process":
        programs = {"K6SPEC_OTELCOL": binary("otelcol"), "K6SPEC_JAEGER": binary("jaeger")}
        project.env |= {"K6SPEC_STACK": stack, **programs}
    if stack == "docker":
        docker_client().close()
        images = {"K6SPEC_COLLECTOR_IMAGE": IMAGES["otelcol"], "K6SPEC_JAEGER_IMAGE": IMAGES["jaeger"]}
        project.env |= {"K6SPEC_STACK": stack, **images}
    if stack in {"one that stays", "docker"}:
        k6spec(project, "up")


@pytest.mark.parametrize(
    "stack", ["its own", "one that stays", "process", pytest.param("docker", marks=pytest.mark.docker)]
)
def test_nothing_that_a_run_leaves_holds_a_secret(project: Project, planted: dict[str, str], stack: str) -> None:
    use(project, stack)
    with (project.root / "output").open("w+") as output:
        process = project.start(*ALL_IT_SAYS, stdout=output)
        processes = watched(project, process)
        output.seek(0)
        said = output.read()

    assert "3 failed, 1 passed" in said
    (info,) = project.infos()
    assert info["status"] == "complete"
    spans = next(project.runs.glob("*/spans.parquet"))
    assert "[redacted " in str(pq.read_table(spans).to_pylist())
    assert "token=[redacted " in next(project.runs.glob("*/k6.log")).read_text()
    assert "PLANT_HEADER" in said  # local variables were printed
    left = left_by(project, command_lines="\n".join(processes), doctor=k6spec(project, "doctor", "--json"))
    names = {Path(name).name for name in left}
    assert {"report.xml", "step.md", "gl-code-quality-report.json", "k6-summary.json", "report.html"} <= names
    assert any("/.k6spec/history/" in name for name in left)
    if stack == "docker":
        left |= containers_of(project)
        assert len([name for name in left if name.startswith("container ")]) == 2
    assert found_in(left, planted) == set()

    programs = {line: environ for line, environ in processes.items() if any(map(line.count, PROGRAMS[stack]))}
    assert {name for name in PROGRAMS[stack] if any(name in line for line in programs)} == PROGRAMS[stack]
    assert found_in(programs, planted) == set()
    assert {place for place, line in found_in(processes, planted) if " run " in line and "k6" in line} == {*PLACES}
    k6spec(project, "down")


def containers_of(project: Project) -> dict[str, str]:
    """All that Docker tells of the project's containers, and their logs."""
    client = docker_client()
    try:
        mine = client.containers.list(filters={"label": f"k6spec.workspace={project.root.resolve()}"})
        return {f"container {each.name}": f"{each.attrs} {each.logs().decode()}" for each in mine}
    finally:
        client.close()


@pytest.mark.parametrize(
    ("load", "environ", "fault"),
    [
        (
            "export default function () { throw new Error(`token=${__ENV.PLANT_LOG}`); }",
            {},
            "FAULT every iteration failed before it sent a request: Error: token=[redacted ",
        ),
        (
            "console.error(`refused, password=${__ENV.PLANT_LOG}`); export default 1;",
            {},
            "refused, password=[redacted ",
        ),
        (LOAD, {"ENDS": "1"}, ", password=[redacted "),
    ],
    ids=["of the script", "of k6", "of the system"],
)
def test_a_fault_is_told_without_secrets(
    project: Project, planted: dict[str, str], load: str, environ: dict[str, str], fault: str
) -> None:
    project.env |= environ
    project.write(
        SPEC.replace('"ask": (ask, constant_vus(1, "2s")), ', ""),
        conftest=CONFTEST,
        load_js=load,
        system_py=SYSTEM,
    )

    ended = project.run(*ALL_IT_SAYS)

    assert fault in ended.text
    assert found_in(left_by(project, output=ended.text), planted) == set()


def test_a_session_that_is_interrupted_shows_no_secret(project: Project, planted: dict[str, str]) -> None:
    project.write(SPEC.replace('"2s"', '"20s"'), conftest=CONFTEST, load_js=LOAD, system_py=SYSTEM)
    process = project.start(*ALL_IT_SAYS)
    assert eventually(
        lambda: any("token=" in path.read_text() for path in project.runs.glob("*/k6.log")), within=40
    )

    process.send_signal(signal.SIGINT)
    said, _ = process.communicate()

    assert "KeyboardInterrupt" in said
    assert "run_k6(" in said  # the arguments of each frame were printed
    assert found_in(left_by(project, output=said), planted) == set()


def test_a_session_that_was_killed_leaves_no_secret_to_the_next_one(
    project: Project, planted: dict[str, str]
) -> None:
    project.write(SPEC.replace('"2s"', '"20s"'), conftest=CONFTEST, load_js=LOAD, system_py=SYSTEM)
    first = project.start()
    log = "*/k6.log"
    assert eventually(lambda: any("password=" in path.read_text() for path in project.runs.glob(log)), within=40)
    first.kill()
    first.communicate()
    assert eventually(lambda: not project.processes(), within=20)
    (path,) = project.runs.glob(log)
    assert "[redacted " in path.read_text()
    assert planted["log"] not in path.read_text()

    project.write(SPEC.replace('"2s"', '"1s"'), conftest=CONFTEST, load_js=LOAD, system_py=SYSTEM)
    ended = project.run()

    assert [info["status"] for info in project.infos()] == ["aborted", "complete"], ended.text
    assert found_in(left_by(project), planted) == set()


def test_of_a_session_killed_with_all_its_processes_the_command_leaves_no_secret(
    project: Project, planted: dict[str, str]
) -> None:
    project.write(SPEC.replace('"2s"', '"20s"'), conftest=CONFTEST, load_js=LOAD, system_py=SYSTEM)
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
    assert found_in(left_by(project), planted) == set()
