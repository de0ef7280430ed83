"""The words of each kind of failure, as they are read. ``pytest --inline-snapshot=review`` shows what changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from inline_snapshot import snapshot

from k6spec import Inconclusive, UsageError, Verdict, attr, ms, percent, seconds, span
from k6spec.report.failure import failure_message
from k6spec.report.links import Links
from k6spec.run import Run
from tests.support.runs import Request, db, entry, run_of

SELECT = "SELECT quantity FROM stock WHERE sku = ?"


def checkout(ms: float = 25.0, queries: int = 1, query_ms: float = 5.0, status: int = 200) -> Request:
    """A checkout with its queries."""
    spans = [entry(ms=ms * 0.8), *[db(SELECT, ms=query_ms)] * queries]
    return Request(ms=ms, spans=spans, status=status)


def shop() -> list[Request]:
    """Two hundred checkouts: some slow, some failed, some with many queries."""
    return [
        checkout(ms=900, query_ms=700)
        if number % 50 == 7
        else checkout(status=503)
        if number % 100 == 3
        else checkout(queries=9)
        if number % 40 == 11
        else checkout(ms=25 + number % 10)
        for number in range(200)
    ]


@pytest.fixture
def said(tmp_path: Path) -> Callable[..., str]:
    """What a claim on such requests says, without the causes; links are shown as ``LINK``.

    How causes are found, and told, tests/explain holds.
    """

    def say(claim: Callable[[Run], Verdict], requests: Sequence[Request] | None = None, **more: object) -> str:
        run = run_of(tmp_path, shop() if requests is None else requests, **more)
        message = failure_message(run, claim(run), Links(root=tmp_path))
        shown = tuple(line for line in message.lines if line.kind not in {"cause", "twin"})
        return re.sub(r"file://\S+\.html", "LINK", str(replace(message, lines=shown)))

    return say


class TestFailed:
    """What does not hold."""

    def test_a_maximum(self, said: Callable[..., str]) -> None:
        assert said(lambda run: run.spans.db(service="orders").during(vus=50).duration.max <= ms(200)) == snapshot("""\
orders db spans, planned VUs 50: max duration 700 ms, limit 200 ms
  LINK  700 ms  SELECT quantity FROM stock WHERE sku = ?   (orders, VU 8, 00:00)
  4 of 240 spans over the limit (1.67 %), in 4 of 200 traces; all of them are SELECT quantity FROM stock WHERE sku = ?
  evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped; nothing of it is missing\
""")

    def test_a_percentile_of_requests(self, said: Callable[..., str]) -> None:
        assert said(lambda run: run.http("POST /checkout").duration.p99 < ms(400)) == snapshot("""\
POST /checkout requests: p99 duration 900 ms, limit under 400 ms
  200 requests are few for p99, which hangs on the outermost 2: from 500 on it says more
  LINK  900 ms  POST /checkout 200   (k6, VU 8, 00:00); 700 ms of it in orders: SELECT quantity FROM stock WHERE sku = ?
  4 of 200 requests over the limit (2 %)
  evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped; nothing of it is missing\
""")

    def test_a_minimum(self, said: Callable[..., str]) -> None:
        assert said(lambda run: run.http().duration.min >= ms(30)) == snapshot("""\
requests: min duration 25 ms, limit at least 30 ms
  LINK  25 ms  POST /checkout 200   (k6, VU 1, 00:00); 15 ms of it in orders: POST /checkout
  100 of 200 requests under the limit (50 %)
  evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped; nothing of it is missing\
""")

    def test_a_share(self, said: Callable[..., str]) -> None:
        assert said(lambda run: run.http().failed.rate < percent(0.5)) == snapshot("""\
requests: failed share 1 %, limit under 0.50 %
  LINK  25 ms  POST /checkout 503   (k6, VU 4, 00:00)
  2 of 200 requests
  evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped; nothing of it is missing\
