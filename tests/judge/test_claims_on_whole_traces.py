"""Claims on what only the whole trace tells: the critical path, depth, fan-out, concurrency."""

from __future__ import annotations

from pathlib import Path

from k6spec import ms, percent, span
from tests.support.runs import Request, Span, db, entry, run_of

SLOW, FAST = "SELECT slow", "SELECT fast"


def request(*spans: Span) -> Request:
    """25 ms at the client, 20 ms in the system; all spans begin together."""
    return Request(ms=25, spans=[entry(ms=20), *spans])


class TestCriticalPath:
    def test_of_calls_side_by_side_the_last_to_end_was_waited_for(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [request(db(SLOW, 12), db(FAST, 5))])

        assert run.spans.db(statement=SLOW).critical_path.max <= ms(12)
        assert run.spans.db(statement=SLOW).critical_path.max >= ms(12)
        assert run.spans.db(statement=FAST).critical_path.max <= ms(0)
        assert run.traces().critical_path(db=True).max <= ms(12)
        assert run.traces().critical_share(db=True).max <= percent(48)

    def test_a_call_that_outlives_its_caller_is_waited_for_no_longer_than_that(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [request(db(SLOW, 90))])

        assert run.spans.db().critical_path.max <= ms(20)

    def test_own_time_leaves_out_what_was_called(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [request(db(SLOW, 12))])

        assert run.spans("POST /checkout").critical_path.max >= ms(20)
        assert run.spans("POST /checkout").critical_self_time.max <= ms(8)

    def test_a_missing_trace_may_have_waited_as_long_as_its_client(self, tmp_path: Path) -> None:
        seen = [request(db(SLOW, 5)) for _ in range(20)]
        run = run_of(tmp_path, [*seen, Request(ms=400)])

        assert run.traces().critical_path(db=True).max <= ms(400)
        assert (run.traces().critical_path(db=True).max <= ms(300)).outcome == "inconclusive"
        assert (run.spans.db().critical_path.max <= ms(300)).outcome == "inconclusive"
        assert run.traces().critical_path(db=True).p50 <= ms(5)

    def test_a_dropped_span_could_be_the_one_that_was_waited_for(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [request(db(SLOW, 5)) for _ in range(20)], spans_dropped=1)

        assert (run.spans.db().critical_path.max <= ms(30)).outcome == "inconclusive"
        assert run.traces().critical_path(db=True).max <= ms(25)
        assert (run.traces().critical_path(db=True).max <= ms(24)).outcome == "inconclusive"

    def test_a_name_that_nothing_has_is_no_finding(self, tmp_path: Path) -> None:
        verdict = run_of(tmp_path, [request()]).traces().critical_path("chagre").max <= ms(300)

        assert verdict.outcome == "inconclusive"
        assert "'chagre'" in verdict.evidence.reason

    def test_the_longest_is_shown_at_its_span(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [request(db(FAST, 5)), request(db(FAST, 3), db(SLOW, 12))])
        verdict = run.traces().critical_path(db=True).max <= ms(6)

        (worst,) = verdict.evidence.population.worst(1, True)
        assert (worst.what, worst.value) == (SLOW, 12e6)
        assert verdict.headline == "traces: max critical path in db spans 12 ms, limit 6 ms"


class TestShape:
    def test_depth_fan_out_and_concurrency(self, tmp_path: Path) -> None:
        nested = [Span(name="price", parent=0), Span(name="discount", parent=1)]
        run = run_of(tmp_path, [request(*nested, db(), db(), db())])
        traces = run.traces()

        assert traces.depth.max.value == 3
        assert traces.fan_out("POST /checkout").max.value == 4
        assert traces.concurrency(db=True).max.value == 3
        assert traces.concurrency(span(kind="server")).max <= 1

    def test_the_shape_of_traces_that_are_not_there_cannot_be_judged(self, tmp_path: Path) -> None:
        nowhere = run_of(tmp_path, [request(db())]).traces(root="GET /nowhere")

        for measure in (nowhere.depth, nowhere.fan_out(), nowhere.concurrency(db=True)):
            verdict = measure.max <= 1
            assert verdict.outcome == "inconclusive"
            assert "'GET /nowhere'" in verdict.evidence.reason

    def test_a_trace_in_part_has_at_least_what_came(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [request(db(), db()), request(db(), db(), db())], truncated=[1])
        traces = run.traces()

        assert (traces.fan_out().max <= 2).outcome == "failed"
        assert (traces.fan_out().max <= 3).outcome == "inconclusive"
        assert (traces.depth.max <= 1).outcome == "failed"
