import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from k6spec.collect.counters import CounterReader, CounterWriter
from k6spec.collect.grpc_server import grpc_server
from k6spec.collect.intake import Intake
from k6spec.collect.spool import SpoolWriter


@pytest.mark.parametrize("gzip", [False, True])
def test_an_export_is_acknowledged_and_spooled(receiver, export, gzip):
    assert receiver.call(export(3), gzip=gzip) == b""
    assert [span["service"] for span in receiver.spans()] == ["orders"] * 3


def test_an_empty_export_is_a_success_and_not_spooled(receiver):
    assert receiver.call(b"") == b""
    assert receiver.spans() == []


@pytest.mark.parametrize("service", ["trace.v1.TraceService", "metrics.v1.MetricsService", "logs.v1.LogsService"])
def test_garbage_is_an_invalid_argument(receiver, service):
    with pytest.raises(grpc.RpcError) as caught:
        receiver.call(b"\xff\xff garbage", service)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("gzip", [False, True])
def test_too_large_is_exhausted_for_good(small_receiver, gzip):
    with pytest.raises(grpc.RpcError) as caught:
        small_receiver.call(bytes(1_000_000), gzip=gzip)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "google.rpc.retryinfo-bin" not in dict(caught.value.trailing_metadata())


def test_metrics_and_logs_are_taken_and_discarded(receiver):
    assert receiver.call(b"", "metrics.v1.MetricsService") == b""
    assert receiver.call(b"", "logs.v1.LogsService") == b""
    assert receiver.spans() == []


def test_an_unknown_service_is_unimplemented(receiver):
    with pytest.raises(grpc.RpcError) as caught:
        receiver.call(b"", "profiles.v1development.ProfilesService")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_large_export_that_its_sender_gave_up_is_taken_or_counted(tmp_path, export, monkeypatch):
    append = SpoolWriter.append

    def slowly(writer: SpoolWriter, message: bytes) -> None:
        time.sleep(0.5)
        append(writer, message)

    monkeypatch.setattr(SpoolWriter, "append", slowly)
    counters = CounterWriter(tmp_path / "counters")
    body = export(10, text="x" * 30_000)

    async def given_up() -> None:
        server = grpc_server(Intake(SpoolWriter(tmp_path / "spool"), counters))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            call = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
            calls = [asyncio.ensure_future(call(body, timeout=2)) for _ in range(30)]
            await asyncio.gather(*calls, return_exceptions=True)
        await server.stop(0)

    with ThreadPoolExecutor(1) as thread:  # Playwright leaves a running loop in the tests' own thread
        thread.submit(asyncio.run, given_up()).result()  # run() waits for the threads that it began

    counts = CounterReader(tmp_path / "counters").read()
    assert counts.accepted_spans + counts.refused * 10 == 300
