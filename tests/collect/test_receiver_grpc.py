import grpc
import pytest


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
