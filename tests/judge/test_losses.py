"""Data taken away from a run: no claim passes on a part that is false on the whole, and none passes for that."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k6spec import ms, percent, span, window
from k6spec.errors import Inconclusive
from k6spec.judge.spans import Spans
from k6spec.judge.verdict import Verdict
from k6spec.run import Run
from tests.support.runs import Request, db, entry, run_of

CLAIMS: dict[str, Callable[[Run], Verdict]] = {
    "longest": lambda run: run.spans.db().duration.max <= ms(50),
    "shortest": lambda run: run.spans.db().duration.min >= ms(5),
    "median": lambda run: run.spans.db().duration.p50 <= ms(40),
    "mean": lambda run: run.spans.db().duration.mean <= ms(40),
    "share": lambda run: run.spans.db().over(ms(50)).rate <= percent(20),
    "count": lambda run: run.spans.db().count <= 12,
    "fewest": lambda run: run.spans.db().count >= 8,
    "calls": lambda run: run.traces().calls(db=True).max <= 3,
    "mean calls": lambda run: run.traces().calls(db=True).mean <= 2.5,
    "median calls": lambda run: run.traces().calls(db=True).p50 <= 2,
    "repeated": lambda run: run.traces().repeated(db=True).max <= 2,
    "requests": lambda run: run.http().duration.p95 <= ms(90),
    "self time": lambda run: run.spans("POST /checkout").self_time.max <= ms(30),
    "deviation": lambda run: run.spans.db().duration.standard_deviation <= ms(20),
    "share of the trace": lambda run: run.spans.db().share_of_trace.max <= percent(80),
    "having": lambda run: run.traces().having(span.db(), at_most=3).rate >= percent(70),
    "critical path": lambda run: run.traces().critical_path(db=True).max <= ms(50),
    "critical path, median": lambda run: run.traces().critical_path(db=True).p50 >= ms(10),
    "critical share": lambda run: run.traces().critical_share(db=True).mean <= percent(60),
    "span on the path": lambda run: run.spans.db().critical_path.p50 <= ms(20),
    "own time on the path": lambda run: run.spans("POST /checkout").critical_self_time.max <= ms(30),
    "depth": lambda run: run.traces().depth.min >= 2,
    "fan-out": lambda run: run.traces().fan_out().max <= 3,
    "concurrency": lambda run: run.traces().concurrency(db=True).max <= 2,
    "mean concurrency": lambda run: run.traces().concurrency(db=True).mean <= 2,
    "gap": lambda run: run.traces().gap.max <= ms(40),
    "gap, mean": lambda run: run.traces().gap.mean <= ms(20),
    "errors": lambda run: run.spans.originating_errors().count <= 1,
    "caught": lambda run: run.spans(status="error").reaching_entry().count <= 1,
    "every window": lambda run: run.spans.db().duration.max.in_every("20ms", step="10ms") <= ms(70),
    "calls in every window": lambda run: run.traces().calls(db=True).mean.in_every("20ms") <= 3,
    "count in every window": lambda run: run.spans.db().count.in_every("20ms") <= 7,
    "exponent": lambda run: run.spans.db().duration.max.scaling.exponent <= 1,
    "knee": lambda run: run.spans.db().duration.mean.scaling.knee() >= 40,
    "part": lambda run: run.spans.db().within(~window.between("0ms", "10ms")).duration.max <= ms(60),
}


@st.composite
def requests(draw: st.DrawFn) -> list[Request]:
    """Whole traces: an entry span, and one to four database spans that are no longer than their request."""
    found = []
    for _ in range(draw(st.integers(3, 8))):
        longest = draw(st.integers(10, 100))
        lengths = draw(st.lists(st.integers(1, longest), min_size=1, max_size=4))
        failing = draw(st.sampled_from(("unset", "unset", "error")))
        spans = [replace(db(ms=length), status=failing) for length in lengths]
        first = entry(
            ms=draw(st.integers(longest // 2, longest)), status=draw(st.sampled_from((failing, "unset")))
        )
        found.append(Request(ms=longest, vus=draw(st.sampled_from((10, 20, 40))), spans=[first, *spans]))
    return found


@st.composite
def part_of(draw: st.DrawFn, whole: list[Request]) -> tuple[list[Request], int, list[int]]:
    """What is left of it: the requests, how many single spans were dropped, and which traces were cut.

    The first trace with the most calls stays: a missing one is taken to hide no more than twice what one shows.
    """
    kept, dropped, cut = [], 0, []
    stays = max(range(len(whole)), key=lambda number: len(whole[number].spans))
    for number, request in enumerate(whole):
        fate = (
            "whole"
            if number == stays
            else draw(st.sampled_from(("whole", "whole", "gone", "unsampled", "cut", "dropped")))
        )
        match fate:
            case "gone":
                request = replace(request, spans=())
            case "unsampled":
                request = replace(request, spans=(), sampled=False)
            case "cut":
                request = replace(request, spans=request.spans[: draw(st.integers(1, len(request.spans)))])
                cut.append(number)
            case "dropped":
                left = draw(st.integers(1, len(request.spans)))
                dropped += len(request.spans) - left
                request = replace(request, spans=request.spans[:left])
        kept.append(request)
    return kept, dropped, cut


def outcome(claim: str, found: list[Request], *, dropped: int = 0, cut: tuple[int, ...] = ()) -> str:
    """Of the claim, on a run of these requests."""
    with tempfile.TemporaryDirectory() as folder:
        run = run_of(Path(folder), found, spans_dropped=dropped, truncated=cut)
        verdict = CLAIMS[claim](run)
        run.database.close()
        return verdict.outcome


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(requests(), st.data(), st.sampled_from(sorted(CLAIMS)))
def test_what_fails_on_the_whole_never_passes_on_a_part(
    whole: list[Request], data: st.DataObject, claim: str
) -> None:
    left, dropped, cut = data.draw(part_of(whole))

    on_whole, on_part = outcome(claim, whole), outcome(claim, left, dropped=dropped, cut=tuple(cut))

    assert (on_whole, on_part) not in {("failed", "passed"), ("passed", "failed")}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(requests(), st.data(), st.sampled_from(sorted(CLAIMS)))
def test_taking_more_away_never_makes_what_was_open_pass(
    whole: list[Request], data: st.DataObject, claim: str
) -> None:
    left, dropped, cut = data.draw(part_of(whole))
    gone = data.draw(st.sampled_from(range(len(whole))))
    most = max(len(request.spans) for request in left)
    less = [replace(request, spans=()) if number == gone else request for number, request in enumerate(left)]
    if max(len(request.spans) for request in less) < most:
        return

    before = outcome(claim, left, dropped=dropped, cut=tuple(cut))
    after = outcome(claim, less, dropped=dropped, cut=tuple(cut))

    assert before == "passed" or after != "passed"


GROUP_CLAIMS: dict[str, Callable[[Spans], Verdict]] = {
    "longest": lambda group: group.duration.max <= ms(50),
    "shortest": lambda group: group.duration.min >= ms(5),
    "shortest, from above": lambda group: group.duration.min <= ms(50),
    "median": lambda group: group.duration.p50 <= ms(40),
    "mean": lambda group: group.duration.mean <= ms(40),
    "surely": lambda group: group.duration.mean.sure(0.9) <= ms(40),
    "sum": lambda group: group.duration.sum <= ms(90),
    "deviation": lambda group: group.duration.standard_deviation <= ms(15),
    "bucket": lambda group: group.duration.histogram(ms(20))[0] >= percent(40),
    "apdex": lambda group: group.apdex(ms(20)) >= 0.7,
    "share": lambda group: group.over(ms(50)).rate <= percent(20),
    "count": lambda group: group.count <= 4,
    "fewest": lambda group: group.count >= 2,
    "self time": lambda group: group.self_time.max <= ms(50),
    "share of the trace": lambda group: group.share_of_trace.max <= percent(80),
    "part": lambda group: group.between("0ms", "30ms").duration.max <= ms(50),
    "every window": lambda group: group.duration.max.in_every("20ms", step="10ms") <= ms(70),
    "count in every window": lambda group: group.count.in_every("20ms", step="10ms") <= 2,
    "narrowed": lambda group: group(longer_than=ms(20)).count <= 2,
    "groups of the groups": lambda group: group.by("name").worst(lambda part: part.duration.max <= ms(50)),
}


@st.composite
def grouped(draw: st.DrawFn) -> list[Request]:
    """Requests whose database spans are of one service each, which is fast or slow: these are the groups."""
    found = []
    for number in range(draw(st.integers(3, 7))):
        service = ("orders", "stock", "payment")[min(number, draw(st.integers(0, 2)))]
        shortest, longest = (
            (51, draw(st.integers(60, 100))) if service == "stock" else (6, draw(st.integers(8, 19)))
        )
        lengths = draw(st.lists(st.integers(shortest, longest), min_size=1, max_size=2))
        spans = [db(ms=length, service=service) for length in lengths]
        found.append(Request(ms=longest, spans=[entry(ms=longest, service="shop"), *spans]))
    return found


def outcome_for_every_service(claim: str, found: list[Request], *, dropped: int = 0) -> str:
    """Of the claim about each service's database spans, by its worst."""
    with tempfile.TemporaryDirectory() as folder:
        run = run_of(Path(folder), found, spans_dropped=dropped)
        verdict = run.spans.db().by("service").worst(GROUP_CLAIMS[claim])
        run.database.close()
        return verdict.outcome


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(grouped(), st.data(), st.sampled_from(sorted(GROUP_CLAIMS)), st.booleans())
def test_a_group_that_is_lost_as_a_whole_still_counts(
    whole: list[Request], data: st.DataObject, claim: str, dropping: bool
) -> None:
    services = sorted({request.spans[1].service for request in whole} - {"orders"})
    lost = data.draw(st.sets(st.sampled_from(services), min_size=1)) if services else set()
    left = [
        replace(one, spans=one.spans[:1] if dropping else ()) if one.spans[1].service in lost else one
        for one in whole
    ]
    dropped = sum(len(one.spans) - len(other.spans) for one, other in zip(whole, left, strict=True))

    on_whole = outcome_for_every_service(claim, whole)
    on_part = outcome_for_every_service(claim, left, dropped=dropped if dropping else 0)

    assert (on_whole, on_part) not in {("failed", "passed"), ("passed", "failed")}


