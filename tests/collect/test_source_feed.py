"""The feed that asks a source: what is new, how often, and when a trace is not asked for again."""

import time

import pyarrow as pa
import pytest

from k6spec.collect.gather import Patience, gather
from k6spec.collect.id_set import IdSet
from k6spec.collect.sampled_feed import SampledFeed
from k6spec.collect.source_feed import SourceFeed
from k6spec.collect.sources.base import WantedTraces
from k6spec.units import ms
from tests.support.memory_source import MemorySource, client_id

FIRST, SECOND, THIRD = (bytes([number]) * 16 for number in (1, 2, 3))

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def source():
    return MemorySource()


@pytest.fixture
def feed(source):
    return SourceFeed(source)


def of(*trace_ids, ended_ago=60.0):
    now = time.time_ns()
    return WantedTraces(trace_ids=trace_ids, begin_ns=now - 10**11, end_ns=now - round(ended_ago * 1e9))


def names(feed, timeout=10.0):
    """The names of the spans of the next poll that asks, without the foreign ones."""
    asked = len(feed._source.asked)
    deadline = time.monotonic() + timeout
    found = []
    while len(feed._source.asked) == asked and time.monotonic() < deadline:
        found += [name for batch in feed.poll() for name in batch["name"].to_pylist() if name != "foreign"]
        time.sleep(0.02)
    return found


def test_nothing_is_asked_before_the_load_is_over(feed, source):
    assert list(feed.poll()) == []
    assert source.asked == []


def test_spans_are_given_once(feed, source):
    feed.expect(of(FIRST, SECOND, ended_ago=0), ms(60_000))
    source.shown = {FIRST: ["a", "b"]}
    assert names(feed) == ["a", "b"]
    source.shown = {FIRST: ["a", "b", "late"], SECOND: ["c"]}
    assert names(feed) == ["late", "c"]
    assert names(feed) == []


def test_it_rests_between_two_rounds(feed, source):
    feed.expect(of(FIRST), ms(100))
    for _ in range(20):
        list(feed.poll())
    assert len(source.asked) == 1


def test_a_trace_that_is_there_after_the_settle_time_is_not_asked_for_again(feed, source):
    feed.expect(of(FIRST, SECOND, ended_ago=10), ms(1_000))
    source.shown = {FIRST: ["a"]}
    names(feed)
    names(feed)
    assert source.asked == [[FIRST, SECOND], [SECOND]]


def test_the_settle_time_is_longer_by_the_sources_lag():
    source = MemorySource(lag=ms(60_000))
    feed = SourceFeed(source)
    feed.expect(of(FIRST, ended_ago=10), ms(1_000))
    source.shown = {FIRST: ["a"]}
    names(feed)
    names(feed)
    assert source.asked == [[FIRST], [FIRST]]


def test_a_trace_that_came_in_part_is_asked_for_again_and_is_a_loss_until_it_is_whole(feed, source):
    feed.expect(of(FIRST), ms(100))
    source.shown, source.cut = {FIRST: ["a"]}, {FIRST}
    assert names(feed) == ["a"]
    assert feed.truncated() == {FIRST}
    assert feed.losses().truncated == feed.losses().total == 1
    source.shown, source.cut = {FIRST: ["a", "b"]}, set()
    assert names(feed) == ["b"]
    assert feed.losses().total == 0


def test_the_tier_says_who_kept_the_spans_and_whether_something_samples():
    assert SourceFeed(MemorySource(by_id=True)).tier == "by-id"
    assert SourceFeed(MemorySource(by_id=False)).tier == "stream"
    assert SampledFeed(SourceFeed(MemorySource())).tier == "sampled"


def test_closing_it_closes_the_source(feed, source):
    feed.close()
    assert source.closed


class TestGathering:
    """Waiting for the traces of a load through a source."""

    @staticmethod
    def gathered(source, *trace_ids, settle=200, deadline=20_000):
        parents = pa.array([client_id(trace_id) for trace_id in trace_ids], pa.binary(8))
        told = []
        result = gather(
            SourceFeed(source),
            wanted=of(*trace_ids, ended_ago=1),
            client_span_ids=IdSet(parents),
            keep=lambda _batch: None,
            patience=Patience(settle=ms(settle), deadline=ms(deadline)),
            on_progress=lambda there, expected: told.append((there, expected)),
        )
        return result, told

    def test_all_that_is_there_is_written_and_what_belongs_to_others_is_counted(self, source):
        source.shown = {FIRST: ["a", "b"], SECOND: ["c"]}
        result, told = self.gathered(source, FIRST, SECOND)
        assert result.spans == 3
        assert result.foreign >= 1
        assert result.settled
        assert told[-1] == (2, 2)

    def test_a_trace_that_never_comes_ends_the_wait_in_time(self, source):
        source.shown = {FIRST: ["a"]}
        result, told = self.gathered(source, FIRST, SECOND)
        assert result.spans == 1
        assert told[-1] == (1, 2)

    def test_the_wait_is_longer_by_the_sources_lag(self):
        source = MemorySource(lag=ms(3_000))
        begun = time.monotonic()
        self.gathered(source, FIRST)
        assert time.monotonic() - begun >= 3

    def test_as_long_as_traces_keep_coming_the_deadline_does_not_pass(self):
        source = Growing([FIRST, SECOND, THIRD])
        result, told = self.gathered(source, FIRST, SECOND, THIRD, settle=60_000, deadline=1_500)
        assert told[-1] == (3, 3)
        assert not result.settled

    def test_traces_in_part_are_named(self, source):
        source.shown, source.cut = {FIRST: ["a"]}, {FIRST}
        result, _told = self.gathered(source, FIRST)
        assert result.truncated == {FIRST}


class Growing(MemorySource):
    """Shows one trace more at each round."""

    def __init__(self, trace_ids):
        super().__init__()
        self._to_come = list(trace_ids)

    def fetch(self, wanted):
        if self._to_come:
            self.shown[self._to_come.pop(0)] = ["a"]
        return super().fetch(wanted)
