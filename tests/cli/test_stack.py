"""``k6spec up``, ``status`` and ``down``, as people call them; the stacks are real."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.integration.conftest import Project, eventually
from tests.support.stacks import PLAN, binary, docker_client

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc"),
]

COMMAND = [sys.executable, "-c", "from k6spec.cli import main; main()"]
KINDS = ["embedded", "process", pytest.param("docker", marks=pytest.mark.docker)]


class Workspace(Project):
    """A project in which the command is called."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.env |= {"COLUMNS": "160", "NO_COLOR": "1"}
        del self.env["K6SPEC_STACK"]
        self.state = root / ".k6spec" / "stack.json"

    def k6spec(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """``k6spec`` with the arguments."""
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=cwd or self.root,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=90,
        )

    def use(self, kind: str) -> None:
        """Settings for the kind, with what is at hand here."""
        if kind == "process":
            self.env |= {"K6SPEC_OTELCOL": binary("otelcol"), "K6SPEC_JAEGER": binary("jaeger")}
        if kind == "docker":
            docker_client().close()
            images = PLAN.images
            self.env |= {"K6SPEC_COLLECTOR_IMAGE": images.collector, "K6SPEC_JAEGER_IMAGE": str(images.jaeger)}

    def up(self, kind: str, *arguments: str) -> dict[str, str]:
        """``k6spec up --stack KIND``; what a shell would have exported."""
        self.use(kind)
        result = self.k6spec("up", "--stack", kind, *arguments)
        assert result.returncode == 0, result.stderr
        pairs = [line.removeprefix("export ").partition("=") for line in result.stdout.splitlines()]
        return {name: value for name, _, value in pairs}

    def containers(self) -> list[str]:
        """Names of containers and networks of this workspace, if there is a Docker."""
        label = {"label": f"k6spec.workspace={self.root.resolve()}"}
        with suppress(Exception):
            import docker

            client = docker.from_env(timeout=30)
            things = client.containers.list(all=True, filters=label) + client.networks.list(filters=label)
            client.close()
            return [str(thing.name) for thing in things]
        return []

    def pid_of(self, program: str) -> int:
        """The one process of this workspace that runs ``program``."""
        (pid,) = [pid for pid, argv in self.processes().items() if Path(argv[0]).name == program]
        return pid


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """An empty one; what it started is ended with the test."""
    made = Workspace(tmp_path)
    yield made
    if made.containers() or made.state.exists():
        made.k6spec("down")
    for pid in made.processes():
        os.kill(pid, 9)


