import json

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from k6spec.collect.otlp_json import traces_from_json

IDS = {"traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "EEE19B7EC3C1B174"}


def convert(*spans):
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]})
    return TracesData.FromString(traces_from_json(body)).resource_spans[0].scope_spans[0].spans


def test_ids_are_hexadecimal_in_either_case_also_in_links():
    (span,) = convert({**IDS, "parentSpanId": "eee19b7ec3c1b173", "links": [IDS]})
    assert span.trace_id.hex() == span.links[0].trace_id.hex() == IDS["traceId"].lower()
    assert span.span_id.hex() == span.links[0].span_id.hex() == IDS["spanId"].lower()
    assert span.parent_span_id.hex() == "eee19b7ec3c1b173"


def test_int64_come_as_texts_or_numbers():
    first, second = convert({**IDS, "startTimeUnixNano": "1544712660000000000"}, {**IDS, "startTimeUnixNano": 17})
    assert (first.start_time_unix_nano, second.start_time_unix_nano) == (1544712660000000000, 17)


def test_every_attribute_type():
    values = {
        "s": {"stringValue": "text"},
        "i": {"intValue": "-5"},
        "n": {"intValue": 7},
        "d": {"doubleValue": 1.5},
        "f": {"boolValue": False},
        "b": {"bytesValue": "AAE="},
        "a": {"arrayValue": {"values": [{"intValue": "1"}]}},
        "k": {"kvlistValue": {"values": [{"key": "x", "value": {"stringValue": "y"}}]}},
        "e": {},
    }
    (span,) = convert({**IDS, "attributes": [{"key": key, "value": value} for key, value in values.items()]})
    read = {a.key: a.value for a in span.attributes}
    assert (read["s"].string_value, read["i"].int_value, read["n"].int_value) == ("text", -5, 7)
    assert (read["d"].double_value, read["b"].bytes_value) == (1.5, b"\0\1")
    assert read["f"].WhichOneof("value") == "bool_value"
    assert read["a"].array_value.values[0].int_value == 1
    assert read["k"].kvlist_value.values[0].value.string_value == "y"
    assert read["e"].WhichOneof("value") is None


def test_unknown_fields_are_ignored_also_inside():
    (span,) = convert({**IDS, "colour": "red", "status": {"code": 2, "shade": {}}})
    assert span.status.code == 2


def test_an_id_that_is_no_hex_spoils_its_own_span_only():
    spans = convert({**IDS, "traceId": "zz"}, IDS, {**IDS, "parentSpanId": "xyz"})
    assert [(len(span.trace_id), len(span.parent_span_id)) for span in spans] == [(0, 0), (16, 0), (16, 1)]


def test_half_a_surrogate_pair_is_replaced():
    (span,) = convert({**IDS, "name": "cut \ud83d"})
    assert span.name == "cut \ufffd"


@pytest.mark.parametrize("key", [r"\ud800", r"name\udfff"])
def test_half_a_surrogate_pair_in_the_name_of_a_field_spoils_nothing(key):
    body = f'{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"name":"a","{key}":1}}]}}]}}]}}'
    request = TracesData.FromString(traces_from_json(body))
    assert [span.name for span in request.resource_spans[0].scope_spans[0].spans] == ["a"]


@pytest.mark.parametrize("span", [{"kind": "SPAN_KIND_SERVER"}, {"status": {"code": "STATUS_CODE_OK"}}])
def test_enums_are_not_names(span):
    with pytest.raises(ValueError, match="integers"):
        convert({**IDS, **span})


@pytest.mark.parametrize(
    "span", [3, {"kind": float("inf")}, {"links": [3]}, {"traceId": 5}, {"attributes": {"a": 1}}, {"status": 1}]
)
def test_another_shape_is_an_error(span):
    with pytest.raises(ValueError):
        convert(span)
