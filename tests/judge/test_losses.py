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
        assert "1 spans were dropped, of whatever trace" in verdict.evidence.reason

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