""")

    def test_a_share_over_a_limit(self, said: Callable[..., str]) -> None:
        assert said(lambda run: run.spans.db().over(ms(200)).rate <= percent(0.1)) == snapshot("""\
db spans: share over 200 ms 1.67 %, limit 0.10 %
  LINK  700 ms  SELECT quantity FROM stock WHERE sku = ?   (orders, VU 8, 00:00)
  4 of 240 spans, in 4 of 200 traces; all of them are SELECT quantity FROM stock WHERE sku = ?
  evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped; nothing of it is missing\
""")

    def test_a_count(self, said: Callable[..., str]) -> None:
        assert said(lambda run: run.spans(span.db() & (attr("rows") > 100)).count >= 1) == snapshot("""\
(db spans and rows > 100 spans): count cannot be judged, limit at least 1
  inconclusive: no span has the attribute 'rows'
  evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped\
""")

    def test_a_throughput(self, said: Callable[..., str]) -> None:
        assert said(lambda run: run.http().rate >= 400) == snapshot("""\
requests: rate 80.97 per second, limit at least 400 per second
  evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped; nothing of it is missing\
""")

    def test_calls(self, said: Callable[..., str]) -> None:
        assert said(lambda run: run.traces(root="POST /checkout").calls(db=True).max <= 3) == snapshot("""\
traces of POST /checkout: max db calls a trace 9, limit 3
  LINK  9 ×  SELECT quantity FROM stock WHERE sku = ?   (orders, VU 12, 00:00)
  5 of 200 traces over the limit (2.50 %)
  evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped; nothing of it is missing\
""")

    def test_repeated_calls(self, said: Callable[..., str]) -> None:
        assert said(lambda run: run.traces(root="POST /checkout").repeated(db=True).max <= 3) == snapshot("""\
traces of POST /checkout: max repeated db calls a trace 9, limit 3
  LINK  9 ×  SELECT quantity FROM stock WHERE sku = ?   (orders, VU 12, 00:00)
  5 of 200 traces over the limit (2.50 %)
  evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped; nothing of it is missing\
""")

    def test_having(self, said: Callable[..., str]) -> None:
        assert said(
            lambda run: run.traces(root="POST /checkout").having(span.db(), exactly=1).rate >= percent(99.9)
        ) == snapshot("""\
traces of POST /checkout: share having exactly 1 db span 97.50 %, limit at least 99.90 %
  LINK  POST /checkout   (VU 12, 00:00)
  evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped; nothing of it is missing\
""")

    def test_the_worst_group(self, said: Callable[..., str]) -> None:
        assert said(
            lambda run: run.spans.by("service").worst(lambda each: each.duration.p99 < ms(300))
        ) == snapshot("""\
spans, service 'orders': p99 duration 700 ms, limit under 300 ms
  440 spans are few for p99, which hangs on the outermost 4: from 500 on it says more
  LINK  720 ms  POST /checkout   (orders, VU 8, 00:00); 700 ms of it in orders: SELECT quantity FROM stock WHERE sku = ?
  8 of 440 spans over the limit (1.82 %), in 4 of 200 traces; 4 of them are POST /checkout
  evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped; nothing of it is missing\
""")

    def test_a_comparison(self, said: Callable[..., str]) -> None:
        assert said(lambda run: run.spans("POST *").duration.p95 <= 0.5 * run.http().duration.p95) == snapshot("""\
POST * spans: p95 duration 27.2 ms, limit 17 ms
  LINK  720 ms  POST /checkout   (orders, VU 8, 00:00); 700 ms of it in orders: SELECT quantity FROM stock WHERE sku = ?
  200 of 200 spans over the limit (100 %), in 200 of 200 traces; all of them are POST /checkout
  evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped; nothing of it is missing\
""")

    def test_self_time(self, said: Callable[..., str]) -> None:
        assert said(lambda run: run.spans("POST /checkout").self_time.max < ms(10)) == snapshot("""\
