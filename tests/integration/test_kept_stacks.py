"""Stacks that outlive a pytest session, so that links still work, and the sessions that find them."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest

from tests.integration.conftest import SHOP, SPEC, Ended, Project, eventually
from tests.support.stacks import PLAN, binary, docker_client

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc"),
]

FAILING = SPEC.replace("http().count >= 1", "http().duration.max < ms(0.001)")
PROCESS, DOCKER = "process", pytest.param("docker", marks=pytest.mark.docker)


@pytest.fixture
def project(project: Project) -> Iterator[Project]:
    """One whose stacks can be of any kind, with the demo shop as its system; its stack is ended with the test."""
    project.write(conftest=SHOP)
    project.env |= {"K6SPEC_OTELCOL": binary("otelcol"), "K6SPEC_JAEGER": binary("jaeger")}
    project.env |= {
        "K6SPEC_COLLECTOR_IMAGE": PLAN.images.collector,
        "K6SPEC_JAEGER_IMAGE": str(PLAN.images.jaeger),
    }
    yield project
    if containers(project) or state(project).exists():
        k6spec(project, "down").check_returncode()


def k6spec(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, in the project."""
    command = [sys.executable, "-c", "from k6spec.cli import main; main()", *arguments]
    return subprocess.run(command, cwd=project.root, env=project.env, capture_output=True, text=True, timeout=60)


def state(project: Project) -> Path:
    return project.root / ".k6spec" / "stack.json"


def containers(project: Project) -> list[str]:
    """Names of containers and networks of the project, if there is a Docker."""
    with suppress(Exception):
        import docker

        client = docker.from_env(timeout=30)
        label = {"label": f"k6spec.workspace={project.root.resolve()}"}
        things = client.containers.list(all=True, filters=label) + client.networks.list(filters=label)
        client.close()
        return [str(thing.name) for thing in things]
    return []


def uses(project: Project, kind: str) -> None:
    if kind == "docker":
        docker_client().close()
    project.env["K6SPEC_STACK"] = kind


def nothing_remains(project: Project) -> bool:
    return (
        eventually(lambda: not project.processes(), within=20)
        and containers(project) == []
        and project.leftovers() == []
        and not state(project).exists()
    )


def jaeger_of(ended: Ended) -> str:
    """The address that the session's end tells."""
    (line,) = ended.lines("stack kept for its links: ")
    assert line.endswith("; k6spec down ends it")
    return line.partition("links: ")[2].partition(";")[0]


def shows_the_traces(ui: str, project: Project) -> bool:
    """Whether Jaeger shows traces of the last run."""
    newest = max(project.runs.iterdir())
    ids = pq.read_table(newest / "requests.parquet", columns=["trace_id"])["trace_id"].to_pylist()
    found = [httpx.get(f"{ui}/api/traces/{trace.hex()}", trust_env=False).status_code for trace in ids[:3]]
    return found == [200, 200, 200]


def all_traces_came(project: Project) -> bool:
    """Whether the last run has all its traces."""
    ledger = project.infos()[-1]["ledger"]
    return ledger["traces_complete"] == ledger["traces_expected"] > 0 and ledger["spans_dropped"] == 0


@pytest.mark.parametrize("kind", [PROCESS, DOCKER])
def test_a_failure_keeps_the_stack_for_its_links_and_the_next_session_takes_it_over(
    project: Project, kind: str
) -> None:
    uses(project, kind)
    project.write(FAILING, conftest=SHOP)

    failed = project.run("--k6spec-keep", "failed")

    assert failed.code == 1, failed.text
    ui = jaeger_of(failed)
    (link, *_) = [word for line in failed.lines(f"{ui}/trace/") for word in line.split() if "/trace/" in word]
    shown = link.replace("/trace/", "/api/traces/").partition("?")[0]
    assert httpx.get(shown, trust_env=False).status_code == 200
    assert shows_the_traces(ui, project)
    assert state(project).exists()

    again = project.run("--k6spec-keep", "failed")

    assert again.lines(f"stack {kind}: the one that runs already (kept by a session)")
    assert jaeger_of(again) == ui
    assert shows_the_traces(ui, project)
    assert all_traces_came(project)

    project.write(conftest=SHOP)
    passed = project.run("--k6spec-keep", "failed")

    assert passed.code == 0, passed.text
    assert all_traces_came(project)
    assert not passed.lines("stack kept")
    assert nothing_remains(project)


@pytest.mark.parametrize("kind", [PROCESS, DOCKER])
def test_jaeger_can_be_fed_once_all_is_judged(project: Project, kind: str) -> None:
    uses(project, kind)
    project.env |= {"K6SPEC_JAEGER_FEED": "after", "K6SPEC_KEEP": "failed"}
    asks = """

def test_jaeger_has_nothing_yet(run: Run, k6spec_stack) -> None:
    import httpx
    ((trace_id,),) = run.database.rows("SELECT lower(hex(trace_id)) FROM traces LIMIT 1")
    api = k6spec_stack.trace_url(trace_id).replace("/trace/", "/api/traces/")
    assert httpx.get(api, trust_env=False).status_code == 404
    assert run.http().count >= 1
"""
    project.write(FAILING + asks, conftest=SHOP)

    ended = project.run()

    assert ended.lines("1 failed, 1 passed"), ended.text
    assert ended.lines(f"{jaeger_of(ended)}/trace/")
    assert shows_the_traces(jaeger_of(ended), project)


