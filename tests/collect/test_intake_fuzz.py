"""A fuzzer over the way in: whatever is acknowledged is archived or counted, and nothing else is."""

from __future__ import annotations

import json
import math
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k6spec.collect.counters import CounterReader, CounterWriter
from k6spec.collect.decode import decode
from k6spec.collect.intake import Intake, UndecodableExport
from k6spec.collect.otlp_json import traces_from_json
from k6spec.collect.spool import SpoolReader, SpoolWriter
from tests.support.otlp_messages import MESSAGES
from tests.support.wire import mutated

EXAMPLES = int(os.environ.get("K6SPEC_FUZZ_EXAMPLES", "100"))
WHOLE = MESSAGES.filter(bool).map(b"".join)
SCALARS = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6)),
    st.sampled_from(["\ud800", math.inf, 2**64, "5b" * 16]),
)
OTLP_NAMES = [
    *("resourceSpans", "resource", "scopeSpans", "spans", "attributes", "key", "value", "stringValue", "intValue"),
    *("kvlistValue", "arrayValue", "values", "traceId", "spanId", "kind", "events", "links", "status", "code"),
    *("flags", "startTimeUnixNano", "doubleValue", "bytesValue", "\ud800"),
]
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(OTLP_NAMES), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(WHOLE, mutated(WHOLE)), max_size=4))
def test_each_acknowledged_span_is_archived_or_counted(messages):
    with tempfile.TemporaryDirectory() as name:
        spool, counters = Path(name) / "spool", Path(name) / "counters"
        intake = Intake(SpoolWriter(spool), CounterWriter(counters))
        refused = 0
        for message in messages:
            try:
                intake.traces(message)
            except UndecodableExport:
                refused += 1
        batch, undecodable = decode(SpoolReader(spool).read(1 << 30))
        counts = CounterReader(counters).read()
    assert batch.num_rows + undecodable == counts.accepted_spans
    assert counts.refused == refused


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(TREES, st.integers(0, 400))
def test_json_is_a_message_or_refused_in_words(tree, cut):
    for text in (json.dumps(tree), json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [tree]}]}]})[:cut]):
        with suppress(ValueError):
            decode([traces_from_json(text)])[0].validate(full=True)