POST /checkout spans: max self time 22.2 ms, limit under 10 ms
  LINK  22.2 ms  POST /checkout   (orders, VU 10, 00:00); 22.2 ms of it its own, outside the calls below
  200 of 200 spans over the limit (100 %), in 200 of 200 traces
  evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped; nothing of it is missing\
""")

    def test_a_bucket(self, said: Callable[..., str]) -> None:
        assert said(lambda run: run.http().duration.histogram(ms(100), ms(400))[0] >= percent(99)) == snapshot("""\
requests: share of duration up to 100 ms 98 %, limit at least 99 %
  LINK  900 ms  POST /checkout 200   (k6, VU 8, 00:00)
  evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped; nothing of it is missing\
""")

    def test_an_apdex(self, said: Callable[..., str]) -> None:
        assert said(lambda run: run.http().apdex(ms(20)) >= 0.9) == snapshot("""\
requests: apdex(20 ms) 0.48, limit at least 0.90
  LINK  900 ms  POST /checkout 200   (k6, VU 8, 00:00)
  evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped; nothing of it is missing\
""")

    def test_a_custom_claim(self, said: Callable[..., str]) -> None:
        assert said(
            lambda run: run.claim("no cart is read twice", holds=False, because="3 traces read it more than once")
        ) == snapshot("""\
no cart is read twice: does not hold
  3 traces read it more than once
  evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped\
""")

    def test_failures_that_flatter(self, said: Callable[..., str]) -> None:
        assert said(lambda run: run.http().duration.percentile(98.5) < ms(800)) == snapshot("""\
requests: p98.5 duration 900 ms, limit under 800 ms
  200 requests are few for p98.5, which hangs on the outermost 3: from 333 on it says more
  LINK  900 ms  POST /checkout 200   (k6, VU 8, 00:00); 700 ms of it in orders: SELECT quantity FROM stock WHERE sku = ?
  4 of 200 requests over the limit (2 %)
  evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped; nothing of it is missing\
""")


class TestInconclusive:
    """What cannot be said."""

    def test_a_misspelt_service(self, said: Callable[..., str]) -> None:
        assert said(lambda run: run.spans.db(service="order").duration.max <= ms(200)) == snapshot("""\
order db spans: max duration cannot be judged, limit 200 ms
  inconclusive: no span has service 'order'; there is 'orders'
  evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped\
""")

    def test_a_misspelt_request(self, said: Callable[..., str]) -> None:
        assert said(lambda run: run.http("POST /chekout").duration.p95 < ms(400)) == snapshot("""\
POST /chekout requests: p95 duration cannot be judged, limit under 400 ms
  inconclusive: no request has name 'POST /chekout'; there is 'POST /checkout'
  evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped\
""")

    def test_a_misspelt_root(self, said: Callable[..., str]) -> None:
        assert said(lambda run: run.traces(root="POST /chekout").calls(db=True).max <= 3) == snapshot("""\
traces of POST /chekout: max db calls a trace cannot be judged, limit 3
  inconclusive: no trace has name 'POST /chekout'; there is 'POST /checkout'
  evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped\
""")

    def test_a_misspelt_attribute(self, said: Callable[..., str]) -> None:
        assert said(
            lambda run: run.spans(attributes={"shop.skuu": "a"}).count <= 3,
            [Request(spans=[entry(attributes={"shop.sku": "a"})])] * 20,
        ) == snapshot("""\
shop.skuu=a spans: count cannot be judged, limit 3
  inconclusive: no span has the attribute 'shop.skuu'; there is 'shop.sku'
  evidence (stream): 20 requests, 20 sampled, 20 complete traces, 0 spans dropped\
""")

    def test_a_load_that_was_never_planned(self, said: Callable[..., str]) -> None:
        assert said(lambda run: run.http().during(vus=60).duration.p95 < ms(400)) == snapshot("""\
