"""The quick way from OTLP/JSON to protobuf: as protobuf's own reader would read it, or not at all."""

import base64
import json

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from k6spec.collect.otlp_json import spans_of
from k6spec.collect.otlp_objects import quick_request
from tests.support.golden import GOLDEN
from tests.support.otlp_messages import MESSAGES

IDS = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174"}


def as_json(message):
    """The message in OTLP/JSON, read."""
    found = MessageToDict(message, use_integers_for_enums=True)
    for span in spans_of(found):
        for holder in (span, *span.get("links", ())):
            for name in {"traceId", "spanId", "parentSpanId"} & holder.keys():
                holder[name] = base64.b64decode(holder[name]).hex()
    return json.loads(json.dumps(found))


def quick(**span):
    return quick_request({"resourceSpans": [{"scopeSpans": [{"spans": [{**IDS, **span}]}]}]})


def attributes(value):
    return {"attributes": [{"key": "a", "value": value}]}


@pytest.mark.parametrize("message", GOLDEN)
def test_what_is_written_as_it_should_be_is_taken(message):
    request = ExportTraceServiceRequest.FromString(message)
    assert quick_request(as_json(request)) == request


@given(MESSAGES)
def test_what_is_taken_is_right(messages):
    for message in messages:
        request = ExportTraceServiceRequest.FromString(message)
        taken = quick_request(as_json(request))
        assert taken is None or taken.SerializeToString() == request.SerializeToString()


def test_nothing_is_an_empty_request():
    assert quick_request({}) == ExportTraceServiceRequest()


@pytest.mark.parametrize(
    "span",
    [
        {"trace_id": IDS["traceId"]},
        {"traceId": "xyz"},
        {"traceId": 5},
        {"name": None},
        {"name": 3},
        {"name": "\ud800"},
        {"kind": "SPAN_KIND_SERVER"},
        {"kind": True},
        {"kind": 2**31},
        {"kind": 2.0},
        {"startTimeUnixNano": "1.5"},
        {"startTimeUnixNano": " 1"},
        {"startTimeUnixNano": "1_0"},
        {"startTimeUnixNano": -1},
        {"startTimeUnixNano": str(2**64)},
        {"startTimeUnixNano": True},
        {"attributes": {}},
        {"attributes": None},
        {"status": []},
        {"newField": 1},
        {"droppedEventsCount": 2**32},
        attributes({"stringValue": "a", "intValue": "1"}),
        attributes({"intValue": 1.5}),
        attributes({"boolValue": "true"}),
        attributes({"doubleValue": "NaN"}),
        attributes({"doubleValue": float("nan")}),
        attributes({"doubleValue": True}),
        attributes({"doubleValue": 10**400}),
        attributes({"bytesValue": "?"}),
        attributes({"bytesValue": "_-8="}),
        attributes({"newValue": 1}),
        attributes({"arrayValue": {"values": [{"arrayValue": {}}]}}),
    ],
)
def test_anything_else_is_left_to_protobufs_own_reader(span):
    assert quick(**span) is None


@pytest.mark.parametrize(
    "found", [[], None, "x", 3, {"resourceSpans": {}}, {"resourceSpans": [3]}, {"batches": []}]
)
def test_what_is_no_request_is_left_to_it_too(found):
    assert quick_request(found) is None
