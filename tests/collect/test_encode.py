"""Rows of the span table back to OTLP: what decode makes of it is what there was."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from k6spec.collect.decode import decode
from k6spec.collect.encode import MAX_BYTES, MAX_SPANS, encode
from k6spec.store.spans import SCHEMA
from tests.support.golden import GOLDEN
from tests.support.otlp_messages import IDS, MESSAGES
from tests.support.stacks import export_of


def back(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch, encoded and decoded again."""
    again, undecodable = decode([export.message for export in encode(batch)])
    assert undecodable == 0
    return again


def in_order(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """The rows in an order of their own: encode groups them."""
    return sorted(batch.to_pylist(), key=repr)


def batch_of(*rows: dict[str, Any]) -> pa.RecordBatch:
    """Spans with what is given, and nothing else."""
    return pa.RecordBatch.from_pylist([{**IDS, **row} for row in rows], schema=SCHEMA)


@settings(max_examples=200, deadline=None)
@given(MESSAGES)
def test_what_was_decoded_is_decoded_the_same_once_it_was_encoded(messages):
    batch, _ = decode(messages)
    assert in_order(back(batch)) == in_order(batch)


def test_the_golden_traces_stay_as_they_are():
    batch, _ = decode(GOLDEN)
    assert in_order(back(batch)) == in_order(batch)


def test_spans_of_a_resource_and_scope_come_together_whatever_their_order():
    first, _ = decode([GOLDEN[0]])
    second, _ = decode([GOLDEN[2]])
    mixed = pa.Table.from_batches([first.slice(0, 1), second, first.slice(1)]).combine_chunks().to_batches()[0]

    (export,) = encode(mixed)

    data = TracesData.FromString(export.message)
    assert [len(scope.spans) for one in data.resource_spans for scope in one.scope_spans] == [2, 1]


def test_a_message_has_a_thousand_spans_at_the_most():
    batch, _ = decode([export_of(2 * MAX_SPANS + 1)])
    assert [export.spans for export in encode(batch)] == [MAX_SPANS, MAX_SPANS, 1]


def test_a_message_of_large_spans_has_fewer():
    batch, _ = decode([export_of(16, text="x" * (MAX_BYTES // 4))])
    exports = list(encode(batch))
    assert sum(export.spans for export in exports) == 16
    assert max(len(export.message) for export in exports) <= MAX_BYTES


def test_a_span_that_is_larger_than_a_message_should_be_goes_alone():
    batch, _ = decode([export_of(2, text="x" * (MAX_BYTES + 1))])
    assert [export.spans for export in encode(batch)] == [1, 1]


def test_no_spans_are_no_messages():
    assert list(encode(decode([])[0])) == []


def test_what_is_null_is_left_out():
    (row,) = back(batch_of({})).to_pylist()
    assert (row["name"], row["kind"], row["status"], row["service"]) == (
        "",
        "unspecified",
        "unset",
        "unknown_service",
    )
    assert (row["start_ns"], row["parent_span_id"], row["attributes"], row["events"]) == (0, None, [], [])


def test_a_service_without_its_resource_gets_one():
    (row,) = back(batch_of({"service": "orders", "resource": [("host", "h1")]})).to_pylist()
    assert row["service"] == "orders"
    assert dict(row["resource"]) == {"service.name": "orders", "host": "h1"}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", "seven"),
        ("int", str(2**63)),
        ("bool", "yes"),
        ("double", "much"),
        ("bytes", "?"),
        ("array", "[1]"),
        ("kvlist", "{"),
        ("array", "[" * 5000),
        ("of the future", "x"),
    ],
)
def test_a_value_that_is_not_what_its_type_says_goes_as_a_text(kind, text):
    (row,) = back(batch_of({"attributes": [("k", text)], "attribute_types": [("k", kind)]})).to_pylist()
    assert (row["attributes"], row["attribute_types"]) == ([("k", text)], [])