requests, planned VUs 60: p95 duration cannot be judged, limit under 400 ms
  inconclusive: no request has planned VUs 60; there is 50
  evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped\
""")

    def test_no_span_at_all(self, said: Callable[..., str]) -> None:
        assert said(lambda run: run.spans.db().duration.max <= ms(200), [Request()] * 20) == snapshot("""\
db spans: max duration cannot be judged, limit 200 ms
  inconclusive: not one span came back for 20 sampled requests. Check, in this order:
    1. the system runs with OpenTelemetry: opentelemetry-instrument, an agent or an SDK
    2. it exports to k6spec: OTEL_TRACES_EXPORTER=otlp, OTEL_EXPORTER_OTLP_ENDPOINT and
       OTEL_EXPORTER_OTLP_PROTOCOL as the line "stack" at the start of the load says
    3. it takes the caller's context: OTEL_PROPAGATORS contains tracecontext, no proxy strips traceparent
    4. its sampler keeps it: OTEL_TRACES_SAMPLER is parentbased_always_on or always_on
    5. it exports in time: OTEL_BSP_SCHEDULE_DELAY is shorter than --k6spec-settle
  evidence (stream): 20 requests, 20 sampled, 0 complete traces, 0 spans dropped; 20 traces missing\
""")

    def test_no_database_span_as_the_library_is_not_instrumented(self, said: Callable[..., str]) -> None:
        text = said(
            lambda run: run.spans.db().duration.max <= ms(200),
            [Request(spans=[entry()])] * 20,
            on_telemetry=["sqlalchemy 2.1 falls outside of that range, so nothing can be instrumented"],
        )
        assert text == snapshot("""\
db spans: max duration cannot be judged, limit 200 ms
  inconclusive: no span has category 'db'; there is 'http_server'
    The system's log says:
      | sqlalchemy 2.1 falls outside of that range, so nothing can be instrumented
  evidence (stream): 20 requests, 20 sampled, 20 complete traces, 0 spans dropped\
""")

    def test_no_span_at_all_where_a_backend_was_asked(self, said: Callable[..., str]) -> None:
        text = said(lambda run: run.spans.db().duration.max <= ms(200), [Request()] * 20, tier="by-id")
        assert text.splitlines()[2:-1] == snapshot(
            [
                "    1. the system runs with OpenTelemetry: opentelemetry-instrument, an agent or an SDK",
                "    2. its traces are in the backend that k6spec asks: look there for one of this load, and whether url and",
                "       tenant in [tool.k6spec.source] are those under which it is found",
                "    3. it takes the caller's context: OTEL_PROPAGATORS contains tracecontext, no proxy strips traceparent",
                "    4. its sampler keeps it: OTEL_TRACES_SAMPLER is parentbased_always_on or always_on",
                "    5. they are shown in time: OTEL_BSP_SCHEDULE_DELAY is shorter than --k6spec-settle, and lag in",
                "       [tool.k6spec.source] is as long as the backend takes to show a trace",
            ]
        )

    def test_no_span_at_all_and_the_system_said_why(self, said: Callable[..., str]) -> None:
        text = said(
            lambda run: run.spans.db().duration.max <= ms(200),
            [Request()] * 20,
            on_telemetry=["traces export: refused", "otel: gone"],
        )
        assert text.splitlines()[7:-1] == snapshot(
            [
                "    5. it exports in time: OTEL_BSP_SCHEDULE_DELAY is shorter than --k6spec-settle",
                "    The system's log says:",
                "      | traces export: refused",
                "      | otel: gone",
            ]
        )

    def test_work_without_the_context_of_its_request(self, said: Callable[..., str]) -> None:
        assert said(
            lambda run: run.spans.db().duration.max <= ms(200), [Request(spans=[entry()])] * 20, spans_foreign=40
        ) == snapshot("""\
db spans: max duration cannot be judged, limit 200 ms
  inconclusive: no span has category 'db'; there is 'http_server'
  40 spans came in traces that k6 did not begin: work that is done without its request's context is among those
  evidence (stream): 20 requests, 20 sampled, 20 complete traces, 0 spans dropped\
