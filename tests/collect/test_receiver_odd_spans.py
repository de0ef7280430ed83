"""Spans that nobody should send, by each way in: they are kept or counted, and good ones beside them are kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, TracesData

from k6spec.collect.decode import decode
from k6spec.collect.handshake import SPOOL_NAME
from k6spec.collect.spool import SpoolReader
from tests.collect.conftest import Receiver
from tests.support.otlp_messages import IDS, attribute
from tests.support.wire import BYTES, encoded, nested_kvlist

JSON = "application/json"
LARGE = "x" * 1_000_000


def by_grpc(receiver: Receiver, message: bytes) -> int:
    try:
        receiver.call(message)
    except grpc.RpcError as error:
        return {grpc.StatusCode.INVALID_ARGUMENT: 400}.get(error.code(), 500)
    return 200


def by_http(receiver: Receiver, message: bytes) -> int:
    return receiver.post(message).status_code


def by_json(receiver: Receiver, message: bytes) -> int:
    return receiver.post(json.dumps(in_json(TracesData.FromString(message))).encode(), kind=JSON).status_code


def in_json(data: TracesData) -> dict[str, Any]:
    """OTLP's own JSON: ids in hex, enums as numbers."""
    plain = MessageToDict(data, use_integers_for_enums=True)
    for scope, written in zip(
        data.resource_spans[0].scope_spans, plain["resourceSpans"][0]["scopeSpans"], strict=True
    ):
        for span, found in zip(scope.spans, written["spans"], strict=True):
            found |= {"traceId": span.trace_id.hex(), "spanId": span.span_id.hex()}
    return plain


def message_of(*spans: Span) -> bytes:
    return TracesData(resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=spans)])]).SerializeToString()


def decoded(receiver: Receiver) -> tuple[list[dict[str, Any]], int]:
    batch, undecodable = decode(SpoolReader(receiver.directory / SPOOL_NAME).read(1 << 30))
    return batch.to_pylist(), undecodable


@pytest.mark.parametrize("send", [by_grpc, by_http, by_json])
def test_odd_spans_are_kept_beside_good_ones(receiver: Receiver, send: Callable[..., int]) -> None:
    spans = [
        Span(**IDS, name="good"),
        Span(**IDS, name="good"),  # its ids again: which one is left out is decided when all are there
        Span(**IDS, name="ends early", start_time_unix_nano=10, end_time_unix_nano=5),
        Span(**IDS, name="1970", start_time_unix_nano=0, end_time_unix_nano=1),
        Span(**IDS, name="2262", start_time_unix_nano=2**63 - 1, end_time_unix_nano=2**63 - 1),
        Span(
            **IDS, name="wide", attributes=[attribute(f"k{number}", int_value=number) for number in range(10_000)]
        ),
        Span(**IDS, name="large", attributes=[attribute("text", string_value=LARGE)]),
        Span(trace_id=bytes(16), span_id=IDS["span_id"], name="zero"),
        Span(trace_id=b"short", span_id=b"short", name="short"),
    ]
    assert send(receiver, message_of(*spans)) == 200
    found, undecodable = decoded(receiver)
    assert [row["name"] for row in found] == [span.name for span in spans[:7]]
    assert (undecodable, receiver.counts.accepted_spans) == (2, 9)
    rows = {row["name"]: row for row in found}
    assert (rows["ends early"]["duration_ns"], rows["1970"]["start_ns"]) == (0, 0)
    assert rows["2262"]["start_ns"] == 2**63 - 1
    assert len(rows["wide"]["attributes"]) == 10_000
    assert dict(rows["large"]["attributes"])["text"] == LARGE


def test_a_span_whose_ids_are_no_hex_costs_its_siblings_nothing(receiver: Receiver) -> None:
    spans = [{"traceId": trace_id, "spanId": "eee19b7ec3c1b174"} for trace_id in ("not hex", "5b" * 16)]
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()
    assert receiver.post(body, kind=JSON).status_code == 200
    found, undecodable = decoded(receiver)
    assert ([row["trace_id"].hex() for row in found], undecodable) == (["5b" * 16], 1)


@pytest.mark.parametrize("send", [by_grpc, by_http])
def test_invalid_utf8_is_replaced_and_the_spans_are_kept(receiver: Receiver, send: Callable[..., int]) -> None:
    spans = [Span(**IDS, name="good"), Span(**IDS, attributes=[attribute("city", string_value="Z@rich")])]
    assert send(receiver, message_of(*spans).replace(b"@", b"\xfc")) == 200
    good, replaced = receiver.spans()
    assert (good["name"], replaced["attributes"]) == ("good", [("city", "Z\ufffdrich")])


@pytest.mark.parametrize("depth", [20, 90, 2_000])
@pytest.mark.parametrize("send", [by_grpc, by_http])
def test_recursion_is_taken_or_refused_and_never_crashes_it(
    receiver: Receiver, export: Callable[..., bytes], send: Callable[..., int], depth: int
) -> None:
    deep = encoded((1, BYTES, b"deep")) + encoded((2, BYTES, nested_kvlist(depth)))
    span = Span(**IDS, name="deep").SerializeToString() + encoded((9, BYTES, deep))
    status = send(receiver, encoded((1, BYTES, encoded((2, BYTES, encoded((2, BYTES, span)))))))
    assert status == (200 if depth == 20 else 400)
    assert receiver.post(export()).status_code == 200
    assert len(receiver.spans()) == (2 if status == 200 else 1)


@pytest.mark.parametrize("depth", [20, 90, 2_000, 100_000])
def test_recursion_in_json_is_taken_or_refused_and_never_crashes_it(
    receiver: Receiver, export: Callable[..., bytes], depth: int
) -> None:
    value = '{"kvlistValue":{"values":[{"key":"k","value":' * depth + '{"intValue":1}' + "}]}}" * depth
    span = f'{{"traceId":"{IDS["trace_id"].hex()}","spanId":"{IDS["span_id"].hex()}",'
    span += f'"attributes":[{{"key":"deep","value":{value}}}]}}'
    body = f'{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{span}]}}]}}]}}'
    status = receiver.post(body.encode(), kind=JSON).status_code
    assert status == (200 if depth == 20 else 400)
    assert receiver.post(export()).status_code == 200
    assert len(receiver.spans()) == (2 if status == 200 else 1)