class TestGroupsThatWereNotSeen:
    """What is missing may be of a group of its own."""

    def shop(self, tmp_path: Path, *, lost_ms: float) -> Run:
        """The only requests that call the service ``payment`` have lost their traces."""
        seen = [Request(spans=[entry(), db(service=name)]) for name in ("orders", "stock") * 20]
        return run_of(tmp_path, [*seen, Request(ms=lost_ms), Request(ms=lost_ms)])

    def test_one_that_could_break_the_limit_is_said(self, tmp_path: Path) -> None:
        groups = self.shop(tmp_path, lost_ms=400).spans.db().by("service")

        verdict = groups.worst(lambda service: service.duration.p50 <= ms(200))

        assert verdict.outcome == "inconclusive"
        assert verdict.headline == (
            "db spans, any service that was not seen: p50 duration cannot be judged, limit 200 ms"
        )
        assert verdict.evidence.reason == (
            "2 of 42 traces are missing or incomplete: a group of which nothing was seen may hide there, whose "
            "value may be 0 ms to 400 ms, on either side of the limit"
        )

    def test_a_short_request_cannot_hide_a_long_span(self, tmp_path: Path) -> None:
        groups = self.shop(tmp_path, lost_ms=40).spans.db().by("service")

        verdicts = groups.every(lambda service: service.duration.max <= ms(200))

        assert [verdict.outcome for verdict in verdicts] == ["passed"] * 3
        assert verdicts[-1].headline == (
            "db spans, any service that was not seen: max duration cannot break the limit 200 ms"
        )
        assert groups.worst(lambda service: service.duration.max <= ms(200)).observed is not None
        assert list(groups) == ["orders", "stock"]

    def test_a_violation_that_was_seen_is_worse(self, tmp_path: Path) -> None:
        groups = self.shop(tmp_path, lost_ms=400).spans.db().by("service")

        assert groups.worst(lambda service: service.duration.max <= ms(1)).outcome == "failed"

    def test_a_dropped_span_may_have_been_all_of_its_group(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [Request(ms=400, spans=[entry(), db()]) for _ in range(9)], spans_dropped=1)

        verdict = run.spans.by("name").worst(lambda name: name.over(ms(200)).rate <= percent(50))

        assert verdict.outcome == "inconclusive"
        assert "1 span was dropped, of whatever trace" in verdict.evidence.reason

    def test_where_nothing_is_missing_there_is_none(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [Request(spans=[entry(), db()])])

        assert len(run.spans.by("name").every(lambda name: name.duration.max <= ms(200))) == 2

    def test_groups_of_requests_are_k6s(self, tmp_path: Path) -> None:
        verdicts = self.shop(tmp_path, lost_ms=400).http().by("name").every(lambda one: one.count >= 42)

        assert [verdict.outcome for verdict in verdicts] == ["passed"]

    def test_what_is_related_to_it_nobody_knows(self, tmp_path: Path) -> None:
        run = self.shop(tmp_path, lost_ms=400)

        with pytest.raises(Inconclusive, match="what is related to spans that were not seen"):
            run.spans("POST /checkout").by("service").every(lambda top: run.spans.db().under(top).count >= 1)