""")

    def test_missing_traces(self, said: Callable[..., str]) -> None:
        assert said(
            lambda run: run.spans.db().duration.max <= ms(200), [*[checkout()] * 50, *[Request(ms=400)] * 3]
        ) == snapshot("""\
db spans: max duration 5 ms, limit 200 ms
  inconclusive: 3 of 53 traces are missing or incomplete: with them the value may be 5 ms to 400 ms, on either side of the limit; was an SDK's queue full, a sampler in the way, or the wait too short (settle, deadline)?
  LINK  5 ms  SELECT quantity FROM stock WHERE sku = ?   (orders, VU 1, 00:00)
  evidence (stream): 53 requests, 53 sampled, 50 complete traces, 0 spans dropped; 3 traces missing (between 5 ms and 400 ms with them)\
""")

    def test_dropped_spans(self, said: Callable[..., str]) -> None:
        assert said(
            lambda run: run.spans.db().duration.max <= ms(20), [checkout()] * 50, spans_dropped=7
        ) == snapshot("""\
db spans: max duration 5 ms, limit 20 ms
  inconclusive: 7 spans were dropped, of unknown traces: with them the value may be 5 ms to 25 ms, on either side of the limit; was an SDK's queue full, a sampler in the way, or the wait too short (settle, deadline)?
  LINK  5 ms  SELECT quantity FROM stock WHERE sku = ?   (orders, VU 1, 00:00)
  evidence (stream): 50 requests, 50 sampled, 50 complete traces, 7 spans dropped; 7 dropped spans missing (between 5 ms and 25 ms with them)\
""")

    def test_a_group_that_was_not_seen(self, said: Callable[..., str]) -> None:
        found = [*[checkout()] * 50, Request(ms=400)]

        assert said(
            lambda run: run.spans.db().by("service").worst(lambda one: one.duration.p50 <= ms(200)), found
        ) == snapshot("""\
db spans, any service that was not seen: p50 duration cannot be judged, limit 200 ms
  inconclusive: 1 of 51 traces is missing or incomplete: a group of which nothing was seen may hide there, whose value may be 0 ms to 400 ms, on either side of the limit
  evidence (stream): 51 requests, 51 sampled, 50 complete traces, 0 spans dropped; 1 trace missing\
""")

    def test_missing_traces_of_a_count(self, said: Callable[..., str]) -> None:
        assert said(lambda run: run.traces().calls(db=True).max <= 3, [*[checkout()] * 50, Request()]) == snapshot("""\
traces: max db calls a trace 1, limit 3
  inconclusive: 1 of 51 traces is missing or incomplete: with it the value may be 1 or more, on either side of the limit; was an SDK's queue full, a sampler in the way, or the wait too short (settle, deadline)?
  LINK  1 ×  SELECT quantity FROM stock WHERE sku = ?   (orders, VU 1, 00:00)
  evidence (stream): 51 requests, 51 sampled, 50 complete traces, 0 spans dropped; 1 trace missing\
""")

    def test_dropped_iterations(self, said: Callable[..., str]) -> None:
        assert said(
            lambda run: run.http().duration.p95 < ms(400), [checkout()] * 50, dropped_iterations=5
        ) == snapshot("""\
requests: p95 duration 25 ms, limit under 400 ms
  inconclusive: k6 dropped 5 iterations (9.09 %): the declared load was not made; raise max_vus, or lower the rate
  50 requests are few for p95, which hangs on the outermost 2: from 100 on it says more
  LINK  25 ms  POST /checkout 200   (k6, VU 1, 00:00); 15 ms of it in orders: POST /checkout
  evidence (stream): 50 requests, 50 sampled, 50 complete traces, 0 spans dropped; nothing of it is missing\
