import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from k6spec.errors import StackFault
from k6spec.stack.process import ProcessStack
from tests.support.stacks import binary, export_of, make_stack, post, rows_of

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def stack(tmp_path):
    backend = make_stack("process", tmp_path)
    backend.start()
    yield backend
    backend.stop()


def pids_of(name, port):
    """The programs called ``name`` whose configuration, in their environment, has this port."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            program = (folder / "cmdline").read_bytes().split(b"\0")[0].decode()
            if program.endswith(f"/{name}") and f"127.0.0.1:{port}\n" in (folder / "environ").read_text():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def port_of(url):
    return url.split(":")[2].partition("/")[0]


def guards():
    listing = subprocess.check_output(["ps", "-wweo", "ppid=,args="], text=True)
    return [line for line in listing.splitlines() if line.split()[0] == str(os.getpid()) and "_guard.py" in line]


def wait_while(condition, timeout=10.0):
    deadline = time.monotonic() + timeout
    while condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not condition()


def test_a_collector_that_died_is_a_fault_with_its_log(stack):
    feed = stack.feed()
    (pid,) = pids_of("otelcol", port_of(stack.endpoints().otlp_grpc))
    os.kill(pid, signal.SIGKILL)
    wait_while(lambda: pids_of("otelcol", port_of(stack.endpoints().otlp_grpc)))
    time.sleep(0.2)
    for ask in (feed.losses, stack.feed):
        with pytest.raises(StackFault, match="the Collector died") as caught:
            ask()
        assert "Everything is ready" in caught.value.log_tail
    with pytest.raises(StackFault, match="the Collector died"):
        list(feed.poll())


def test_one_whose_collector_died_can_be_started_again(stack):
    (pid,) = pids_of("otelcol", port_of(stack.endpoints().otlp_grpc))
    os.kill(pid, signal.SIGKILL)
    wait_while(lambda: stack.parts()[0].ailment != "it died")
    stack.start()
    assert post(stack, export_of(1)).status_code == 200
    assert len(guards()) == 3


def test_a_jaeger_that_died_costs_the_links_alone(stack):
    feed = stack.feed()
    (pid,) = pids_of("jaeger", port_of(stack.trace_url("00")))
    os.kill(pid, signal.SIGKILL)
    wait_while(lambda: stack.trace_url("00") is not None)
    post(stack, export_of(10))
    assert len(rows_of(feed, 10)) == 10
    assert feed.losses().total == 0


def test_without_jaeger_there_is_no_link(tmp_path):
    stack = ProcessStack(otelcol=binary("otelcol"), jaeger="/nowhere", with_jaeger=False, spool_root=tmp_path)
    stack.start()
    try:
        feed = stack.feed()
        assert post(stack, export_of(1)).status_code == 200
        assert stack.trace_url("00") is None
        assert feed.losses().total == 0
    finally:
        stack.stop()


@pytest.mark.parametrize("missing", ["otelcol", "jaeger"])
def test_a_program_that_is_not_on_path_is_a_fault_that_names_the_setting(tmp_path, monkeypatch, missing):
    programs = {"otelcol": sys.executable, "jaeger": sys.executable, missing: None}
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackFault, match=f"no {missing}.* on PATH") as caught:
        ProcessStack(**programs).start()
    assert f"{missing} in [tool.k6spec]" in caught.value.advice


def test_a_path_to_nothing_is_a_fault(tmp_path):
    with pytest.raises(StackFault, match="otelcol = '/nowhere/otelcol': there is no such program"):
        ProcessStack(otelcol="/nowhere/otelcol").start()


def test_a_program_that_ends_at_once_is_a_fault_with_its_log(tmp_path):
    # Jaeger does not know the Collector's exporters.
    jaeger = binary("jaeger")
    stack = ProcessStack(otelcol=jaeger, jaeger=jaeger, spool_root=tmp_path)
    with pytest.raises(StackFault, match=r"the Collector did not start \(exit code 1\)") as caught:
        stack.start()
    assert "unknown type" in caught.value.log_tail
    assert "0.144 or newer" in caught.value.advice
    assert list(tmp_path.iterdir()) == []


def test_the_logs_of_all_three_outlive_the_stack(stack):
    running = stack.logs()
    stack.stop()
    assert "Everything is ready" in running
    for name in ("collector", "jaeger", "receiver"):
        assert f"[{name}]" in stack.logs()


def test_a_killed_session_takes_its_programs_along(tmp_path):
    script = (
        "import os, signal; from pathlib import Path; from tests.support.stacks import make_stack\n"
        f"stack = make_stack('process', Path({str(tmp_path)!r})); stack.start()\n"
        "print(stack.endpoints().otlp_grpc, stack.trace_url('00'), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    collector, jaeger = killed.stdout.split()
    wait_while(lambda: pids_of("otelcol", port_of(collector)) + pids_of("jaeger", port_of(jaeger)))
    wait_while(lambda: list(tmp_path.iterdir()))


@pytest.mark.parametrize("delay", [0.02, 0.2, 0.4])
def test_ctrl_c_during_start_leaves_nothing(tmp_path, delay):
    stack = make_stack("process", tmp_path)

    def start_and_wait():
        stack.start()
        time.sleep(5)

    timer = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        interrupted = False
        try:
            start_and_wait()
        except KeyboardInterrupt:
            interrupted = True
    finally:
        timer.cancel()
        stack.stop()
    assert interrupted
    # A guard that was being started ends when the last reference to it does.
    wait_while(guards)
    wait_while(lambda: list(tmp_path.iterdir()))