def answers(url: str) -> bool:
    host, _, port = url.removeprefix("http://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def nothing_remains(workspace: Workspace) -> bool:
    return (
        eventually(lambda: not workspace.processes(), within=20)
        and workspace.containers() == []
        and workspace.leftovers() == []
        and not workspace.state.exists()
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_stack_stays_until_it_is_ended(workspace: Workspace, kind: str) -> None:
    exported = workspace.up(kind)
    endpoint = exported["OTEL_EXPORTER_OTLP_ENDPOINT"]
    assert set(exported) >= {"OTEL_TRACES_SAMPLER", "OTEL_BSP_SCHEDULE_DELAY"}
    assert exported["OTEL_EXPORTER_OTLP_PROTOCOL"] == "grpc"
    assert answers(endpoint)

    running = workspace.k6spec("status")
    again = workspace.k6spec("up", "--stack", kind)
    ended = workspace.k6spec("down")

    assert running.returncode == 0
    assert f"{kind} stack, since 20" in running.stdout
    assert f"OTLP/gRPC: {endpoint}" in running.stdout
    assert running.stdout.count(": runs\n") == {"embedded": 1, "process": 3, "docker": 2}[kind]
    assert again.returncode == 0
    assert f"the {kind} stack runs here already" in again.stderr
    assert f"OTEL_EXPORTER_OTLP_ENDPOINT={endpoint}\n" in again.stdout
    assert ended.returncode == 0
    assert f"the {kind} stack is ended" in ended.stderr
    assert not answers(endpoint)
    assert nothing_remains(workspace)


def test_scripts_are_told_what_runs_and_what_has_ended(workspace: Workspace) -> None:
    first, again = (json.loads(workspace.k6spec("up", "--stack", "embedded", "--json").stdout) for _ in range(2))
    ended, nothing = (json.loads(workspace.k6spec("down", "--json").stdout) for _ in range(2))

    assert first == again
    assert first["stack"] == "embedded"
    assert first["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == first["otlp_grpc"]
    assert ended == {"ended": "embedded"}
    assert nothing == {"ended": None}


def test_where_none_runs_status_and_down_say_so(workspace: Workspace) -> None:
    for _ in range(2):
        ended = workspace.k6spec("down")
        assert (ended.returncode, ended.stdout) == (0, "")
        assert "no stack runs here" in ended.stderr

    status = workspace.k6spec("status")

    assert status.returncode == 1
    assert "no stack runs here; k6spec up starts one" in status.stdout


def test_jaegers_address_is_told_and_answers(workspace: Workspace) -> None:
    workspace.up("process")

    status = workspace.k6spec("status").stdout

    (url,) = [line.split()[2] for line in status.splitlines() if "Jaeger's UI" in line]
    assert httpx.get(f"{url}/api/services", trust_env=False).status_code == 200


def test_two_workspaces_know_nothing_of_each_other(workspace: Workspace, tmp_path: Path) -> None:
    endpoint = workspace.up("embedded")["OTEL_EXPORTER_OTLP_ENDPOINT"]
    other = tmp_path / "other"
    other.mkdir()
    (other / "pyproject.toml").write_text("")

    assert workspace.k6spec("status", cwd=other).returncode == 1
    assert "no stack runs here" in workspace.k6spec("down", cwd=other).stderr
    assert answers(endpoint)

    below = workspace.root / "specs"
    below.mkdir()
    for arguments, cwd in ((["--root", str(workspace.root)], other), ([], below)):
        assert endpoint in workspace.k6spec("status", *arguments, cwd=cwd).stdout


class TestPorts:
    def test_that_are_given_are_taken(self, workspace: Workspace) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]

        exported = workspace.up("embedded", "--grpc-port", str(port))

        assert exported["OTEL_EXPORTER_OTLP_ENDPOINT"] == f"http://127.0.0.1:{port}"

    def test_that_are_usual_and_in_use_are_replaced_by_free_ones(self, workspace: Workspace) -> None:
        with suppress(OSError), socket.create_server(("127.0.0.1", 4317)):
            endpoint = workspace.up("embedded")["OTEL_EXPORTER_OTLP_ENDPOINT"]
            assert not endpoint.endswith(":4317")
            assert answers(endpoint)
            assert f"OTLP/gRPC: {endpoint} (not the usual 4317)" in workspace.k6spec("status").stdout

    def test_that_are_given_and_in_use_are_a_fault_in_words(self, workspace: Workspace) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            result = workspace.k6spec("up", "--stack", "embedded", "--http-port", str(port))

        assert result.returncode == 7
        assert f"port {port} on 127.0.0.1 cannot be had" in result.stderr
        assert "Traceback" not in result.stderr
        assert nothing_remains(workspace)

    def test_other_than_those_of_the_stack_that_runs_are_refused(self, workspace: Workspace) -> None:
        workspace.up("embedded")

        result = workspace.k6spec("up", "--grpc-port", "15999")

        assert result.returncode == 2
        assert "is left alone, as it has other ports (otlp_grpc_port: 15999 here" in result.stderr
        assert "a workspace has one stack that stays: k6spec down, then k6spec up" in result.stderr


class TestADeadCollector:
    def test_of_processes_is_shown_with_its_log_and_replaced_by_up(self, workspace: Workspace) -> None:
        workspace.up("process")
        os.kill(workspace.pid_of("otelcol"), signal.SIGKILL)

        assert eventually(lambda: workspace.k6spec("status").returncode == 1, within=20)
        status = workspace.k6spec("status", "--logs")

        assert "  collector: it died\n" in status.stdout
        assert "  jaeger: runs\n" in status.stdout
        assert "k6spec down, then k6spec up mends it" in status.stdout
        assert "[collector]\n" in status.stdout
        assert "Everything is ready" in status.stdout

        workspace.up("process")

        assert workspace.k6spec("status").returncode == 0
        workspace.k6spec("down")
        assert nothing_remains(workspace)

    @pytest.mark.docker
    def test_of_containers_is_shown_with_its_log(self, workspace: Workspace) -> None:
        workspace.up("docker")
        client = docker_client()
        (name,) = [name for name in workspace.containers() if name.endswith("otel-collector")]
        client.containers.get(name).kill()
        client.close()

        status = workspace.k6spec("status", "--logs")

        assert status.returncode == 1
        assert "otel-collector: its container ended (exit code 137)" in status.stdout
        assert "Everything is ready" in status.stdout


class TestMistakes:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--stack", "kubernetes"], "there is no stack 'kubernetes'; use one of auto, docker"),
            (["--stack", "external"], "there is nothing to start for the external stack"),
            (["--env", "nightly"], "there is no environment 'nightly'"),
        ],
    )
    def test_are_told_in_words(self, workspace: Workspace, arguments: list[str], message: str) -> None:
        result = workspace.k6spec("up", *arguments)

        assert result.returncode == 2
        assert message in result.stderr
        assert "Traceback" not in result.stderr
        assert nothing_remains(workspace)

    def test_what_the_machine_lacks_has_a_code_of_its_own(self, workspace: Workspace) -> None:
        workspace.env["K6SPEC_OTELCOL"] = "/nowhere/otelcol"

        result = workspace.k6spec("up", "--stack", "process")

        assert result.returncode == 7
        assert "otelcol = '/nowhere/otelcol': there is no such program" in result.stderr
        assert nothing_remains(workspace)

    def test_in_the_settings_do_not_keep_a_stack_from_being_ended(self, workspace: Workspace) -> None:
        workspace.up("embedded")
        (workspace.root / "pyproject.toml").write_text("[tool.k6spec]\nnonsense = 1")

        refused = workspace.k6spec("up")
        assert refused.returncode == 2
        assert "unknown setting 'nonsense'" in refused.stderr

        assert workspace.k6spec("status").returncode == 0
        assert workspace.k6spec("down").returncode == 0
        assert nothing_remains(workspace)