""")

    def test_too_few_for_an_interval(self, said: Callable[..., str]) -> None:
        assert said(lambda run: run.http().duration.p99.sure(0.95) < ms(400), [checkout()] * 50) == snapshot("""\
requests: p99 duration (95 % sure) 25 ms, limit under 400 ms
  inconclusive: too few for an interval of p99: 50 requests, and it needs 800; load some 16 times as long
  50 requests are few for p99, which hangs on the outermost one: from 500 on it says more
  LINK  25 ms  POST /checkout 200   (k6, VU 1, 00:00); 15 ms of it in orders: POST /checkout
  evidence (stream): 50 requests, 50 sampled, 50 complete traces, 0 spans dropped; nothing of it is missing\
""")

    def test_an_interval_astride(self, said: Callable[..., str]) -> None:
        assert said(
            lambda run: run.http().duration.p95.sure(0.95) < ms(92),
            [checkout(ms=float(v)) for v in np.random.default_rng(1).exponential(30, 2000)],
        ) == snapshot("""\
requests: p95 duration (95 % sure) 86.3 ms, limit under 92 ms
  inconclusive: it lies between 80 ms and 94.9 ms (95 % sure), on both sides of the limit 92 ms; 2,000 requests say no more: load longer
  LINK  253 ms  POST /checkout 200   (k6, VU 29, 00:00); 197 ms of it in orders: POST /checkout
  83 of 2,000 requests over the limit (4.15 %)
  evidence (stream): 2,000 requests, 2,000 sampled, 2,000 complete traces, 0 spans dropped; nothing of it is missing (between 80 ms and 94.9 ms, 95 % sure, of samples worth 1,921 independent ones)\
""")

    def test_a_custom_claim(self, said: Callable[..., str]) -> None:
        assert said(
            lambda run: run.claim("carts are bought once", holds=None, because="no cart was bought")
        ) == snapshot("""\
carts are bought once: cannot be judged
  inconclusive: no cart was bought
  evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped\
""")

    def test_a_metric_that_is_not_there(self, said: Callable[..., str]) -> None:
        with pytest.raises(Inconclusive) as caught:
            said(lambda run: run.metric("baskets").p95 <= 12)
        assert str(caught.value) == snapshot("there is no metric 'baskets': k6 gave no sample of any but requests")


class TestPassed:
    """What is shown beside a claim that holds, where it is asked for."""

    def test_few_samples(self, said: Callable[..., str]) -> None:
        assert said(lambda run: run.http().duration.p99 < ms(400), [checkout()] * 50) == snapshot("""\
requests: p99 duration 25 ms, limit under 400 ms
  50 requests are few for p99, which hangs on the outermost one: from 500 on it says more
  LINK  25 ms  POST /checkout 200   (k6, VU 1, 00:00); 15 ms of it in orders: POST /checkout
  evidence (stream): 50 requests, 50 sampled, 50 complete traces, 0 spans dropped; nothing of it is missing\
""")

    def test_none_of_so_many(self, said: Callable[..., str]) -> None:
        assert said(lambda run: run.http().failed.rate < percent(1), [checkout()] * 50) == snapshot("""\
requests: failed share 0 %, limit under 1 %
  0 of 50: the share is at most 5.82 %, 95 % sure (50 requests)
  evidence (stream): 50 requests, 50 sampled, 50 complete traces, 0 spans dropped; nothing of it is missing\
""")

    def test_what_is_missing_cannot_change_it(self, said: Callable[..., str]) -> None:
        assert said(
            lambda run: run.spans.db().duration.max <= ms(200), [*[checkout()] * 50, *[Request(ms=40)] * 3]
        ) == snapshot("""\
db spans: max duration 5 ms, limit 200 ms
  LINK  5 ms  SELECT quantity FROM stock WHERE sku = ?   (orders, VU 1, 00:00)
  evidence (stream): 53 requests, 53 sampled, 50 complete traces, 0 spans dropped; 3 traces missing cannot change this (between 5 ms and 40 ms with them)\
