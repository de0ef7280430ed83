import pytest

from k6spec.collect.counters import CounterWriter
from k6spec.collect.feed import LossCounters
from k6spec.collect.handshake import COUNTERS_NAME, SPOOL_NAME
from k6spec.collect.spool import SpoolWriter
from k6spec.collect.spool_feed import GROUP_BYTES, SpoolFeed


@pytest.fixture
def spool(tmp_path):
    return SpoolWriter(tmp_path / SPOOL_NAME)


@pytest.fixture
def counters(tmp_path):
    return CounterWriter(tmp_path / COUNTERS_NAME)


def feed_of(path, **kwargs):
    return SpoolFeed(path, check=lambda: None, **kwargs)


def test_each_span_from_now_on_comes_once(tmp_path, spool, counters, export):
    spool.append(export(1))
    feed = feed_of(tmp_path)
    assert list(feed.poll()) == []
    spool.append(export(2))
    spool.append(export(3))
    assert sum(batch.num_rows for batch in feed.poll()) == 5
    assert list(feed.poll()) == []
    spool.append(export(4))
    assert sum(batch.num_rows for batch in feed.poll()) == 4
    assert feed.tier == "stream"


def test_batches_are_bounded_and_a_poll_ends_while_spans_keep_coming(tmp_path, spool, counters, export):
    feed = feed_of(tmp_path)
    big = export(1, pad="x" * (GROUP_BYTES // 3))
    for _ in range(5):
        spool.append(big)
    sizes = []
    for batch in feed.poll():
        sizes.append(batch.num_rows)
        spool.append(big)
    assert sum(sizes) < 10
    assert max(sizes) == 2


def test_losses_count_since_the_feed_was_opened(tmp_path, spool, counters, export):
    counters.add(refused=5, sdk_queue_full=7)
    feed = feed_of(tmp_path)
    assert feed.losses() == LossCounters()
    counters.add(refused=2, sdk_queue_full=3)
    spool.append(export(2).replace(b"\x12\x08", b"\x12\x07", 1))
    spool.append(b"\xff")
    list(feed.poll())
    losses = feed.losses()
    assert (losses.refused, losses.sdk_dropped) == (2, 3)
    assert losses.undecodable >= 1


def test_failed_exports_that_we_refused_are_not_counted_twice(tmp_path, spool, counters):
    feed = feed_of(tmp_path)
    counters.add(refused=3, sdk_export_failed=10)
    assert feed.losses() == LossCounters(refused=3, sdk_dropped=7)


def test_spans_that_the_disk_did_not_take_are_told_apart_from_what_was_refused_otherwise(
    tmp_path, spool, counters
):
    feed = feed_of(tmp_path)
    counters.add(refused=5, unwritten=3)
    assert feed.losses() == LossCounters(refused=2, unwritten=3)
    assert feed.losses().total == 5


def test_closing_again_does_nothing(tmp_path, spool, counters):
    closed = []
    feed = feed_of(tmp_path, on_close=lambda: closed.append(1))
    feed.close()
    feed.close()
    assert closed == [1]
