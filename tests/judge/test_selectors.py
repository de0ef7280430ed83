"""Claims over chosen spans, requests, traces and metrics, on runs whose truth is known."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from k6spec import Inconclusive, UsageError, attr, http, ms, percent, span
from k6spec.query.matching import Match
from k6spec.run import Run
from k6spec.store.archive import METRICS
from k6spec.store.requests import SAMPLES
from tests.support.runs import BEGIN, Request, Span, db, entry, run_of, trace_id


def shop(count: int = 20) -> list[Request]:
    charge = Span(name="charge", service="payment", ms=8, attributes={"provider": "acme"})
    return [Request(spans=[entry(), db(), charge, db("SELECT rate", service="payment", parent=2)])] * count


def test_spans_by_a_combined_selector(tmp_path: Path) -> None:
    run = run_of(tmp_path, shop())

    assert run.spans(span.db() & ~span(service="orders")).count.value == 20
    assert run.spans(span("charge") | span(service="orders")).count.value == 60
    assert run.spans.db(statement=re.compile("rate$")).under("charge").count.value == 20


def test_spans_of_traces_that_a_request_began(tmp_path: Path) -> None:
    run = run_of(tmp_path, [*shop(), Request(name="GET /orders", spans=[entry("GET /orders"), db(ms=7)])])

    assert run.spans(root="GET /orders").count.value == 2
    assert run.spans(root=http(method="POST")).count.value == 80


def test_never_b_under_a(tmp_path: Path) -> None:
    run = run_of(tmp_path, shop())

    assert run.spans("charge").under(span.db()).count <= 0
    assert not run.spans.db().under("charge").count <= 0
    with pytest.raises(Inconclusive, match="no span has name 'chrage'; there are 'charge'"):
        assert run.spans.db().under("chrage").count <= 0


def test_a_missing_trace_may_hold_what_must_not_be(tmp_path: Path) -> None:
    run = run_of(tmp_path, [*shop(), Request(ms=30)])

    assert (run.spans("charge").under(span.db()).count <= 0).outcome == "inconclusive"


def test_a_lost_parent_does_not_make_a_violation(tmp_path: Path) -> None:
    torn = Request(spans=[entry(), Span(name="charge", service="payment", lost_parent=True)])
    run = run_of(tmp_path, [*shop(), torn])

    assert (run.spans("charge").not_child_of("POST /checkout").count <= 0).outcome == "inconclusive"


def test_an_order_across_services_is_not_read_from_clocks(tmp_path: Path) -> None:
    run = run_of(tmp_path, shop())

    verdict = run.spans.db(service="orders").followed_by("charge").count >= 1

    assert verdict.outcome == "inconclusive"
    assert "clocks of two hosts" in verdict.evidence.reason


def test_a_misspelt_attribute_gets_the_nearest_keys(tmp_path: Path) -> None:
    run = run_of(tmp_path, shop())

    with pytest.raises(Inconclusive, match="no span has the attribute 'providr'; there is 'provider'"):
        assert run.spans(attr("providr") == "acme").count >= 1
    with pytest.raises(Inconclusive, match="there is 'provider'"):
        assert run.spans(attr("providr") >= 500).count <= 0


def test_in_nearly_every_trace_exactly_one_charge(tmp_path: Path) -> None:
    double = Request(spans=[entry(), *[Span(name="charge", service="payment")] * 2])
    run = run_of(tmp_path, [*shop(99), double])
    traces = run.traces(root="POST /checkout")

    assert traces.having("charge", exactly=1).rate >= percent(99)
    assert not traces.having("charge", exactly=1).rate >= percent(99.5)
    assert traces.having("charge").having(span(status="error"), exactly=0).rate >= percent(100)
    with pytest.raises(Inconclusive, match="no span has name 'chrge'"):
        assert traces.having("chrge", exactly=0).rate >= percent(99)


def test_what_a_missing_trace_has_is_unknown(tmp_path: Path) -> None:
    run = run_of(tmp_path, [*shop(99), Request(ms=30)])

    assert (run.traces().having("charge").rate >= percent(100)).outcome == "inconclusive"
    assert (run.traces().having("charge").rate >= percent(99)).outcome == "passed"


def test_a_claim_for_each_group_and_for_the_worst(tmp_path: Path) -> None:
    run = run_of(tmp_path, [*shop(), Request(name="GET /slow", ms=90, spans=[entry("GET /slow", ms=80)])])

    groups = run.http().by("name")
    worst = groups.worst(lambda requests: requests.duration.p95 < ms(50))

    assert list(groups) == ["GET /slow", "POST /checkout"]
    assert [v.outcome for v in groups.every(lambda requests: requests.duration.max < ms(50))] == [
        "failed",
        "passed",
    ]
    assert "GET /slow" in worst.headline
    assert run.spans.by("provider")["acme"].count.value == 20
    assert run.spans.by("provider")[None].count.value == 61


def test_statistics(tmp_path: Path) -> None:
    run = run_of(tmp_path, [Request(ms=value, spans=[entry()]) for value in (10, 20, 30, 100)])
    requests = run.http()

    assert requests.duration.sum.value == 160e6
    assert requests.duration.standard_deviation.value == pytest.approx(35.355339e6)
    assert [bucket.value for bucket in requests.duration.histogram(ms(10), ms(30))] == [0.25, 0.5, 0.25]
    assert requests.apdex(ms(10)).value == pytest.approx((1 + 0.5 + 0.5) / 4)


def test_two_selections_are_compared(tmp_path: Path) -> None:
    slow = [Request(name="GET /slow", ms=50, spans=[entry("GET /slow", ms=40)])] * 5
    run = run_of(tmp_path, [*shop(), *slow])
    browse, checkout = run.http("GET /slow").duration, run.http("POST /checkout").duration

    assert checkout.p95 <= 0.5 * browse.p95
    assert not browse.p95 <= 1.5 * checkout.p95
    with pytest.raises(UsageError, match="compare like with like"):
        _ = browse.p95 < 2 * run.http().count


def test_another_statistic_is_no_interval(tmp_path: Path) -> None:
    p95 = run_of(tmp_path, shop(200)).http().duration.p95

    with pytest.raises(UsageError, match=r"leave out its \.sure\(\), or write it on the left"):
        assert p95 <= 1.5 * p95.sure(0.95)


def test_what_is_missing_of_the_other_leaves_a_comparison_open(tmp_path: Path) -> None:
    run = run_of(tmp_path, [*shop(), Request(ms=500)])

    verdict = run.http().duration.p50 <= 5.2 * run.spans.db().duration.mean

    assert verdict.outcome == "inconclusive"


def browsing(tmp_path: Path, *, failing: int) -> Run:
    """A shop in which so many of ten requests for a page end in a gateway's time limit."""
    quick = Request(name="GET /browse", ms=10, spans=[entry("GET /browse", ms=8)])
    return run_of(tmp_path, [*shop(), *[quick] * (10 - failing), *[replace(quick, ms=900, status=504)] * failing])