""")


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (
            lambda run: run.http().duration.p95 < 400,
            snapshot("this is a length of time, and is compared with 400; write ms(400) or seconds(2)"),
        ),
        (
            lambda run: run.http().failed.rate < 0.01,
            snapshot("this is a share, and is compared with 0.01; write percent(1)"),
        ),
        (
            lambda run: run.http().rate > percent(40),
            snapshot("this is a rate per second, and is compared with 40 %; write a plain number such as 50"),
        ),
        (
            lambda run: run.http().duration.p95 == ms(400),
            snapshot(
                "== and != are no claims on what was measured; compare <p95 duration of requests> with <, <=, > or >="
            ),
        ),
        (
            lambda run: run.http().duration.percentile(101),
            snapshot("percentile(101): give a number from 0 to 100, as in percentile(99.5)"),
        ),
        (
            lambda run: run.http().duration.max.sure(0.95),
            snapshot(
                "max has no interval: one more may always be larger, and no sample says by how much; leave .sure() out (the observed value is judged), or claim .p99.sure(0.95) or .over(ms(400)).rate.sure(0.95)"
            ),
        ),
        (
            lambda run: run.http().duration.p95.sure(95),
            snapshot("sure(95): give a number from 0.5 to 0.999, as in sure(0.95) for 95 %"),
        ),
        (lambda run: run.http().over(200), snapshot("over(200): write over(ms(200)) or over(seconds(1))")),
        (
            lambda run: run.http().during(),
            snapshot('during() needs a window, as in during(vus=50), during(at_least=40), during(stage="peak")'),
        ),
        (
            lambda run: run.http().between("20s", "10s"),
            snapshot("between('20 s', '10 s'): the end is not after the start"),
        ),
        (
            lambda run: run.traces().having(span.db(), exactly=1, at_most=3),
            snapshot("having(): give exactly=, or at_least= and at_most="),
        ),
        (
            lambda run: run.spans(kind="sever"),
            snapshot("kind='sever': use one of unspecified, internal, server, client, producer, consumer"),
        ),
        (
            lambda run: run.sql("SELECT durration FROM requests"),
            snapshot("""\
run.sql(): Binder Error: Referenced column "durration" not found in FROM clause!
Candidate bindings: "duration_ns", "iteration", "operation", "correlation_id", "proto"
  a run's tables are requests, samples, spans, traces\
"""),
        ),
        (
            lambda run: run.frame("span"),
            snapshot("frame('span'): a run's tables are requests, samples, spans, traces"),
        ),
        (
            lambda run: run.expect(run.http().duration.p95),
            snapshot(
                "run.expect(<p95 duration of requests>) is not a claim; compare a statistic with a limit, as in run.http().duration.p95 < ms(400)"
            ),
        ),
        (
            lambda run: run.http().duration.p95 < 0 * run.http().duration.p50,
            snapshot("0 times a statistic: give a number above 0, as in 1.5 * browse.duration.p95"),
        ),
        (
            lambda run: run.http().duration.p95 < run.http().failed.rate * 2,
            snapshot("failed share is a share, and is compared with a length of time; compare like with like"),
        ),
    ],
    ids=range(17),
)
def test_mistakes_in_claims(mistake: Callable[[Run], object], words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        mistake(run_of(tmp_path, shop()))
    assert str(caught.value) == words


def test_several_claims_at_once(tmp_path: Path) -> None:
    run = run_of(tmp_path, shop())
    with pytest.raises(AssertionError) as caught:
        run.expect(
            run.http().duration.p95 < seconds(2),
            run.http().failed.rate < percent(0.5),
            run.spans.db(service="order").duration.max <= ms(200),
        )
    assert str(caught.value) == snapshot("""\
2 of 3 claims do not hold
  failed: requests: failed share 1 %, limit under 0.50 %
  inconclusive: order db spans: max duration cannot be judged, limit 200 ms
    no span has service 'order'; there is 'orders'\
""")