class TestDroppedSpans:
    """The ledger says that spans were lost; nobody knows of which trace."""

    def shop(self, tmp_path: Path, *, dropped: int, slowest: float = 25) -> Run:
        healthy = [Request(spans=[entry(), db()]) for _ in range(199)]
        return run_of(tmp_path, [*healthy, Request(ms=slowest, spans=[entry(), db()])], spans_dropped=dropped)

    def test_none_of_them_was_longer_than_the_longest_request(self, tmp_path: Path) -> None:
        assert self.shop(tmp_path, dropped=3).spans.db().duration.max <= ms(25)

    def test_one_may_have_been_in_the_slow_request_whose_trace_looks_complete(self, tmp_path: Path) -> None:
        verdict = self.shop(tmp_path, dropped=1, slowest=400).spans.db().duration.max <= ms(200)

        assert verdict.outcome == "inconclusive"
        assert "1 span was dropped, of whatever trace" in verdict.evidence.reason

    def test_a_handful_cannot_change_a_percentile_of_many(self, tmp_path: Path) -> None:
        assert self.shop(tmp_path, dropped=3, slowest=400).spans.db().duration.p95 <= ms(10)

    def test_many_can(self, tmp_path: Path) -> None:
        verdict = self.shop(tmp_path, dropped=50, slowest=400).spans.db().duration.p95 <= ms(10)

        assert verdict.outcome == "inconclusive"

    def test_each_adds_one_call_at_most(self, tmp_path: Path) -> None:
        calls = self.shop(tmp_path, dropped=3).traces().calls(db=True)

        assert calls.max <= 4
        assert (calls.max <= 3).outcome == "inconclusive"
        assert calls.p95 <= 1

    def test_no_error_seen_is_not_no_error(self, tmp_path: Path) -> None:
        assert (self.shop(tmp_path, dropped=1).spans(status="error").count <= 0).outcome == "inconclusive"

    def test_a_violation_that_was_seen_fails_all_the_same(self, tmp_path: Path) -> None:
        assert (self.shop(tmp_path, dropped=9).spans.db().duration.max <= ms(2)).outcome == "failed"

    @pytest.mark.parametrize("dropped", [1, 1_000])
    def test_requests_are_k6s_and_never_dropped(self, tmp_path: Path, dropped: int) -> None:
        assert self.shop(tmp_path, dropped=dropped).http().duration.max <= ms(25)
