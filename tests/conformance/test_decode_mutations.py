"""A fuzzer over the decoder: whole messages with faults in them are decoded as protobuf's own classes would."""

from __future__ import annotations

import os

from google.protobuf.message import DecodeError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, TracesData

from k6spec.collect.decode import decode
from k6spec.collect.repair import repair
from k6spec.store.spans import SCHEMA
from tests.support.otlp_messages import IDS, MESSAGES
from tests.support.wire import mutated

EXAMPLES = int(os.environ.get("K6SPEC_FUZZ_EXAMPLES", "300"))
"""More for a long search: ``K6SPEC_FUZZ_EXAMPLES=100000 pytest tests/conformance/test_decode_mutations.py``."""
GOOD = TracesData(
    resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=[Span(**IDS, name="good")])])]
).SerializeToString()
WHOLE = MESSAGES.filter(bool).map(b"".join)  # on the wire, messages one after another are one message


def is_taken(message):
    """Whether the receiver takes it: what it refuses may still come in a file, and be read as far as it goes."""
    try:
        TracesData.FromString(message)
    except DecodeError:
        return repair(message) is not None
    return True


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(mutated(WHOLE), min_size=1, max_size=3))
def test_a_message_with_faults_is_read_as_the_reference_reads_it(messages):
    decode(messages)[0].validate(full=True)
    messages = [message for message in messages if is_taken(message)]
    table, undecodable = decode(messages)
    reference, undecodable_there = decode(messages, decoder="plain")
    table.validate(full=True)
    assert table.schema == SCHEMA
    assert table.to_pylist() == reference.to_pylist()
    assert undecodable == undecodable_there


@settings(max_examples=EXAMPLES // 3, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutated(WHOLE))
def test_a_message_with_faults_costs_its_neighbours_nothing(message):
    alone, undecodable = decode([message])
    table, undecodable_together = decode([GOOD, message, GOOD])
    rows = table.to_pylist()
    good = decode([GOOD])[0].to_pylist()
    assert rows == [*good, *alone.to_pylist(), *good]
    assert undecodable_together == undecodable
