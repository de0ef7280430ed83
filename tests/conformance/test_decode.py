"""One suite over both decoders: the plain one is the reference."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status, TracesData

from k6spec.collect.decode import decode, decode_coded
from k6spec.store.spans import CODED, SCHEMA
from tests.support.otlp_messages import IDS, MESSAGES, attribute


@pytest.fixture(params=["plain", "fast"])
def decoder(request):
    if request.param == "fast":
        pytest.importorskip("ptars")
    return request.param


def data(*spans, resource=None):
    resource_spans = ResourceSpans(resource=resource, scope_spans=[ScopeSpans(spans=spans)])
    return TracesData(resource_spans=[resource_spans]).SerializeToString()


def rows(decoder, *messages):
    batch, undecodable = decode(messages, decoder=decoder)
    batch.validate(full=True)
    assert batch.schema == SCHEMA
    return batch.to_pylist(), undecodable


def test_nothing_is_an_empty_table(decoder):
    assert rows(decoder) == ([], 0)
    assert rows(decoder, b"", TracesData(resource_spans=[ResourceSpans()]).SerializeToString()) == ([], 0)


def test_a_span_as_received(decoder):
    span = Span(
        **IDS,
        parent_span_id=b"parent..",
        trace_state="k6spec=load",
        flags=0x301,
        name="GET /orders",
        kind=Span.SPAN_KIND_SERVER,
        start_time_unix_nano=1_700_000_000_000_000_000,
        end_time_unix_nano=1_700_000_000_000_000_412,
        status=Status(code=Status.STATUS_CODE_ERROR, message="no stock"),
        attributes=[attribute("http.request.method", string_value="GET")],
        events=[Span.Event(time_unix_nano=5, name="retry", attributes=[attribute("n", int_value=2)])],
        links=[Span.Link(**IDS, trace_state="a=b", attributes=[attribute("why", string_value="batch")])],
        dropped_attributes_count=1,
        dropped_events_count=2,
        dropped_links_count=3,
    )
    (row,), undecodable = rows(
        decoder, data(span, resource=Resource(attributes=[attribute("service.name", string_value="orders")]))
    )
    assert undecodable == 0
    assert {name: row[name] for name in SCHEMA.names[:23]} == {
        **IDS,
        "parent_span_id": b"parent..",
        "trace_state": "k6spec=load",
        "flags": 0x301,
        "service": "orders",
        "scope_name": "",
        "scope_version": "",
        "name": "GET /orders",
        "kind": "server",
        "start_ns": 1_700_000_000_000_000_000,
        "duration_ns": 412,
        "status": "error",
        "status_message": "no stock",
        "attributes": [("http.request.method", "GET")],
        "attribute_types": [],
        "resource": [("service.name", "orders")],
        "resource_types": [],
        "events": [
            {"time_ns": 5, "name": "retry", "attributes": [("n", "2")], "attribute_types": [("n", "int")]},
        ],
        "links": [{**IDS, "trace_state": "a=b", "attributes": [("why", "batch")], "attribute_types": []}],
        "dropped_attributes": 1,
        "dropped_events": 2,
        "dropped_links": 3,
    }
    assert (row["category"], row["http_method"]) == ("http_server", "GET")


NESTED = AnyValue(kvlist_value=KeyValueList(values=[attribute("é", bytes_value=b"\1")]))


@pytest.mark.parametrize(
    ("value", "text", "kind"),
    [
        (AnyValue(string_value=""), "", None),
        (AnyValue(int_value=-(2**63)), "-9223372036854775808", "int"),
        (AnyValue(bool_value=True), "true", "bool"),
        (AnyValue(bool_value=False), "false", "bool"),
        (AnyValue(double_value=1.0), "1.0", "double"),
        (AnyValue(double_value=0.1), "0.1", "double"),
        (AnyValue(double_value=-0.0), "-0.0", "double"),
        (AnyValue(double_value=1e16), "1e+16", "double"),
        (AnyValue(double_value=math.nan), "NaN", "double"),
        (AnyValue(double_value=math.inf), "Infinity", "double"),
        (AnyValue(double_value=-math.inf), "-Infinity", "double"),
        (AnyValue(bytes_value=b"\0\xff"), "AP8=", "bytes"),
        (AnyValue(bytes_value=b""), "", "bytes"),
        (AnyValue(array_value=ArrayValue()), '{"values":[]}', "array"),
        (
            AnyValue(array_value=ArrayValue(values=[AnyValue(int_value=1), AnyValue(), NESTED])),
            '{"values":[{"intValue":"1"},{},'
            '{"kvlistValue":{"values":[{"key":"é","value":{"bytesValue":"AQ=="}}]}}]}',
            "array",
        ),
        (
            AnyValue(kvlist_value=KeyValueList(values=[attribute("a", double_value=math.nan)])),
            '{"values":[{"key":"a","value":{"doubleValue":"NaN"}}]}',
            "kvlist",
        ),
        (AnyValue(), None, None),
    ],
)
def test_attribute_values_as_text_with_their_type(decoder, value, text, kind):
    (row,), _ = rows(decoder, data(Span(**IDS, attributes=[KeyValue(key="k", value=value)])))
    assert row["attributes"] == [("k", text)]
    assert row["attribute_types"] == ([] if kind is None else [("k", kind)])


@pytest.mark.parametrize(
    "broken",
    [
        {"trace_id": b""},
        {"trace_id": bytes(16)},
        {"trace_id": b"short"},
        {"span_id": b""},
        {"span_id": bytes(8)},
        {"span_id": bytes(range(9))},
        {"parent_span_id": b"abc"},
    ],
)
def test_a_span_without_valid_ids_is_dropped_and_counted_and_its_siblings_are_kept(decoder, broken):
    message = data(Span(**IDS, name="a"), Span(**{**IDS, **broken}), Span(**IDS, name="b"))
    kept, undecodable = rows(decoder, message)
    assert ([row["name"] for row in kept], undecodable) == (["a", "b"], 1)


@pytest.mark.parametrize("parent", [b"", bytes(8)])
def test_a_span_without_a_parent_is_a_root(decoder, parent):
    (row,), _ = rows(decoder, data(Span(**IDS, parent_span_id=parent)))
    assert row["parent_span_id"] is None


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (10, 5, (10, 0)),
        (10, 0, (10, 0)),
        (2**63, 2**63 + 7, (2**63 - 1, 0)),
        (0, 2**64 - 1, (0, 2**63 - 1)),
        (10, 2**64 - 1, (10, 2**63 - 11)),
    ],
)
def test_starts_and_ends_fit_int64_and_none_lasts_less_than_nothing(decoder, start, end, expected):
    (row,), _ = rows(decoder, data(Span(**IDS, start_time_unix_nano=start, end_time_unix_nano=end)))
    assert (row["start_ns"], row["duration_ns"]) == expected


def test_links_without_valid_ids_are_counted_as_dropped(decoder):
    links = [Span.Link(), Span.Link(**IDS), Span.Link(trace_id=b"x", span_id=b"y")]
    (row, other), _ = rows(decoder, data(Span(**IDS, links=links, dropped_links_count=1), Span(**IDS)))
    assert ([link["trace_id"] for link in row["links"]], row["dropped_links"]) == ([IDS["trace_id"]], 3)
    assert (other["links"], other["dropped_links"]) == ([], 0)


def test_a_key_that_comes_twice_keeps_its_first_value(decoder):
    twice = [attribute("a", int_value=1), attribute("b", string_value="x"), attribute("a", string_value="2")]
    span = Span(**IDS, attributes=twice, events=[Span.Event(attributes=twice)])
    (other, row), _ = rows(
        decoder, data(Span(**IDS, attributes=twice[:1]), span, resource=Resource(attributes=twice))
    )
    for holder in (row, row["events"][0]):
        assert holder["attributes"] == [("a", "1"), ("b", "x")]
        assert holder["attribute_types"] == [("a", "int")]
    assert row["resource"] == [("a", "1"), ("b", "x")]
    assert other["attributes"] == [("a", "1")]


@pytest.mark.parametrize(
    "attributes", [[], [attribute("service.name", string_value="")], [attribute("service.name")]]
)
def test_a_resource_without_a_service_name(decoder, attributes):
    (row,), _ = rows(decoder, data(Span(**IDS), resource=Resource(attributes=attributes)))
    assert row["service"] == "unknown_service"


def test_enums_of_the_future_are_the_unknown_ones(decoder):
    (row,), _ = rows(decoder, data(Span(**IDS, kind=77, status=Status(code=9))))
    assert (row["kind"], row["status"]) == ("unspecified", "unset")


# What follows has to go the plain way: "auto" must find that out by itself.


@pytest.mark.parametrize("garbage", [b"\xff\xff", b"\x0a\x7fshort", b"\x0b"])
@pytest.mark.parametrize("way", ["plain", "auto"])
def test_garbage_counts_as_one_and_spoils_nothing_else(way, garbage):
    kept, undecodable = rows(way, data(Span(**IDS, name="a")), garbage, data(Span(**IDS, name="b")))
    assert ([row["name"] for row in kept], undecodable) == (["a", "b"], 1)


@pytest.mark.parametrize("way", ["plain", "auto"])
def test_text_that_is_not_utf8_is_replaced(way):
    nested = AnyValue(array_value=ArrayValue(values=[AnyValue(string_value="Z@")]))
    span = Span(
        **IDS, name="Z@rich", attributes=[attribute("@", string_value="@"), KeyValue(key="n", value=nested)]
    )
    (row,), undecodable = rows(way, data(span).replace(b"@", b"\xfc"))
    assert (row["name"], undecodable) == ("Z\ufffdrich", 0)
    assert dict(row["attributes"]) == {"\ufffd": "\ufffd", "n": '{"values":[{"stringValue":"Z\ufffd"}]}'}


@pytest.mark.parametrize("way", ["plain", "auto"])
def test_of_several_values_in_one_attribute_the_last_counts(way):
    merged = AnyValue(int_value=1).SerializeToString() + AnyValue(string_value="s").SerializeToString()
    stand_in = AnyValue(string_value="xyz").SerializeToString()
    assert len(merged) == len(stand_in)
    message = data(Span(**IDS, attributes=[attribute("k", string_value="xyz")])).replace(stand_in, merged)
    (row,), _ = rows(way, message)
    assert row["attributes"] == [("k", "s")]


@pytest.mark.skipif(
    "string_value_strindex" not in AnyValue.DESCRIPTOR.fields_by_name,
    reason="an OTLP older than profiles' strings",
)
@pytest.mark.parametrize("first", [AnyValue(), AnyValue(bool_value=True), AnyValue(string_value="s")])
@pytest.mark.parametrize("way", ["plain", "auto"])
def test_an_index_into_the_strings_of_profiles_takes_the_place_of_a_value(way, first):
    merged = first.SerializeToString() + AnyValue(string_value_strindex=5).SerializeToString()
    stand_in = AnyValue(bytes_value=bytes(len(merged) - 2)).SerializeToString()
    message = data(Span(**IDS, attributes=[attribute("k", bytes_value=bytes(len(merged) - 2))]))
    (row,), _ = rows(way, message.replace(stand_in, merged))
    assert (row["attributes"], row["attribute_types"]) == ([("k", None)], [])


def test_a_list_in_several_parts_is_one(decoder):
    parts = [AnyValue(array_value=ArrayValue(values=[AnyValue(int_value=number)])) for number in (1, 2)]
    merged = b"".join(part.SerializeToString() for part in parts)
    stand_in = AnyValue(bytes_value=bytes(len(merged) - 2))
    message = data(Span(**IDS, attributes=[KeyValue(key="k", value=stand_in)]))
    (row,), _ = rows(decoder, message.replace(stand_in.SerializeToString(), merged))
    assert row["attributes"] == [("k", '{"values":[{"intValue":"1"},{"intValue":"2"}]}')]


def test_deep_nesting_cannot_crash():
    value = AnyValue(int_value=1)
    for _ in range(40):
        value = AnyValue(array_value=ArrayValue(values=[value]))
    (row,), _ = rows("auto", data(Span(**IDS, attributes=[KeyValue(key="deep", value=value)])))
    assert row["attributes"][0][1].count("arrayValue") == 39


@settings(max_examples=150, deadline=None)
@given(MESSAGES)
def test_both_give_the_same_table(messages):
    pytest.importorskip("ptars")
    plain, undecodable = decode(messages, decoder="plain")
    fast, fast_undecodable = decode(messages, decoder="fast")
    fast.validate(full=True)
    assert undecodable == fast_undecodable
    assert fast.to_pylist() == plain.to_pylist()
    assert fast.schema == plain.schema == SCHEMA


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=3))
def test_no_bytes_can_crash_it(messages):
    assert decode(messages)[0].equals(decode(messages, decoder="plain")[0])


@pytest.mark.parametrize(
    "holder",
    [
        Span(**IDS),
        Span(trace_id=b"short", span_id=b"span-id!"),
        Span(trace_id=b"short", events=[Span.Event(name="n")], links=[Span.Link(trace_id=b"short")]),
    ],
)
@pytest.mark.parametrize("place", ["span", "event", "link"])
def test_an_attribute_that_is_no_protobuf_leaves_nothing_of_its_message(holder, place):
    pytest.importorskip("ptars")
    span = Span.FromString(holder.SerializeToString())
    if place == "event":
        span.events.add(attributes=[attribute("cut off", int_value=1)])
    elif place == "link":
        span.links.add(attributes=[attribute("cut off", int_value=1)])
    else:
        span.attributes.append(attribute("cut off", int_value=1))
    broken = data(span).replace(b"\x07cut off", b"\x7fcut off")
    good = data(Span(**IDS, name="good"))
    for way in ("plain", "auto"):
        found, undecodable = rows(way, good, broken)
        assert ([row["name"] for row in found], undecodable) == (["good"], 1)


def test_keys_that_come_again_among_many(decoder):
    keys = [f"key {number}" for number in range(600)]
    spans = [
        Span(
            **IDS, attributes=[attribute(key, int_value=number) for number, key in enumerate([*keys, *keys[:3]])]
        ),
        Span(**IDS, attributes=[attribute("key 1", int_value=5), attribute("key 1", string_value="again")]),
    ]
    found, _ = rows(decoder, data(*spans))
    assert found[0]["attributes"] == [(key, str(number)) for number, key in enumerate(keys)]
    assert (found[1]["attributes"], found[1]["attribute_types"]) == ([("key 1", "5")], [("key 1", "int")])


def test_nothing_is_kept_of_a_value_that_is_left_out(decoder):
    span = Span(**IDS, attributes=[attribute("token", int_value=7), attribute("token", string_value="hunter2")])
    batch, _ = decode_coded([data(span)], decoder=decoder)
    assert batch.column("attributes").items.dictionary.to_pylist() == ["7"]


@pytest.mark.parametrize("spans", [[], [Span(**{**IDS, "span_id": b"short"})]])
def test_nothing_is_kept_of_a_resource_without_spans(decoder, spans):
    secret = Resource(attributes=[attribute("password", string_value="hunter2")])
    batch, _ = decode_coded(
        [data(*spans, resource=secret), data(Span(**IDS), resource=Resource(attributes=[attribute("a")]))],
        decoder=decoder,
    )
    resources = batch.column("resource")
    assert (resources.to_pylist(), resources.items.dictionary.drop_null().to_pylist()) == ([[("a", None)]], [])


@settings(max_examples=50, deadline=None)
@given(MESSAGES)
def test_a_coded_batch_holds_the_same_spans(messages):
    for way in ("plain", "auto"):
        batch, _ = decode_coded(messages, decoder=way)
        batch.validate(full=True)
        assert batch.schema == CODED
        assert batch.cast(SCHEMA).equals(decode(messages, decoder=way)[0])
