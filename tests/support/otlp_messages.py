"""OTLP trace messages as Hypothesis draws them: all that the protocol allows, and some that it does not."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status, TracesData

IDS = {"trace_id": bytes(range(16)), "span_id": bytes(range(1, 9))}
TEXTS = st.text(max_size=8)
UINT32 = st.integers(0, 2**32 - 1)
UINT64 = st.one_of(st.integers(0, 2**64 - 1), st.sampled_from([0, 2**63 - 1, 2**63, 2**64 - 1]))


def attribute(key: str, **value: Any) -> KeyValue:
    """An attribute with one value."""
    return KeyValue(key=key, value=AnyValue(**value))


VALUES = st.recursive(
    st.one_of(
        st.builds(AnyValue),
        st.builds(AnyValue, string_value=TEXTS),
        st.builds(AnyValue, bool_value=st.booleans()),
        st.builds(AnyValue, int_value=st.integers(-(2**63), 2**63 - 1)),
        st.builds(AnyValue, double_value=st.floats()),
        st.builds(AnyValue, bytes_value=st.binary(max_size=5)),
    ),
    lambda inner: st.one_of(
        st.builds(lambda v: AnyValue(array_value=ArrayValue(values=v)), st.lists(inner, max_size=2)),
        st.builds(
            lambda v: AnyValue(kvlist_value=KeyValueList(values=v)),
            st.lists(st.builds(KeyValue, key=TEXTS, value=inner), max_size=2),
        ),
    ),
    max_leaves=3,
)
KEYS = st.one_of(st.sampled_from(["db.system", "db.statement", "http.method", "http.status_code", "a"]), TEXTS)
ATTRIBUTES = st.lists(st.builds(KeyValue, key=KEYS, value=st.one_of(st.none(), VALUES)), max_size=4)
TRACE_IDS = st.one_of(
    st.binary(min_size=16, max_size=16), st.sampled_from([b"", bytes(16), b"x", IDS["trace_id"]])
)
SPAN_IDS = st.one_of(st.binary(min_size=8, max_size=8), st.sampled_from([b"", bytes(8), b"x", IDS["span_id"]]))
SPANS = st.builds(
    Span,
    trace_id=TRACE_IDS,
    span_id=SPAN_IDS,
    parent_span_id=SPAN_IDS,
    trace_state=TEXTS,
    flags=UINT32,
    name=TEXTS,
    kind=st.integers(0, 7),
    start_time_unix_nano=UINT64,
    end_time_unix_nano=UINT64,
    attributes=ATTRIBUTES,
    events=st.lists(st.builds(Span.Event, time_unix_nano=UINT64, name=TEXTS, attributes=ATTRIBUTES), max_size=2),
    links=st.lists(
        st.builds(Span.Link, trace_id=TRACE_IDS, span_id=SPAN_IDS, trace_state=TEXTS, attributes=ATTRIBUTES),
        max_size=2,
    ),
    status=st.one_of(st.none(), st.builds(Status, code=st.integers(0, 4), message=TEXTS)),
    dropped_attributes_count=UINT32,
    dropped_events_count=UINT32,
    dropped_links_count=UINT32,
)
SCOPES = st.builds(
    ScopeSpans,
    scope=st.one_of(st.none(), st.builds(InstrumentationScope, name=TEXTS, version=TEXTS, attributes=ATTRIBUTES)),
    spans=st.lists(SPANS, max_size=3),
)
RESOURCES = st.one_of(
    st.none(),
    st.builds(
        lambda a, name: Resource(attributes=[*a, attribute("service.name", string_value=name)]), ATTRIBUTES, TEXTS
    ),
    st.builds(Resource, attributes=ATTRIBUTES),
)
MESSAGES = st.lists(
    st.builds(
        lambda parts: TracesData(resource_spans=parts).SerializeToString(),
        st.lists(
            st.builds(ResourceSpans, resource=RESOURCES, scope_spans=st.lists(SCOPES, max_size=2)), max_size=2
        ),
    ),
    max_size=3,
)