def test_failures_that_take_long_make_no_limit_generous(tmp_path: Path) -> None:
    run = browsing(tmp_path, failing=3)

    verdict = run.http("POST /checkout").duration.p95 <= 1.5 * run.http("GET /browse").duration.p95

    assert verdict.outcome == "inconclusive"
    assert verdict.evidence.reason.startswith("what is missing or failed of GET /browse requests could move")


def test_where_none_succeeded_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    run = browsing(tmp_path, failing=10)

    with pytest.raises(Inconclusive, match=r"100 % of the requests failed: there is no p95 duration"):
        _ = run.http("POST /checkout").duration.p95 <= 1.5 * run.http("GET /browse").duration.p95


def test_requests_by_selectors(tmp_path: Path) -> None:
    run = run_of(tmp_path, [*shop(3), Request(name="GET /orders", status=503), Request(name="GET /a", status=404)])

    assert run.http(http("GET *") & ~http(status=404)).count.value == 1
    assert run.http(status=[404, 503]).count.value == 2
    assert run.http(url=re.compile("/orders$")).count.value == 1


def test_a_status_by_a_glob_or_a_range(tmp_path: Path) -> None:
    run = run_of(tmp_path, [Request(status=status, spans=[entry()]) for status in (200, 404, 500, 503)])

    assert [run.http(status=status).count.value for status in ("5*", range(500, 600), [200, 503])] == [2, 2, 2]
    assert (run.http(status=range(500, 600)).count <= 0).headline == "500-599 requests: count 2, limit 0"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        *[
            (text, 'write a number (503), a glob of digits ("5*"), or range(500, 600)')
            for text in ("5xx", ">=500")
        ],
        (("4xx", 500), "status='4xx': no status is such a text"),
        ((500, 599), "write range(500, 600) for all, or a list, [500, 599], for the two"),
    ],
)
def test_a_status_that_matches_nothing_is_refused(tmp_path: Path, status: Match, words: str) -> None:
    run = run_of(tmp_path, [Request(status=503, spans=[entry()])])

    with pytest.raises(UsageError, match=re.escape(words)):
        run.http(status=status)
    with pytest.raises(UsageError, match=re.escape(words)):
        run.spans.http_server(status=status)


