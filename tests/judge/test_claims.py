"""Claims as specs write them, on runs whose truth is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from k6spec import ClaimFailed, Inconclusive, UsageError, http, limit, ms, percent, seconds, span
from k6spec.judge.health import Tolerances
from k6spec.judge.verdict import Verdict
from k6spec.run import Run
from tests.support.runs import Request, Span, db, entry, make_run, run_of


def shop(count: int = 100, **more: object) -> list[Request]:
    """Healthy checkouts: 25 ms each, with an entry span of 20 ms and a database span of 5 ms."""
    return [Request(spans=[entry(), db()], **more) for _ in range(count)]  # type: ignore[arg-type]


def test_a_percentile_is_numpys(tmp_path: Path) -> None:
    durations = np.random.default_rng(1).exponential(40, 500)
    run = run_of(tmp_path, [Request(ms=float(value), spans=[entry()]) for value in durations])
    nanoseconds = np.round(durations * 1e6)

    for q in (0, 50, 95, 99.9, 100):
        assert run.http().duration.percentile(q).value == pytest.approx(np.percentile(nanoseconds, q), rel=1e-12)


def test_a_latency_claim_passes_and_fails(tmp_path: Path) -> None:
    run = run_of(tmp_path, shop())

    assert (run.http("POST /checkout").duration.p95 < ms(400)).outcome == "passed"
    assert (run.http("POST /checkout").duration.p95 < ms(20)).outcome == "failed"


def test_the_message_names_claim_observed_and_limit(tmp_path: Path) -> None:
    run = run_of(tmp_path, [*shop(), Request(ms=500, spans=[entry(ms=480), db(ms=412)])])

    verdict = run.spans.db(service="orders").during(vus=50).duration.max <= ms(200)

    assert verdict.headline == "orders db spans, planned VUs 50: max duration 412 ms, limit 200 ms"
    assert not verdict


def test_the_worst_span_is_first_in_the_evidence(tmp_path: Path) -> None:
    run = run_of(tmp_path, [*shop(), Request(ms=500, spans=[entry(ms=480), db("SELECT stock", ms=412)])])

    worst = (run.spans.db().duration.max <= ms(200)).evidence.population.worst(3, True)

    assert (worst[0].statement, worst[0].value) == ("SELECT stock", 412e6)


def test_a_share_over_a_limit(tmp_path: Path) -> None:
    run = run_of(tmp_path, [*shop(99), Request(ms=500, spans=[entry(ms=480), db(ms=412)])])

    assert run.spans.db().over(ms(200)).rate <= percent(1)
    assert not run.spans.db().over(ms(200)).rate < percent(1)


def test_calls_and_repeated_calls_are_counted_per_trace(tmp_path: Path) -> None:
    run = run_of(
        tmp_path,
        [
            Request(
                name="GET /orders", spans=[entry("GET /orders"), db("SELECT orders"), *[db("SELECT lines")] * 7]
            ),
            Request(name="GET /orders", spans=[entry("GET /orders"), db("SELECT orders")]),
            Request(name="GET /products", spans=[entry("GET /products")]),
        ],
    )
    orders = run.traces(root="GET /orders")

    assert (orders.calls(db=True).max.value, orders.calls(db=True).min.value) == (8, 1)
    assert orders.repeated(db=True).max.value == 7
    assert run.traces().calls(db=True).min.value == 0


def test_an_orm_and_its_driver_count_one_call(tmp_path: Path) -> None:
    orm, driver = db("SELECT 1"), db("SELECT 1", parent=1)
    run = run_of(tmp_path, [Request(spans=[entry(), orm, driver])])

    assert run.traces().calls(db=True).max.value == 1
    assert run.spans.db().count.value == 1


def test_a_pool_wait_is_a_database_span_but_not_a_query(tmp_path: Path) -> None:
    wait = Span(name="connect", category="db", ms=300)
    run = run_of(tmp_path, [Request(ms=400, spans=[entry(ms=350), wait, db()])])

    assert run.spans.db().duration.max.value == 300e6
    assert run.traces().calls(db=True).max.value == 1


def test_failed_requests(tmp_path: Path) -> None:
    run = run_of(tmp_path, [*shop(98), Request(status=503, spans=[entry()]), Request(status=0, traced=False)])

    assert run.http().failed.rate <= percent(2)
    assert not run.http().failed.rate < percent(2)


def test_fast_failures_cannot_flatter_a_percentile(tmp_path: Path) -> None:
    slow = [Request(ms=900, spans=[entry(ms=890)]) for _ in range(40)]
    refused = [Request(ms=1, status=503, spans=[entry(ms=0.5)]) for _ in range(60)]
    run = run_of(tmp_path, [*slow, *refused])

    verdict = run.http().duration.p50 < ms(400)

    assert verdict.outcome == "failed"
    assert "900 ms for the successful ones alone" in verdict.evidence.notes[0]


def test_fast_failures_cannot_flatter_a_share_of_slow_requests(tmp_path: Path) -> None:
    refused = [Request(ms=1, status=503) for _ in range(199)]
    requests = run_of(tmp_path, [*refused, Request(ms=3000)]).http()

    for verdict in (
        requests.over(ms(400)).rate <= percent(1),
        requests.duration.histogram(ms(400))[1] <= percent(1),
    ):
        assert verdict.outcome == "failed"
        assert verdict.evidence.notes[0].endswith("flatter this claim: 100 % for the successful ones alone")


def test_fast_failures_cannot_flatter_their_spans(tmp_path: Path) -> None:
    slow = [Request(ms=900, spans=[entry(ms=890)]) for _ in range(40)]
    refused = [Request(ms=1, status=503, spans=[entry(ms=0.5)]) for _ in range(60)]
    run = run_of(tmp_path, [*slow, *refused])

    for durations in (run.spans.duration, run.spans.self_time, run.traces().critical_path()):
        verdict = durations.p50 < ms(400)
        assert verdict.outcome == "failed"
        assert "% of the" in verdict.evidence.notes[0]
        assert verdict.evidence.notes[0].endswith("for those of successful ones alone")


def test_failures_that_are_asked_for_may_be_fast(tmp_path: Path) -> None:
    run = run_of(tmp_path, [*shop(20), *shop(40, ms=1, status=503)])

    assert run.http(status=503).duration.p95 < ms(100)
    assert run.spans(root=http(status=503)).duration.p95 < ms(100)
    assert (run.http(status=[200, 503]).duration.p50 < ms(5)).outcome == "failed"


class TestRequestsOfWhichK6SaysNotWhetherTheyFailed:
    """A script has called ``http.setResponseCallback(null)``, or gives requests none."""

    def test_leave_their_failed_share_open(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [*shop(60), *shop(40, status=500, said=False)])

        with pytest.raises(Inconclusive, match="k6 did not say of 40 requests whether they failed: their respon"):
            assert run.http().failed.rate < percent(50)

    def test_leave_it_open_in_windows_and_in_growth_too(self, tmp_path: Path) -> None:
        known = [request for vus in (10, 20, 40) for request in shop(20, vus=vus)]
        failed = run_of(tmp_path, [*known, *shop(20, vus=80, said=False)]).http().failed

        for verdict in (failed.rate.in_every("100ms") < percent(1), failed.rate.scaling.knee() >= 40):
            assert verdict.outcome == "inconclusive"
            assert verdict.evidence.reason.startswith("k6 did not say of 20 requests")

    def test_succeeded_if_their_status_says_so(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, shop(status=302, said=False))

        assert run.http().duration.p95 < ms(400)
        assert run.http().apdex(ms(100)) >= 0.9

    def test_are_of_an_uninstrumented_endpoint_as_others_are(self, tmp_path: Path) -> None:
        static = [Request(name="GET /static", ms=900, said=False) for _ in range(20)]
        run = run_of(tmp_path, [*shop(), *static])

        assert run.spans.db().duration.max <= ms(200)

    def test_flatter_no_latency_by_an_error(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, shop(status=500, said=False))

        assert (run.http().duration.p95 < ms(400)).outcome == "failed"
        assert (run.http().apdex(ms(100)) >= 0.9).outcome == "failed"


class TestWindows:
    def test_planned_vus_of_the_request_carry_to_its_spans(self, tmp_path: Path) -> None:
        ramp = [Request(vus=vus, spans=[entry(), db(ms=vus)]) for vus in range(1, 51)]
        run = run_of(tmp_path, ramp)

        assert run.spans.db().during(vus=50).duration.max.value == 50e6
        assert run.spans.db().during(vus=(10, 20)).count.value == 11
        assert run.spans.db().during(at_least=45).count.value == 6

    def test_between_takes_requests_that_began_in_it(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [Request(at_ms=at, spans=[entry()]) for at in (0, 999, 1000, 1999, 2000)])

        assert run.http().between("1s", "2s").count.value == 2

    def test_the_warm_up_is_left_out(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [Request(ms=900, warmup=True, spans=[entry()]), *shop()])

        assert run.http().after_warmup().duration.max.value == 25e6

    def test_windows_narrow_one_another(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [Request(at_ms=at, stage=stage) for stage in ("ramp", "peak") for at in (0, 1500)])

        assert run.http().during(stage="peak").between("1s", "2s").count.value == 1


class TestNothingMatched:
    def test_is_inconclusive_and_names_what_there_is(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [*shop(), Request(spans=[entry(), db(service="stock")])])

        with pytest.raises(Inconclusive, match="no span has service 'order'; there are 'orders', 'stock'"):
            assert run.spans.db(service="order").duration.max <= ms(200)

    def test_a_wrong_endpoint_suggests_the_right_one(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, shop())

        with pytest.raises(Inconclusive, match="no request has name 'POST /chekout'; there is 'POST /checkout'"):
            assert run.http("POST /chekout").duration.p95 < ms(400)

    def test_a_window_that_never_was_says_what_was_planned(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, shop())

        with pytest.raises(Inconclusive, match="planned VUs"):
            assert run.http().during(vus=60).duration.p95 < ms(400)

    def test_a_system_without_instrumentation_gets_a_list_to_check(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [Request() for _ in range(20)])

        assert run.http().duration.p95 < ms(400)
        with pytest.raises(
            Inconclusive, match=r"(?s)not one span came back for 20 sampled requests.*OTEL_PROPAGATORS"
        ):
            assert run.spans.db().duration.max < ms(200)

    def test_zero_errors_is_a_finding_where_there_are_spans(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, shop())

        assert run.spans(service="orders", status="error").count <= 0
        with pytest.raises(Inconclusive, match="no span has service 'odrers'"):
            assert run.spans(service="odrers", status="error").count <= 0


class TestMissingTraces:
    def test_a_short_request_cannot_hide_a_long_span(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [*shop(), Request(ms=40)])

        assert run.spans.db().duration.max <= ms(200)

    def test_a_long_request_without_a_trace_is_inconclusive(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [*shop(), Request(ms=400)])

        with pytest.raises(Inconclusive, match="1 of 101 traces is missing or incomplete"):
            assert run.spans.db().duration.max <= ms(200)

    def test_a_violation_that_was_seen_fails_whatever_is_missing(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [Request(ms=400), Request(ms=500, spans=[entry(), db(ms=412)])])

        assert (run.spans.db().duration.max <= ms(200)).outcome == "failed"

    def test_a_trace_with_a_lost_parent_is_incomplete(self, tmp_path: Path) -> None:
        torn = Request(ms=400, spans=[entry(), Span(category="db", statement="SELECT 1", lost_parent=True)])
        run = run_of(tmp_path, [*shop(), torn])

        assert (run.spans.db().duration.max <= ms(200)).outcome == "inconclusive"

    def test_calls_of_a_missing_trace_are_unknown(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [*shop(), Request(ms=10)])

        assert (run.traces().calls(db=True).max <= 12).outcome == "inconclusive"
        assert (run.traces().calls(db=True).p95 <= 12).outcome == "passed"

    def test_how_many_spans_a_missing_trace_may_hide_is_a_setting(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [*shop(), *[Request(ms=900) for _ in range(4)]])
        careful = Run(run.folder, tolerated=Tolerances(hidden=100))

        assert run.spans.db().over(ms(200)).rate <= percent(50)
        assert (careful.spans.db().over(ms(200)).rate <= percent(50)).outcome == "inconclusive"

    def test_missing_data_of_other_endpoints_does_not_matter(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [*shop(), Request(name="GET /orders", ms=900)])

        assert run.traces(root="POST /checkout").calls(db=True).max <= 12
        assert run.spans.db().duration.max <= seconds(1)

    def test_an_endpoint_that_never_gives_a_trace_is_uninstrumented_not_lost(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [*shop(), *[Request(name="GET /static", ms=900) for _ in range(20)]])

        verdict = run.spans.db().duration.max <= ms(200)

        assert verdict.outcome == "passed"
        assert verdict.evidence.population.missing.uninstrumented == ("GET /static",)

    @pytest.mark.parametrize(
        "claim",
        [
            lambda run: run.spans.db().during(stage="peak").duration.max <= ms(200),
            lambda run: run.spans(longer_than=ms(200)).during(stage="peak").count <= 0,
            lambda run: run.traces().during(stage="peak").calls(db=True).max <= 3,
        ],
        ids=["max", "none longer", "calls"],
    )
    def test_one_whose_traces_are_lost_at_the_peak_alone_is_lost_there(
        self, tmp_path: Path, claim: Callable[[Run], Verdict]
    ) -> None:
        before = [Request(stage="ramp", spans=[entry(), db()]) for _ in range(20)]
        others = [Request(name="GET /orders", stage="peak", spans=[entry("GET /orders"), db()]) for _ in range(20)]
        lost = [Request(stage="peak", ms=5000) for _ in range(20)]
        run = run_of(tmp_path, [*before, *others, *lost])

        assert claim(run).outcome == "inconclusive"

    def test_how_many_requests_that_takes_is_a_setting(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [*shop(), *[Request(name="GET /static", ms=900) for _ in range(20)]])
        careful = Run(run.folder, tolerated=Tolerances(uninstrumented_from=21))

        assert (careful.spans.db().duration.max <= ms(200)).outcome == "inconclusive"

    def test_where_traces_are_sampled_an_endpoint_without_any_is_not_uninstrumented(self, tmp_path: Path) -> None:
        run = run_of(
            tmp_path, [*shop(), *[Request(name="GET /static", ms=900) for _ in range(20)]], tier="sampled"
        )

        assert (run.spans.db().duration.max <= ms(200)).outcome == "inconclusive"
        assert (run.spans.db().duration.max <= ms(2)).outcome == "failed"
        assert run.spans.db().duration.max <= seconds(1)

    @pytest.mark.parametrize(
        "claim",
        [
            lambda run: run.spans.db().duration.max <= ms(200),
            lambda run: run.traces().calls(db=True).max <= 3,
            lambda run: run.traces().having(span.db(), at_least=1).rate >= percent(100),
            lambda run: run.traces().critical_path(db=True).p95 <= ms(100),
            lambda run: run.traces().critical_share(db=True).max <= percent(90),
            lambda run: run.traces().depth.max <= 5,
        ],
        ids=["spans", "calls", "having", "critical path", "critical share", "depth"],
    )
    def test_requests_that_were_sent_without_context_are_missing(
        self, tmp_path: Path, claim: Callable[[Run], Verdict]
    ) -> None:
        seen = [Request(spans=[entry(), db()]) for _ in range(20)]
        unseen = [Request(ms=5000, traced=False) for _ in range(20)]

        verdict = claim(run_of(tmp_path, [*seen, *unseen]))

        assert verdict.outcome == "inconclusive"
        assert verdict.evidence.reason.startswith("20 of 40 traces are missing or incomplete")

    def test_a_trace_that_a_backend_gave_in_part_is_not_complete(self, tmp_path: Path) -> None:
        requests = [*shop(), Request(ms=500, spans=[entry(ms=480), db(ms=5)])]
        whole = run_of(tmp_path, requests)
        part = Run(make_run(tmp_path / "2026-11-01T00-00-00-00000002", requests, tier="by-id", truncated=[100]))

        assert whole.spans.db().duration.max <= ms(200)
        assert (part.spans.db().duration.max <= ms(200)).outcome == "inconclusive"

    def test_requests_that_were_not_sampled_are_bounded_by_their_own_duration(self, tmp_path: Path) -> None:
        short = [Request(ms=30, sampled=False) for _ in range(100)]
        run = run_of(tmp_path, [*shop(20), *short])
        assert run.spans.db().duration.max <= ms(200)

        long = [Request(ms=300, sampled=False) for _ in range(100)]
        other = Run(make_run(tmp_path / "2026-11-01T00-00-00-00000002", [*shop(20), *long]))
        assert (other.spans.db().duration.max <= ms(200)).outcome == "inconclusive"


def test_dropped_iterations_let_no_latency_claim_pass(tmp_path: Path) -> None:
    run = run_of(tmp_path, shop(), dropped_iterations=50)

    with pytest.raises(Inconclusive, match="k6 dropped 50 iterations"):
        assert run.http().duration.p95 < ms(400)
    assert run.http().failed.rate < percent(1)


class TestExpect:
    def test_reports_every_miss_at_once(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, shop())

        with pytest.raises(ClaimFailed) as caught:
            run.expect(
                run.http().duration.p95 < ms(1),
                run.http().failed.rate < percent(1),
                run.spans.db().duration.max < ms(2),
            )

        assert "2 of 3 claims do not hold" in str(caught.value)
        assert "POST /checkout" not in str(caught.value)
        assert "requests: p95 duration 25 ms, limit under 1 ms" in str(caught.value)

    def test_is_inconclusive_if_nothing_fails_but_something_cannot_be_judged(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, shop())

        with pytest.raises(Inconclusive):
            run.expect(run.http().duration.p95 < ms(400), run.spans(service="nope").duration.max < ms(1))

    def test_refuses_what_is_no_claim(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="is not a claim"):
            run_of(tmp_path, shop()).expect(True)  # type: ignore[arg-type]


class TestMistakes:
    def test_a_plain_number_is_no_duration(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"compared with 400; write ms\(400\)"):
            _ = run_of(tmp_path, shop()).http().duration.p95 < 400  # type: ignore[operator]

    def test_a_duration_is_no_share(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"write percent\(1\)"):
            _ = run_of(tmp_path, shop()).http().failed.rate < ms(4)  # type: ignore[operator]

    def test_an_unknown_kind_lists_the_kinds(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="use one of unspecified, internal, server"):
            run_of(tmp_path, shop()).spans(kind="SERVER")


class TestNamedLimits:
    def test_an_environment_sets_them(self, tmp_path: Path) -> None:
        run = Run(make_run(tmp_path / "x-00000001", shop()), limits={"checkout_p95": "20ms"})

        assert not run.http().duration.p95 < limit("checkout_p95", ms(400))

    def test_the_default_holds_otherwise(self, tmp_path: Path) -> None:
        assert run_of(tmp_path, shop()).http().duration.p95 < limit("checkout_p95", ms(400))

    def test_one_that_nobody_sets_says_where_to_set_it(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"write checkout_p95 = … under \[tool.k6spec.limits\]"):
            assert run_of(tmp_path, shop()).http().duration.p95 < limit("checkout_p95")

    @pytest.mark.parametrize("text", ["150%", "-1%", "inf%", "some%"])
    def test_a_share_lies_between_none_and_all(self, tmp_path: Path, text: str) -> None:
        run = Run(make_run(tmp_path / "x-00000001", shop()), limits={"errors": text})

        with pytest.raises(UsageError, match=r'is no share from 0 to 100 %; write errors = "1%"'):
            assert run.http().failed.rate < limit("errors")

    @pytest.mark.parametrize("number", [float("inf"), float("nan")])
    def test_a_number_is_finite(self, tmp_path: Path, number: float) -> None:
        run = Run(make_run(tmp_path / "x-00000001", shop()), limits={"most": number})

        with pytest.raises(UsageError, match=f"a limit of {number} says nothing; write a plain number"):
            assert run.http().count <= limit("most")
        with pytest.raises(UsageError, match=f"a limit of {number} says nothing; write a plain number"):
            assert run.http().count <= number


def test_an_equality_is_not_a_claim(tmp_path: Path) -> None:
    p95 = run_of(tmp_path, shop()).http().duration.p95

    for stat in (p95, p95.in_every("1s"), p95.scaling.exponent):
        with pytest.raises(UsageError, match=r"== and != are no claims on what was measured; compare <.*p95"):
            assert stat == ms(25)
    assert not run_of(tmp_path / "other", shop()).log.verdicts


def test_chained_comparisons_judge_both_ends(tmp_path: Path) -> None:
    run = run_of(tmp_path, shop())

    assert ms(10) < run.http().duration.p95 < ms(400)
    assert [verdict.outcome for verdict in run.log.verdicts] == ["passed", "passed"]


def test_into_how_many_groups_a_selection_may_fall_is_a_setting(tmp_path: Path) -> None:
    archived = run_of(tmp_path, [Request(spans=[entry(), db(), Span(name="GET cart")])])
    run = Run(archived.folder, tolerated=Tolerances(groups=2))

    with pytest.raises(UsageError, match=r"by\('name'\): there are more than 2 values; .* or set max_groups"):
        len(run.spans.by("name"))
