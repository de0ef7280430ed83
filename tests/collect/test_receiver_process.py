import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from k6spec.collect.handshake import SPOOL_PREFIX
from k6spec.collect.leftovers import sweep_spools
from tests.collect.conftest import start_receiver

ROOT = Path(__file__).parents[2]


def command(directory, *arguments):
    return [sys.executable, "-m", "k6spec.collect.receiver", "--spool", str(directory), *arguments]


def test_sigterm_ends_it_in_order_and_sigint_is_left_to_the_parent(receiver, export):
    receiver.child.send_signal(signal.SIGINT)
    time.sleep(0.2)
    assert receiver.post(export()).status_code == 200
    receiver.child.send_signal(signal.SIGTERM)
    assert receiver.child.wait(10) == 0
    assert len(receiver.spans()) == 1


def test_the_spool_is_private(receiver):
    spool = receiver.directory / "spans.spool"
    assert spool.stat().st_mode & 0o777 == 0o600
    assert (receiver.directory / "counters").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("option", ["--grpc-port", "--http-port"])
def test_a_port_in_use_is_said_in_a_line(tmp_path, option):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = subprocess.run(
            command(tmp_path, option, str(port)),
            cwd=ROOT,
            env={**os.environ, "GRPC_VERBOSITY": "NONE"},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr.count("\n") == 1
    assert f"port {port} on 127.0.0.1" in ended.stderr


def test_killing_the_parent_ends_it_and_wipes_the_spool(tmp_path):
    parent = f"""
import subprocess, sys, time
from k6spec.child import Child
child = Child({command(tmp_path / "spool", "--wipe")!r}, stdout=subprocess.PIPE)
print(child.stdout.readline().decode(), flush=True)
time.sleep(60)
"""
    (tmp_path / "spool").mkdir()
    process = subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = __import__("json").loads(process.stdout.readline())["http"]
    process.kill()
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and (tmp_path / "spool").exists():
        time.sleep(0.05)
    assert not (tmp_path / "spool").exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_a_full_disk_asks_to_send_again_and_leaves_whole_records(receiver, export):
    assert receiver.post(export(2)).status_code == 200
    spool = receiver.directory / "spans.spool"
    size = spool.stat().st_size
    pid = int(subprocess.check_output(["pgrep", "-f", f"^[^ ]+ -m k6spec.*{receiver.directory}"]).split()[0])
    # A limit on file size is what a full disk is to os.write, and Python ignores its signal.
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size + 50, resource.RLIM_INFINITY))
    answer = receiver.post(export(3))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    with pytest.raises(grpc.RpcError) as caught:
        receiver.call(export(4))
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert spool.stat().st_size == size
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert receiver.call(export(5)) == b""
    assert len(receiver.spans()) == 7
    assert (receiver.counts.refused, receiver.counts.unwritten) == (7, 7)


def metrics(name, value, error, *, delta=False, start=1, service="orders"):
    request = ExportMetricsServiceRequest()
    resource_metrics = request.resource_metrics.add()
    resource_metrics.resource.attributes.add(key="service.name").value.string_value = service
    metric = resource_metrics.scope_metrics.add().metrics.add(name=name)
    metric.sum.aggregation_temporality = 1 if delta else 2
    point = metric.sum.data_points.add(start_time_unix_nano=start)
    setattr(point, "as_int" if isinstance(value, int) else "as_double", value)
    if error:
        point.attributes.add(key="error.type").value.string_value = error
    return request.SerializeToString()


def test_sdk_drop_counters_are_kept_whatever_their_temporality(receiver):
    processed, exported = "otel.sdk.processor.span.processed", "otel.sdk.exporter.span.exported"
    for message in (
        metrics(processed, 100, None),
        metrics(processed, 3, "queue_full"),
        metrics(processed, 5, "queue_full"),
        metrics(processed, 2, "queue_full", start=2),  # the process was started anew
        metrics(processed, 1, "queue_full", service="stock"),
        metrics(processed, 9, "already_shutdown"),
        metrics(exported, 4, "rejected", delta=True),
        metrics(exported, 4, "rejected", delta=True),
        metrics("other", 50, "queue_full"),
    ):
        receiver.post(message, path="/v1/metrics")
    assert (receiver.counts.sdk_queue_full, receiver.counts.sdk_export_failed) == (8, 8)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30, 2**63 - 1])
def test_drop_counters_that_no_sdk_can_mean_are_taken(receiver, value):
    for error in ("queue_full", "queue_full"):
        message = metrics("otel.sdk.processor.span.processed", value, error, delta=True)
        assert receiver.call(message, service="metrics.v1.MetricsService") == b""
    assert receiver.counts.sdk_queue_full in {0, 2**63 - 1}


def test_spools_of_killed_receivers_are_swept_away_and_those_of_living_ones_stay(tmp_path):
    dead, living, young = (tmp_path / f"{SPOOL_PREFIX}{name}" for name in ("dead", "living", "young"))
    other = tmp_path / f"{SPOOL_PREFIX}docker"
    other.mkdir()
    (other / "spans.spool").write_bytes(b"no receiver's")
    receivers = [start_receiver(folder) for folder in (dead, living, young)]
    try:
        for running in (receivers[0], receivers[2]):
            pattern = f"^[^ ]+ -m k6spec.*{running.directory}"
            os.kill(int(subprocess.check_output(["pgrep", "-f", pattern]).split()[0]), signal.SIGKILL)
            running.child.wait(10)
        for folder in (dead, living, other):
            os.utime(folder, (0, 0))
        sweep_spools(tmp_path)
        assert sorted(tmp_path.iterdir()) == sorted([living, young, other])
    finally:
        for running in receivers:
            with running.child:
                pass
