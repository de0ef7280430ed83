"""What a failing claim says of its cause, on archives made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from k6spec import ms, percent
from k6spec.explain.contrast import Contrast, contrast
from k6spec.explain.explanation import Explanation, explain
from k6spec.explain.failing import failing
from k6spec.explain.sides import median_offender, offenders, sides
from k6spec.judge.verdict import Verdict
from k6spec.report.failure import failure_message
from k6spec.report.links import Links
from k6spec.report.statement import short_statement
from k6spec.run import Run
from tests.support.runs import Request, Span, db, entry, run_of


def bought(sku: str, slow: float = 5.0, stage: str = "peak", name: str = "POST /checkout") -> Request:
    """A request for a product, with a database span."""
    return Request(
        name=name,
        ms=slow + 20,
        stage=stage,
        spans=[entry(name, attributes={"shop.sku": sku}, ms=slow + 18), db(ms=slow)],
    )


def slow_spans(run: Run) -> Verdict:
    return run.spans.db().during(stage="peak").duration.max <= ms(200)


def contrasts(run: Run, verdict: Verdict) -> tuple[Contrast, ...]:
    both = sides(run.database, verdict, offenders(verdict))
    return contrast(run.database, both) if both else ()


class TestContrast:
    def test_names_the_value_that_the_slow_ones_share(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [bought("hot", 300)] * 9 + [bought("cold", 300)] + [bought("cold")] * 40)

        (found,) = contrasts(run, slow_spans(run))

        assert (found.trait, found.key, found.value) == ("attribute", "shop.sku", "hot")
        assert (found.of_offending, found.of_others) == (0.9, 0.0)

    def test_speaks_of_slow_requests_too(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [bought("hot", 300)] * 9 + [bought("cold")] * 40)

        (found,) = contrasts(run, run.http().duration.p95 < ms(200))

        assert found.value == "hot"

    def test_names_a_call_that_only_slow_traces_make(self, tmp_path: Path) -> None:
        odd = Request(ms=320, stage="peak", spans=[entry(ms=310), db("SELECT b", ms=5), db("SELECT a", ms=300)])
        usual = Request(ms=20, stage="peak", spans=[entry(), db("SELECT b", ms=5)])
        run = run_of(tmp_path, [odd] * 9 + [usual] * 40)

        (found,) = contrasts(run, slow_spans(run))

        assert (found.trait, found.key, found.value) == ("span", "orders", "SELECT a")

    def test_names_of_a_claim_on_spans_no_call_beside_them(self, tmp_path: Path) -> None:
        usual = Request(ms=20, stage="peak", spans=[entry(), db(ms=5)])
        odd = Request(ms=320, stage="peak", spans=[entry(ms=310), db(ms=300), Span(name="audit")])
        run = run_of(tmp_path, [odd] * 9 + [usual] * 40)

        (of_requests,) = contrasts(run, run.http().duration.p95 < ms(200))

        assert of_requests.value == "audit"
        assert contrasts(run, slow_spans(run)) == ()

    def test_names_of_a_claim_on_calls_those_that_it_counts(self, tmp_path: Path) -> None:
        sent = Span(name="http send", ms=0.1)
        many = Request(stage="peak", spans=[entry(), *[db("SELECT a")] * 3, db("SELECT b"), sent])
        run = run_of(tmp_path, [many] * 9 + [Request(stage="peak", spans=[entry(), db("SELECT a")])] * 9)

        found = contrasts(run, run.traces().calls(db=True).max <= 2)

        assert [each.value for each in found] == ["SELECT b"]

    def test_says_nothing_of_what_chance_explains(self, tmp_path: Path) -> None:
        slow = [bought(sku, 300) for sku in ["hot"] * 4 + ["cold"]]
        run = run_of(tmp_path, slow + [bought(sku) for sku in ["hot", "cold", "cold", "cold", "cold"]])

        assert contrasts(run, slow_spans(run)) == (), "4 of 5 against 1 of 5: one case in ten"

    def test_compares_within_the_claims_part_of_the_load(self, tmp_path: Path) -> None:
        ramp = [bought("hot", 300, stage="ramp")] * 20
        run = run_of(tmp_path, [bought("hot", 300)] * 9 + [bought("cold")] * 10 + ramp)

        (found,) = contrasts(run, slow_spans(run))

        assert (found.of_offending, found.of_others) == (1.0, 0.0)

    def test_compares_requests_of_one_kind(self, tmp_path: Path) -> None:
        other = [bought("none", name="GET /products")] * 40
        run = run_of(tmp_path, [bought("hot", 300)] * 9 + other)

        assert contrasts(run, slow_spans(run)) == (), "there is no checkout to compare with"

    def test_leaves_out_how_requests_ended(self, tmp_path: Path) -> None:
        slow = Request(ms=320, stage="peak", spans=[entry(attributes={"http.status_code": "200"}), db(ms=300)])
        refused = Request(status=503, stage="peak", spans=[entry(attributes={"http.status_code": "503"}), db()])
        run = run_of(tmp_path, [slow] * 9 + [refused] * 9)

        assert contrasts(run, slow_spans(run)) == ()

    @pytest.mark.parametrize("slow", [4, 0])
    def test_says_nothing_from_a_handful(self, tmp_path: Path, slow: int) -> None:
        run = run_of(tmp_path, [bought("hot", 300)] * slow + [bought("cold")] * 40)

        assert contrasts(run, slow_spans(run)) == ()


def explained(run: Run, verdict: Verdict) -> Explanation:
    return explain(run.database, verdict)


class TestAttribution:
    def test_names_the_operation_that_slow_traces_spend_more_time_in(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [bought("a", 300)] * 9 + [bought("b")] * 40)

        found = explained(run, run.http().duration.p95 < ms(200)).attribution

        assert found is not None
        (share,) = found.shares
        assert found.against_peers
        assert (share.kind, share.service, share.what, share.calls) == ("statement", "orders", "SELECT 1", 1)
        assert share.extra_ns == pytest.approx(295e6)
        assert share.share == pytest.approx(1.0)
        assert share.low == share.high == pytest.approx(295e6), "no trace differs from another"

    def test_speaks_of_all_the_time_where_all_traces_are_slow(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [bought("a", 300)] * 20)

        found = explained(run, run.http().duration.p95 < ms(200)).attribution

        assert found is not None
        assert not found.against_peers
        assert found.shares[0].extra_ns == pytest.approx(300e6)

    def test_speaks_of_all_the_time_where_the_others_are_nearly_as_slow(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [bought("a", 300)] * 20 + [bought("a", 290)] * 20)

        found = explained(run, run.http().duration.p95 < ms(315)).attribution

        assert found is not None
        assert not found.against_peers
        assert found.shares[0].extra_ns == pytest.approx(300e6)

    def test_gives_no_interval_for_a_single_slow_trace(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [bought("a", 300)] + [bought("b")] * 40)
        verdict = run.http().duration.max < ms(200)

        text = str(failure_message(run, verdict, Links(root=tmp_path)))

        assert (
            "cause: orders: SELECT 1: 295 ms of the 295 ms by which slow traces of POST /checkout are slower\n"
            in text
        )

    def test_of_more_than_all_says_by_how_much_they_are_slower_in_all(self, tmp_path: Path) -> None:
        slow = Request(ms=310, spans=[entry(ms=302), db("SELECT a", ms=300)])
        quick = Request(ms=60, spans=[entry(ms=52), db("SELECT b", ms=5)])
        run = run_of(tmp_path, [slow] + [quick] * 40)

        text = str(failure_message(run, run.http().duration.max < ms(200), Links(root=tmp_path)))

        assert "SELECT a: 300 ms more, where slow traces of POST /checkout are slower by 250 ms in all\n" in text

    def test_says_nothing_of_a_single_slow_trace_without_others(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [bought("a", 300)])

        assert explained(run, run.http().duration.max < ms(200)).attribution is None

    @pytest.mark.parametrize(
        ("slow", "kind", "what"),
        [
            (Span(name="connect", category="db", ms=300), "connection", "connect"),
            (db("BEGIN IMMEDIATE", ms=300), "lock", "BEGIN IMMEDIATE"),
            (db("SELECT a FROM b FOR UPDATE", ms=300), "lock", "SELECT a FROM b FOR UPDATE"),
            (db("SELECT for_update FROM b", ms=300), "statement", "SELECT for_update FROM b"),
        ],
    )
    def test_calls_waiting_by_its_name(self, tmp_path: Path, slow: Span, kind: str, what: str) -> None:
        run = run_of(tmp_path, [Request(ms=340, spans=[entry(ms=330), slow])] * 9 + [bought("b")] * 40)

        found = explained(run, run.http().duration.p95 < ms(200)).attribution

        assert found is not None
        assert (found.shares[0].kind, found.shares[0].what) == (kind, what)

    def test_tells_the_network_from_a_services_own_code(self, tmp_path: Path) -> None:
        def call(between: float, own: float) -> Request:
            server = entry("POST /reserve", service="stock", ms=own)
            server.parent = 1
            return Request(
                ms=between + own + 20,
                spans=[entry(ms=between + own + 10), Span(name="POST", ms=between + own), server],
            )

        run = run_of(tmp_path, [call(300, 5)] * 9 + [call(5, 5)] * 40)
        other = run_of(tmp_path / "other", [call(5, 300)] * 9 + [call(5, 5)] * 40)

        queued = explained(run, run.http().duration.p95 < ms(200)).attribution
        worked = explained(other, other.http().duration.p95 < ms(200)).attribution

        assert queued is not None
        assert worked is not None
        assert [(s.kind, s.service, s.what) for s in queued.shares] == [("between", "orders", "stock")]
        assert [(s.kind, s.service, s.what) for s in worked.shares] == [("own", "stock", "POST /reserve")]

    def test_leaves_out_what_ran_beside_a_longer_call(self, tmp_path: Path) -> None:
        slow = Request(ms=340, spans=[entry(ms=330), db("SELECT a", ms=300), db("SELECT b", ms=200)])
        run = run_of(tmp_path, [slow] * 9 + [bought("b")] * 40)

        found = explained(run, run.http().duration.p95 < ms(200)).attribution

        assert found is not None
        assert [(share.what, share.extra_ns) for share in found.shares] == [("SELECT a", pytest.approx(300e6))]

    def test_looks_within_the_spans_that_a_claim_is_about(self, tmp_path: Path) -> None:
        def reservation(waits: float, own: float) -> Request:
            stock = [
                entry("POST /reserve", service="stock", ms=own + 30),
                db("SELECT stock", service="stock", ms=own, parent=2),
            ]
            stock[0].parent = 0
            before = db("SELECT price", ms=waits)
            stock[0].after_ms = waits
            stock[1].after_ms = waits
            return Request(ms=waits + own + 60, spans=[entry(ms=waits + own + 50), before, *stock])

        run = run_of(tmp_path, [reservation(400, 200)] * 9 + [reservation(5, 5)] * 40)

        whole = explained(run, run.http().duration.p95 < ms(200)).attribution
        spans = explained(run, run.spans("POST /reserve").duration.p95 < ms(200)).attribution

        assert whole is not None
        assert spans is not None
        assert [share.what for share in whole.shares] == ["SELECT price", "SELECT stock"]
        assert [share.what for share in spans.shares] == ["SELECT stock"], "SELECT price ran before"
        assert spans.slow_ns == pytest.approx(230e6)

    def test_looks_at_the_operation_that_is_furthest_above_the_limit(self, tmp_path: Path) -> None:
        slow = bought("a", 3_000, name="GET /orders")
        run = run_of(tmp_path, [slow] * 6 + [bought("a", 210)] * 20)

        found = explained(run, run.spans.db().duration.max <= ms(200)).attribution

        assert found is not None
        assert found.operation == "GET /orders"

    def test_counts_calls_where_the_claim_does(self, tmp_path: Path) -> None:
        many = Request(spans=[entry(), *[db("SELECT line")] * 10])
        run = run_of(tmp_path, [many] * 9 + [Request(spans=[entry(), db("SELECT line")])] * 9)

        found = explained(run, run.traces().repeated(db=True).max <= 3)

        assert found.calls is not None
        assert (found.calls.what, found.calls.calls, found.calls.typical_calls) == ("SELECT line", 10, 1)
        assert found.attribution is None

    def test_a_single_call_is_one_call(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [Request(spans=[entry(), db("SELECT line")])] * 9)

        text = str(failure_message(run, run.traces().calls(db=True).max <= 0, Links(root=tmp_path)))

        assert "  1 call a trace of SELECT line, in orders\n" in text

    @pytest.mark.parametrize("measure", ["calls", "repeated"])
    def test_lays_too_many_calls_to_those_that_the_claim_counts(self, tmp_path: Path, measure: str) -> None:
        sent = [Span(name="GET /products http send", ms=0.1)]
        many = Request(spans=[entry(), *[db("SELECT line")] * 10, *sent * 20])
        run = run_of(tmp_path, [many] * 9 + [Request(spans=[entry(), db("SELECT line"), *sent])] * 9)

        found = explained(run, getattr(run.traces(), measure)(db=True).max <= 3)

        assert found.calls is not None
        assert (found.calls.what, found.calls.calls, found.calls.typical_calls) == ("SELECT line", 10, 1)


class TestMedianViolator:
    def test_is_in_the_middle_of_the_traces_that_break_the_limit(self, tmp_path: Path) -> None:
        slow = [bought("a", number) for number in (900, 300, 500, 700, 400)]
        run = run_of(tmp_path, [bought("a")] * 9 + slow)

        message = failure_message(run, slow_spans(run), Links(root=tmp_path))

        (told,) = [line for line in message.lines if line.kind == "median"]
        assert told.text.startswith("500 ms  the median violator: SELECT 1 ")
        assert told.link is not None
        assert "500 ms" not in str(message), "the report alone has it"

    def test_counts_a_trace_once_by_its_worst_member(self, tmp_path: Path) -> None:
        many = Request(ms=999, stage="peak", spans=[entry(ms=990), *[db(ms=900)] * 9, db(ms=800)])
        run = run_of(tmp_path, [many, bought("a", 300), bought("a", 400)])

        found = median_offender(slow_spans(run))

        assert found is not None
        assert found.value == 400e6

    def test_is_left_out_where_all_break_it_alike(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [Request(status=500)] * 9)

        assert median_offender(run.http().failed.rate < percent(1)) is None


class TestTwin:
    def test_is_most_alike_then_nearest_in_time(self, tmp_path: Path) -> None:
        slow = bought("a", 300)
        run = run_of(tmp_path, [bought("a")] + [bought("b")] * 3 + [slow] * 5 + [bought("b")] * 9 + [bought("a")])

        found = explained(run, run.http().duration.p95 < ms(200)).twin

        assert found is not None
        assert found.trace_id == "ab" + "0" * 29 + "0"
        assert (found.shares, found.of) == (1, 1)

    def test_the_worst_is_compared_with_it_in_the_report_alone(self, tmp_path: Path) -> None:
        many = Request(ms=340, spans=[entry(ms=330), *[db("SELECT line", ms=30)] * 3, db("SELECT a", ms=5)])
        run = run_of(tmp_path, [many] * 5 + [Request(ms=30, spans=[entry(ms=20), db("SELECT a", ms=5)])] * 9)

        message = failure_message(run, run.http().duration.p95 < ms(200), Links(root=tmp_path))

        told = [line.text for line in message.lines if line.kind == "difference"]
        assert "30 ms against 0 ms  orders: SELECT line, 3 × against 0 ×" in told
        assert "SELECT line, 3 ×" not in str(message)


class TestSaturation:
    def test_is_time_that_grows_with_the_load_for_the_same_work(self, tmp_path: Path) -> None:
        light = [Request(ms=20, active=5, spans=[entry()])] * 20
        run = run_of(tmp_path, light + [Request(ms=200, active=50, spans=[entry()])] * 40)

        found = explained(run, run.http().duration.p95 < ms(100)).saturation

        assert found is not None
        assert (found.light_vus, found.heavy_vus) == (5, 50)
        assert (found.light_ns, found.heavy_ns) == (20e6, 200e6)

    def test_is_not_more_work(self, tmp_path: Path) -> None:
        light = [Request(ms=20, active=5, spans=[entry()])] * 20
        heavy = [Request(ms=200, active=50, spans=[entry(), *[db()] * 9])] * 40
        run = run_of(tmp_path, light + heavy)

        assert explained(run, run.http().duration.p95 < ms(100)).saturation is None


def test_nothing_is_said_of_a_claim_that_no_single_request_breaks(tmp_path: Path) -> None:
    run = run_of(tmp_path, [bought("a", 300)] * 9)

    assert explained(run, run.http().rate >= 1000) == Explanation()


class TestFailing:
    def test_names_the_deepest_failing_span(self, tmp_path: Path) -> None:
        broken = Request(
            status=503,
            spans=[
                entry(status="error"),
                Span(name="POST", status="error"),
                Span(name="POST /reserve", service="stock", kind="server", parent=1, status="error"),
                db("SELECT 1", parent=2),
            ],
        )
        run = run_of(tmp_path, [broken] * 3 + [Request(spans=[entry()])] * 5)

        verdict = run.http().failed.rate < percent(1)
        found = failing(run.database, verdict, offenders(verdict))

        assert found is not None
        assert (found.service, found.name, found.error, found.traces) == ("stock", "POST /reserve", "", 3)

    def test_says_nothing_where_no_span_failed(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [Request(status=503, spans=[entry()])] * 3)

        verdict = run.http().failed.rate < percent(1)
        assert failing(run.database, verdict, offenders(verdict)) is None


class TestWhereTheTimeWent:
    @pytest.mark.parametrize(
        ("spans", "words"),
        [
            ([entry(ms=480), db("SELECT a", ms=400)], "; 400 ms of it in orders: SELECT a"),
            (
                [entry(ms=480), db("SELECT a", ms=20), db("SELECT b", ms=10)],
                "; 460 ms of it in orders: POST /checkout",
            ),
            ([entry(ms=480), *[db("SELECT a", ms=400)] * 2], "; 400 ms of it in orders: SELECT a"),  # side by side
            (
                [
                    entry(ms=480),
                    Span(name="reserve", service="stock", ms=400, after_ms=-900),
                    db("B", ms=300, parent=1),
                ],
                "; 300 ms of it in orders: B",  # by a clock that is late
            ),
            ([entry(ms=40), db("SELECT a", ms=20)], "; 460 ms of it before or after the system's spans"),
            ([], ""),
        ],
    )
    def test_in_a_slow_request(self, tmp_path: Path, spans: list[Span], words: str) -> None:
        run = run_of(tmp_path, [Request(ms=500, spans=spans)])

        text = str(failure_message(run, run.http().duration.max < ms(200), Links(root=tmp_path)))

        assert f"500 ms  POST /checkout 200   (k6, VU 1, 00:00){words}\n" in text

    def test_in_a_slow_span(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [Request(ms=500, spans=[entry(ms=480), db(ms=20)])])

        text = str(failure_message(run, run.spans("POST /checkout").duration.max < ms(200), Links(root=tmp_path)))

        assert "POST /checkout   (orders, VU 1, 00:00); 460 ms of it its own, outside the calls below\n" in text


@pytest.mark.parametrize(
    ("statement", "short"),
    [
        ("SELECT  1\n FROM a", "SELECT 1 FROM a"),
        (
            f"SELECT {'a.column, ' * 20}a.last FROM a WHERE b = ?",
            "SELECT a.column, a.column, … FROM a WHERE b = ?",
        ),
        (f"select {'x' * 100} from a", "select … from a"),
        ("INSERT INTO a VALUES " + "(?), " * 40, "INSERT INTO a VALUES " + "(?), " * 13 + "(?)…"),
    ],
)
def test_statements_are_shortened_to_what_they_ask(statement: str, short: str) -> None:
    assert short_statement(statement) == short