def test_what_jaeger_has_evicted_is_judged_all_the_same_and_linked_elsewhere(project: Project) -> None:
    uses(project, PROCESS)
    project.env |= {"K6SPEC_JAEGER_MAX_TRACES": "1", "K6SPEC_KEEP": "failed"}
    project.write(FAILING, conftest=SHOP)

    ended = project.run()

    assert all_traces_came(project)
    assert len(ended.lines(f"{jaeger_of(ended)}/trace/")) <= 1
    assert ended.lines("file://"), ended.text


@pytest.mark.parametrize(("spec", "keep"), [(FAILING, "never"), (SPEC, "failed"), (FAILING, None)])
def test_a_stack_that_is_not_to_be_kept_ends_with_the_session(
    project: Project, spec: str, keep: str | None
) -> None:
    uses(project, "process")
    project.write(spec, conftest=SHOP)
    if keep is not None:
        project.env["K6SPEC_KEEP"] = keep

    ended = project.run()

    assert not ended.lines("stack kept")
    assert nothing_remains(project)


def test_always_keeps_it_after_a_success(project: Project) -> None:
    uses(project, "process")

    ended = project.run("--k6spec-keep", "always")

    assert ended.code == 0, ended.text
    assert shows_the_traces(jaeger_of(ended), project)
    assert k6spec(project, "down").returncode == 0
    assert nothing_remains(project)


@pytest.mark.parametrize("ci", [None, "true"])
def test_at_a_terminal_a_failure_keeps_it_unless_this_is_ci(project: Project, ci: str | None) -> None:
    uses(project, "process")
    project.write(FAILING, conftest=SHOP)
    if ci is not None:
        project.env["CI"] = ci
    ours, theirs = pty.openpty()
    session = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:randomly"],
        cwd=project.root,
        env=project.env,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    text = b""
    with suppress(OSError):  # what a terminal says when its last writer is gone
        while part := os.read(ours, 4096):
            text += part
    session.wait(timeout=60)
    os.close(ours)

    assert (b"stack kept for its links: " in text) == (ci is None), text.decode()
    assert state(project).exists() == (ci is None)
    if ci is None:
        assert k6spec(project, "status").returncode == 0
    else:
        assert nothing_remains(project)


@pytest.mark.parametrize(
    ("kind", "ci"), [("embedded", None), pytest.param("docker", "true", marks=pytest.mark.docker)]
)
def test_auto_takes_what_k6spec_up_started_and_leaves_it_running(
    project: Project, kind: str, ci: str | None
) -> None:
    uses(project, kind)
    if ci is not None:
        project.env["CI"] = ci
    assert k6spec(project, "up").returncode == 0
    uses(project, "auto")

    for _ in range(2):
        ended = project.run()

        assert ended.code == 0, ended.text
        assert ended.lines(f"stack auto: {kind}, as it already runs (k6spec up; k6spec down ends it)")
        assert all_traces_came(project)
        assert k6spec(project, "status").returncode == 0

    assert k6spec(project, "down").returncode == 0
    assert nothing_remains(project)


def test_another_stack_than_is_asked_for_is_left_alone(project: Project) -> None:
    uses(project, "embedded")
    assert k6spec(project, "up").returncode == 0
    uses(project, "process")
    project.write(FAILING, conftest=SHOP)

    ended = project.run("--k6spec-keep", "failed")

    assert ended.lines("(k6spec up) is left alone, as the settings name process")
    assert ended.lines("the stack is not kept: another stack of this workspace (embedded) is kept already")
    assert k6spec(project, "status").returncode == 0
    k6spec(project, "down")
    assert nothing_remains(project)


def ended_during_its_load(project: Project, signum: signal.Signals, *options: str) -> None:
    """A session that gets a signal while k6 runs."""
    project.env["LENGTH"] = "30s"
    session = project.start(*options)
    assert eventually(lambda: any(project.runs.glob("*/requests.generated.parquet")), within=30)
    time.sleep(1)
    os.kill(session.pid, signum)
    session.communicate(timeout=20)


def test_a_killed_session_keeps_nothing(project: Project) -> None:
    uses(project, "process")

    ended_during_its_load(project, signal.SIGKILL, "--k6spec-keep", "always")

    assert nothing_remains(project)


def test_an_interrupted_session_keeps_a_whole_stack_and_nothing_else(project: Project) -> None:
    uses(project, "process")

    ended_during_its_load(project, signal.SIGINT, "--k6spec-keep", "always")

    assert k6spec(project, "status").stdout.count(": runs\n") == 3
    k6spec(project, "down")
    assert nothing_remains(project)


def test_a_killed_session_leaves_what_ran_before_it(project: Project) -> None:
    uses(project, "process")
    assert k6spec(project, "up").returncode == 0

    ended_during_its_load(project, signal.SIGKILL)

    assert k6spec(project, "status").returncode == 0
    project.env["LENGTH"] = "1s"
    ended = project.run()
    assert ended.code == 0, ended.text
    assert all_traces_came(project)


def test_a_file_that_cannot_be_read_is_said_in_words_and_costs_nothing_else(project: Project) -> None:
    uses(project, "embedded")
    state(project).parent.mkdir()
    state(project).write_text('{"format": 9}')

    ended = project.run()

    assert ended.code == 0, ended.text
    assert ended.lines("stack.json has format 9, this k6spec reads up to 1")
    state(project).unlink()


def test_a_keep_that_cannot_be_is_a_usage_error(project: Project) -> None:
    ended = project.run("--k6spec-keep", "sometimes")

    assert ended.code == 4
    assert ended.lines("keep = 'sometimes'; write failed or always or never")
