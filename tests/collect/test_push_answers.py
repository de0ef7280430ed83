"""Endpoints that do not simply take the spans that are pushed: they are busy, refuse, reject or are absent."""

from __future__ import annotations

import time
from email.utils import formatdate

import grpc
import pytest

from k6spec.collect.push import Pushed, push
from k6spec.collect.push_grpc import GrpcSender
from k6spec.collect.push_http import HttpSender
from k6spec.collect.push_retry import Persistent
from k6spec.errors import StackFault
from k6spec.units import ms
from tests.support.otlp_server import Answer, grpc_endpoint, http_endpoint, partly, spans, target_at
from tests.support.stacks import quiet_port

pytestmark = pytest.mark.timeout(180)

HANG_UP = Answer(status=0)
UNAVAILABLE = Answer(status=503, code=grpc.StatusCode.UNAVAILABLE)
REFUSED = Answer(status=400, code=grpc.StatusCode.INVALID_ARGUMENT, body=b"no spans, please")
FORBIDDEN = Answer(status=401, code=grpc.StatusCode.UNAUTHENTICATED, body=b"who are you, s3cret?")


@pytest.fixture(params=["http", "grpc"])
def endpoint(request):
    """An endpoint that answers as the test says."""
    with {"http": http_endpoint, "grpc": grpc_endpoint}[request.param]() as opened:
        yield opened


def test_a_busy_endpoint_is_asked_again(endpoint):
    endpoint.answers = [UNAVAILABLE, UNAVAILABLE]
    assert push([spans(5)], target_at(endpoint.url)).spans == 5
    assert len(endpoint.requests) == 3
    assert len(endpoint.taken) == 5


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_retryable_http_answers(status):
    with http_endpoint() as endpoint:
        endpoint.answers = [Answer(status=status)]
        assert push([spans()], target_at(endpoint.url)).spans == 1


@pytest.mark.parametrize("code", ["CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "DATA_LOSS"])
def test_retryable_grpc_answers(code):
    with grpc_endpoint() as endpoint:
        endpoint.answers = [Answer(code=grpc.StatusCode[code])]
        assert push([spans()], target_at(endpoint.url)).spans == 1


def test_an_exhausted_grpc_endpoint_is_asked_again_only_if_it_says_so():
    exhausted = grpc.StatusCode.RESOURCE_EXHAUSTED
    details = (("grpc-status-details-bin", b"\x1a type.googleapis.com/google.rpc.RetryInfo"),)
    with grpc_endpoint() as endpoint:
        endpoint.answers = [Answer(code=exhausted, trailing=details), Answer(code=exhausted, body=b"too large")]
        with pytest.raises(StackFault, match="RESOURCE_EXHAUSTED: too large"):
            push([spans()], target_at(endpoint.url))
        assert len(endpoint.requests) == 2


@pytest.mark.parametrize("after", [lambda: "1", lambda: formatdate(time.time() + 2, usegmt=True)])
def test_retry_after_is_waited_for(after):
    with http_endpoint() as endpoint:
        endpoint.answers = [Answer(status=503, headers={"Retry-After": after()})]
        begun = time.monotonic()
        push([spans()], target_at(endpoint.url))
        assert time.monotonic() - begun > 0.9


def test_who_asks_to_wait_longer_than_anybody_would_has_refused():
    with http_endpoint() as endpoint:
        endpoint.answers = [Answer(status=503, headers={"Retry-After": "3600"})]
        with pytest.raises(StackFault, match="refused spans with 503"):
            push([spans()], target_at(endpoint.url))


def test_patience_ends(endpoint):
    endpoint.answers = [UNAVAILABLE] * 1_000
    target = target_at(endpoint.url)
    sender = GrpcSender(target) if target.wire == "grpc" else HttpSender(target, connections=1)
    with pytest.raises(StackFault, match="refused spans with"):
        Persistent(sender, patience=ms(500)).send(b"")
    sender.close()
    assert len(endpoint.requests) > 1


def test_a_refusal_is_not_repeated_and_says_why(endpoint):
    endpoint.answers = [REFUSED]
    with pytest.raises(StackFault, match=r"refused spans with (400|INVALID_ARGUMENT): no spans, please"):
        push([spans()], target_at(endpoint.url))
    assert len(endpoint.requests) == 1


def test_a_refusal_in_protobuf_is_read():
    status = partly(3, "no such tenant")[2:]  # google.rpc.Status has the same two fields
    with http_endpoint() as endpoint:
        endpoint.answers = [Answer(status=400, body=status, headers={"content-type": "application/x-protobuf"})]
        with pytest.raises(StackFault, match="refused spans with 400: no such tenant"):
            push([spans()], target_at(endpoint.url))


def test_who_must_say_who_they_are_is_told_how_and_no_secret_is_shown(endpoint):
    endpoint.answers = [FORBIDDEN]
    with pytest.raises(StackFault) as caught:
        push([spans()], target_at(endpoint.url, headers={"Authorization": "s3cret"}))
    assert "s3cret" not in str(caught.value)
    assert "headers" in caught.value.advice


def test_spans_that_are_rejected_are_counted(endpoint):
    endpoint.answers = [Answer(body=partly(2, "too old")), Answer(body=partly(1, "too new"))]
    pushed = push([spans(10), spans(10)], target_at(endpoint.url))
    assert (pushed.spans, pushed.rejected) == (17, 3)
    assert pushed.reason in {"too old", "too new"}


def test_a_warning_is_no_rejection(endpoint):
    endpoint.answers = [Answer(body=partly(0, "slow down"))]
    assert push([spans(10)], target_at(endpoint.url)) == Pushed(spans=10, rejected=0, reason="")


@pytest.mark.parametrize("scheme", ["http", "grpc", "grpcs", "https"])
def test_nothing_listens(scheme):
    begun = time.monotonic()
    with pytest.raises(StackFault, match="does not take OTLP over") as caught:
        push([spans()], target_at(f"{scheme}://127.0.0.1:{quiet_port()}"))
    assert "check the address" in caught.value.advice
    assert time.monotonic() - begun < 20


def test_grpc_where_http_is_spoken():
    with http_endpoint() as endpoint, pytest.raises(StackFault, match="does not take OTLP over gRPC") as caught:
        push([spans()], target_at(endpoint.url.replace("http", "grpc", 1)))
    assert "http://host:port" in caught.value.advice


def test_http_where_grpc_is_spoken():
    with grpc_endpoint() as endpoint, pytest.raises(StackFault, match="does not take OTLP over HTTP") as caught:
        push([spans()], target_at(endpoint.url.replace("grpc", "http", 1)))
    assert "grpc://host:port" in caught.value.advice


def test_an_endpoint_that_hangs_up_meanwhile_is_asked_again():
    with http_endpoint() as endpoint:
        endpoint.answers = [Answer(status=503), HANG_UP]
        assert push([spans()], target_at(endpoint.url)).spans == 1
        assert len(endpoint.requests) == 3


def test_an_endpoint_that_hangs_up_before_it_ever_answered_takes_no_otlp():
    with http_endpoint() as endpoint:
        endpoint.answers = [HANG_UP]
        with pytest.raises(StackFault, match="does not take OTLP over HTTP"):
            push([spans()], target_at(endpoint.url))
