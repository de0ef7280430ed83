import pytest

from k6spec.collect.feed import LossCounters
from k6spec.errors import StackFault
from k6spec.stack.collector_counters import CollectorCounts, drained_counts, parse_counts, read_counts
from k6spec.stack.collector_feed import CollectorFeed

# As otelcol 0.157 puts it; failures beside it as they look once there are any.
PAGE = """\
# HELP otelcol_receiver_accepted_spans Number of spans successfully pushed into the pipeline. [Alpha]
# TYPE otelcol_receiver_accepted_spans counter
otelcol_receiver_accepted_spans{receiver="otlp",transport="grpc"} 1.2e+06
otelcol_receiver_accepted_spans{receiver="otlp",transport="http"} 10
otelcol_receiver_failed_spans{receiver="otlp",transport="http"} 1
otelcol_receiver_refused_spans{receiver="otlp",transport="http"} 2
otelcol_exporter_sent_spans{exporter="file/judged"} 1200003
otelcol_exporter_sent_spans{exporter="otlp_grpc/jaeger",server_address="127.0.0.1",server_port="22317"} 5
otelcol_exporter_send_failed_spans{exporter="file/judged"} 3
otelcol_exporter_enqueue_failed_spans{exporter="otlp_grpc/judged"} 4
otelcol_exporter_send_failed_spans{exporter="otlp_grpc/jaeger"} 1200005
otelcol_processor_memory_limiter_accepted_spans{processor="memory_limiter"} 1200010
otelcol_exporter_queue_size{data_type="traces",exporter="otlp_grpc/jaeger"} 1
"""
COUNTS = CollectorCounts(accepted=1_200_010, refused=3, sent=1_200_003, failed=7)


@pytest.mark.parametrize("page", [PAGE, PAGE.replace("_spans{", "_spans_total{")])
def test_only_the_judged_exporter_counts(page):
    assert parse_counts(page) == COUNTS
    assert COUNTS.underway == 0


def test_a_collector_that_has_done_nothing_yet_has_no_series():
    assert parse_counts("") == CollectorCounts()


def test_a_collector_that_does_not_tell_is_a_fault():
    with pytest.raises(StackFault, match="does not tell its counters"):
        read_counts("http://127.0.0.1:1/metrics")


def readings(*counts):
    left = list(counts)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


def test_what_was_underway_is_waited_for_and_what_comes_later_is_not():
    read = readings(
        CollectorCounts(accepted=100, sent=40),
        CollectorCounts(accepted=150, sent=90),
        CollectorCounts(accepted=200, sent=99, failed=1),
    )
    assert drained_counts(read, start=CollectorCounts()).failed == 1


def test_what_stays_underway_has_failed():
    read = readings(CollectorCounts(accepted=100, sent=40), CollectorCounts(accepted=900, sent=95))
    assert drained_counts(read, start=CollectorCounts(), timeout=0.1).failed == 5


class _Inner:
    tier = "stream"

    def __init__(self):
        self.closed = 0

    def poll(self):
        return iter(())

    def losses(self):
        return LossCounters(refused=2, sdk_dropped=1)

    def close(self):
        self.closed += 1


def test_losses_are_those_since_the_feed_was_opened_and_each_counts_once():
    inner = _Inner()
    read = readings(
        CollectorCounts(accepted=50, sent=40, failed=10, refused=4),
        CollectorCounts(accepted=100, sent=80, failed=20, refused=9),
    )
    feed = CollectorFeed(inner, read)
    assert feed.losses() == LossCounters(refused=2, sdk_dropped=1, collector_refused=5, collector_failed=8)
    assert feed.losses().total == 16
    feed.close()
    feed.close()
    assert inner.closed == 1
