"""One suite over all sources: the same table for the same golden traces, whatever kept them.

Tempo and OneUptime are not the real ones, which cannot be had here: their answers are made after their source.
"""

import pytest

from k6spec.collect.sources.base import TraceSource, WantedTraces
from tests.support.golden import BEGIN, TRACE_IDS, assert_gives_golden, wanted
from tests.support.sources import LOADED, SOURCES

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module", params=sorted(SOURCES))
def loaded(request, tmp_path_factory):
    """A source whose backend holds the golden traces, and what that backend cannot keep."""
    with LOADED[request.param](tmp_path_factory.mktemp("source")) as (source, without):
        yield source, without
        source.close()
        source.close()


@pytest.fixture
def source(loaded) -> TraceSource:
    return loaded[0]


def test_it_gives_every_span_of_the_golden_traces_once(loaded):
    source, without = loaded
    assert_gives_golden(source, without)


def test_it_gives_the_same_when_asked_again(loaded):
    source, without = loaded
    assert_gives_golden(source, without)
    assert_gives_golden(source, without)


def test_a_trace_that_is_not_there_is_no_error(source):
    missing = WantedTraces(trace_ids=[bytes([0xEE]) * 16], begin_ns=BEGIN, end_ns=BEGIN + 10**9)
    assert sum(batch.num_rows for batch in source.fetch(missing)) == 0


def test_a_thousand_ids_of_which_three_are_there(source):
    ids = [number.to_bytes(16, "big") for number in range(1, 998)]
    many = WantedTraces(trace_ids=[*ids, *TRACE_IDS], begin_ns=BEGIN - 10**9, end_ns=BEGIN + 10 * 10**9)
    found = {trace for batch in source.fetch(many) for trace in batch["trace_id"].to_pylist()}
    assert set(TRACE_IDS) <= found


def test_nothing_is_truncated(source):
    list(source.fetch(wanted()))
    assert set(source.truncated()) == set()


def test_it_answers_and_says_where_it_is(source):
    source.check()
    assert source.name in SOURCES or source.name in {name.partition(" ")[0] for name in SOURCES}
    assert source.address
    assert source.lag.ns >= 0