def test_any_metric_of_k6(tmp_path: Path) -> None:
    run = measured(tmp_path)

    assert run.metric("basket").p50.value == 3
    assert run.metric("render").max <= ms(40)
    assert run.metric("errors").count.value == 6
    assert run.metric("checks", check="paid").rate >= percent(50)
    with pytest.raises(UsageError, match="is a trend"):
        _ = run.metric("basket").rate
    with pytest.raises(Inconclusive, match="no metric 'baskt'; there are 'basket'"):
        assert run.metric("baskt").p95 <= 3


def test_requests_by_the_outcome_of_a_check(tmp_path: Path) -> None:
    run = measured(tmp_path)

    assert run.http(failed_check="paid").count.value == 1
    assert run.http(passed_check="paid").count.value == 1


def measured(tmp_path: Path) -> Run:
    run = run_of(tmp_path, shop(2))
    samples = [
        *[{"metric": "basket", "type": "trend", "contains": "default", "value": v} for v in (1.0, 3.0, 9.0)],
        *[{"metric": "render", "type": "trend", "contains": "time", "value": v} for v in (20.0, 40.0)],
        *[{"metric": "errors", "type": "counter", "contains": "default", "value": v} for v in (2.0, 4.0)],
        *[
            {"metric": "checks", "type": "rate", "contains": "default", "value": v, "check": "paid"}
            | {"trace_id": trace_id(int(v))}
            for v in (0.0, 1.0)
        ],
    ]
    rows = [sample | {"time_ns": BEGIN + place} for place, sample in enumerate(samples)]
    pq.write_table(pa.Table.from_pylist(rows, schema=SAMPLES), run.folder.path / METRICS)
    return run


def test_calls_of_what_no_span_is_are_no_finding(tmp_path: Path) -> None:
    run = run_of(tmp_path, shop())

    for verdict in (run.traces().calls("chrage").max <= 0, run.traces().repeated("chrage").max <= 3):
        assert verdict.outcome == "inconclusive"
        assert "no span has name 'chrage'" in verdict.evidence.reason


def test_that_traces_of_one_request_never_call_what_others_do_is_a_finding(tmp_path: Path) -> None:
    run = run_of(tmp_path, [*shop(), Request(name="GET /health", spans=[entry("GET /health")])])
    health = run.traces(root="GET /health")

    assert health.calls(db=True).max <= 0
    assert health.critical_path("charge").max <= ms(0)
    assert health.having("charge", exactly=0).rate >= percent(100)
