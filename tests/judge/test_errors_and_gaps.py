"""Where errors begin and whom they reach; what lies between a caller and what answers it."""

from __future__ import annotations

from pathlib import Path

from k6spec import ms, percent, span
from tests.support.runs import Request, Span, db, entry, run_of


def failing(*spans: Span) -> Request:
    return Request(status=500, spans=[entry(status="error"), *spans])


CALL = Span(name="reserve", kind="client", ms=12, status="error")
ANSWER = Span(name="POST /reserve", service="stock", kind="server", ms=9, parent=1, status="error")


class TestErrors:
    def test_the_service_that_they_come_from(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [failing(CALL, ANSWER), failing(), *[Request(spans=[entry()])] * 8])
        origins = run.spans.originating_errors().reaching_entry().by("service")

        assert {service: found.count.value for service, found in origins.items()} == {"orders": 1, "stock": 1}
        begun_in_stock = span(service="stock").originating_errors().reaching_entry()
        assert run.traces().having(begun_in_stock, exactly=0).rate >= percent(90)
        assert (run.traces().having(begun_in_stock, exactly=0).rate >= percent(95)).outcome == "failed"

    def test_one_that_was_caught_reaches_nobody(self, tmp_path: Path) -> None:
        caught = Request(spans=[entry(), CALL, ANSWER])
        run = run_of(tmp_path, [caught])

        assert run.spans.originating_errors().count.value == 1
        assert run.spans.reaching_entry().count <= 0
        assert (~span.reaching_entry() & span(status="error")).described
        assert run.spans(span(status="error") & ~span.reaching_entry()).count.value == 2

    def test_where_a_span_was_dropped_nobody_knows_where_an_error_began(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [failing(CALL)], spans_dropped=1)

        assert (run.spans(service="orders").originating_errors().count >= 1).outcome == "inconclusive"


class TestGaps:
    def test_of_a_client_span_and_of_a_request(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [Request(ms=25, spans=[entry(ms=20), CALL, ANSWER, db()])])

        assert run.spans("reserve").gap.max.value == 3e6
        assert run.traces().gap.max.value == 5e6
        assert run.spans("reserve").gap.max <= ms(3)

    def test_a_server_span_that_outlasts_its_caller_leaves_none(self, tmp_path: Path) -> None:
        slow = Span(name="POST /reserve", service="stock", kind="server", ms=90, parent=1)
        assert run_of(tmp_path, [Request(spans=[entry(), CALL, slow])]).spans("reserve").gap.max.value == 0

    def test_what_nothing_answers_has_none(self, tmp_path: Path) -> None:
        verdict = run_of(tmp_path, [Request(spans=[entry(), db()])]).spans.db().gap.max <= ms(5)

        assert verdict.outcome == "inconclusive"
        assert verdict.evidence.reason.startswith("none of these spans has a server span below it")

    def test_a_missing_trace_may_have_had_all_of_its_time_there(self, tmp_path: Path) -> None:
        seen = Request(ms=25, spans=[entry(ms=20), CALL, ANSWER])
        run = run_of(tmp_path, [*[seen] * 50, Request(ms=300)])

        assert (run.spans("reserve").gap.max <= ms(5)).outcome == "inconclusive"
        assert (run.traces().gap.max <= ms(250)).outcome == "inconclusive"
        assert run.traces().gap.max <= ms(300)