class TestAFileThatCannotBeRead:
    @pytest.mark.parametrize(
        ("text", "words"), [("{", "cannot be read"), ('{"format": 9}', "has format 9, this k6spec reads up to 1")]
    )
    def test_is_said_in_words(self, workspace: Workspace, text: str, words: str) -> None:
        workspace.state.parent.mkdir()
        workspace.state.write_text(text)

        for command in ("up", "status"):
            result = workspace.k6spec(command)
            assert result.returncode == 7
            assert words in result.stderr
            assert "What to do: k6spec down" in result.stderr
            assert "Traceback" not in result.stderr
        workspace.state.unlink()

    @pytest.mark.parametrize("kind", ["process", pytest.param("docker", marks=pytest.mark.docker)])
    def test_keeps_nothing_from_being_removed(self, workspace: Workspace, kind: str) -> None:
        workspace.up(kind)
        workspace.state.write_text("{")

        assert workspace.k6spec("down").returncode == 0

        assert nothing_remains(workspace)


@pytest.mark.parametrize("kind", ["process", pytest.param("docker", marks=pytest.mark.docker)])
@pytest.mark.parametrize("delay", [0.6, 0.9, 1.3])
def test_ctrl_c_leaves_a_whole_stack_or_nothing(workspace: Workspace, kind: str, delay: float) -> None:
    workspace.use(kind)
    starting = subprocess.Popen(
        [*COMMAND, "up", "--stack", kind],
        cwd=workspace.root,
        env=workspace.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
    time.sleep(delay)
    with suppress(ProcessLookupError):
        os.killpg(starting.pid, signal.SIGINT)
    starting.wait(timeout=30)

    whole = workspace.k6spec("status")

    if whole.returncode == 0:
        assert ": it " not in whole.stdout
        workspace.k6spec("down")
    assert nothing_remains(workspace)


@pytest.mark.parametrize("command", ["up", "status", "down"])
def test_help_has_an_example(workspace: Workspace, command: str) -> None:
    assert "Example: " in workspace.k6spec(command, "--help").stdout
