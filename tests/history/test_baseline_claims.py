"""Claims against a baseline: what they say of a run, given how earlier runs lie and differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from k6spec import Inconclusive, Run, UsageError, baseline, ms, percent
from k6spec.history.past import HistoryPast
from k6spec.history.recording import record_run
from k6spec.history.store import HistoryStore, Marks
from k6spec.judge.family import Family
from k6spec.judge.health import Tolerances
from k6spec.judge.log import VerdictLog
from tests.support.history import entry, nights
from tests.support.runs import MS, Request, Span, db, make_run
from tests.support.runs import entry as entry_span

HUNG = {"look": {"untold": 50, "due": 100}}
P95 = "POST /checkout requests: p95 duration"


class Judged:
    """A run of one kind of request, all as long, with a history."""

    def __init__(self, tmp_path: Path, milliseconds: float = 100.0, **request: Any) -> None:
        requests = [Request(ms=milliseconds, **request) for _ in range(100)]
        self.folder = make_run(tmp_path / "2026-11-01T00-00-00-00000001", requests)
        self.history = tmp_path / "history"

    @property
    def info(self) -> Mapping[str, Any]:
        return self.folder.info()

    def after(self, values: Sequence[float], statistic: str = P95, **more: Any) -> HistoryStore:
        return nights(self.history, self.info, statistic, values, **more)

    def run(self, *, family: int = 1, trunk: str | None = None) -> Run:
        past = HistoryPast(HistoryStore(self.history), self.info, family=Family(family), trunk=trunk)
        return Run(self.folder, log=VerdictLog(), past=past)


def spread(centre: float, deviation: float, count: int = 10) -> list[float]:
    """Milliseconds as ns: so many values whose logarithms have exactly this deviation."""
    raw = np.linspace(-1, 1, count)
    raw = raw / raw.std(ddof=1) * deviation
    return [float(centre * MS * np.exp(value)) for value in raw]


def test_a_count_of_none_is_compared_though_requests_failed(tmp_path: Path) -> None:
    judged = Judged(tmp_path, 10, status=500, spans=[entry_span(), db(ms=2)])
    judged.after([0.0] * 10, "longer than 50 ms spans: count", unit="count")

    verdict = judged.run().spans(longer_than=ms(50)).count <= baseline()

    assert verdict.headline == "longer than 50 ms spans: count 0, limit baseline = 0"


def test_no_worse_than_five_per_cent_passes_where_the_noise_is_small(tmp_path: Path) -> None:
    judged = Judged(tmp_path, 100.5)
    judged.after(spread(100, 0.005))

    verdict = judged.run().http("POST /checkout").duration.p95 <= 1.05 * baseline()

    assert verdict
    assert verdict.claim == "POST /checkout requests: p95 duration <= 1.05 × baseline"
    assert verdict.evidence.notes[0].startswith("+0.50 % against the baseline 100 ms (-0.")
    assert "10 runs on main, 2026-10-01 to 2026-10-10" in verdict.evidence.notes[0]


def test_a_regression_fails_and_says_how_large_it_is(tmp_path: Path) -> None:
    judged = Judged(tmp_path, 110)
    judged.after(spread(100, 0.005))

    verdict = judged.run().http("POST /checkout").duration.p95 <= 1.05 * baseline()

    assert not verdict
    assert verdict.headline == ("POST /checkout requests: p95 duration 110 ms, limit 1.05 × baseline = 105 ms")
    assert verdict.evidence.compared is not None
    assert verdict.evidence.compared.change == pytest.approx(0.10)


def test_a_limit_tighter_than_the_noise_is_refused_with_the_one_that_could_be_held(tmp_path: Path) -> None:
    judged = Judged(tmp_path, 100)
    judged.after(spread(100, 0.05))

    verdict = judged.run().http("POST /checkout").duration.p95 <= 1.05 * baseline()

    with pytest.raises(Inconclusive, match="the limit is tighter than the noise: 10 runs differ by 5 %") as raised:
        bool(verdict)
    assert "would reliably pass 1.212 * baseline(): loosen the limit" in str(raised.value)


def test_a_system_of_which_every_request_fails_is_not_fast(tmp_path: Path) -> None:
    judged = Judged(tmp_path, 2, status=500)
    judged.after(spread(100, 0.005))

    verdict = judged.run().http("POST /checkout").duration.p95 <= 1.05 * baseline()

    assert verdict.outcome == "failed"
    assert verdict.evidence.notes[1] == "none of the requests succeeded, and failures flatter this claim"


def test_a_share_of_slow_requests_is_a_latency_too(tmp_path: Path) -> None:
    judged = Judged(tmp_path, 2, status=500)
    judged.after([0.5] * 10, "POST /checkout requests: share over 400 ms", unit="fraction")

    assert (judged.run().http("POST /checkout").over(ms(400)).rate <= baseline()).outcome == "failed"


def test_the_limit_that_could_be_held_is_held(tmp_path: Path) -> None:
    judged = Judged(tmp_path, 100)
    judged.after(spread(100, 0.05))

    assert judged.run().http("POST /checkout").duration.p95 <= 1.213 * baseline()


def test_a_refused_limit_does_not_hide_a_regression(tmp_path: Path) -> None:
    judged = Judged(tmp_path, 150)
    judged.after(spread(100, 0.05))

    assert not (judged.run().http("POST /checkout").duration.p95 <= 1.05 * baseline())


def test_among_a_hundred_claims_more_room_is_asked_for(tmp_path: Path) -> None:
    judged = Judged(tmp_path, 100)
    judged.after(spread(100, 0.01))

    alone = judged.run().http("POST /checkout").duration.p95 <= 1.015 * baseline()
    among = judged.run(family=100).http("POST /checkout").duration.p95 <= 1.015 * baseline()

    assert "reliably pass 1.039 * baseline()" in alone.evidence.reason
    assert "reliably pass all of 100 such claims at 1.072 * baseline()" in among.evidence.reason


def test_near_the_limit_it_is_inconclusive(tmp_path: Path) -> None:
    judged = Judged(tmp_path, 104.5)
    judged.after(spread(100, 0.01))

    verdict = judged.run().http("POST /checkout").duration.p95 <= 1.05 * baseline()

    assert verdict.outcome == "inconclusive"
    assert "too near to its limit" in verdict.evidence.reason


def test_a_rate_is_kept_of_each_request_too(tmp_path: Path) -> None:
    judged = Judged(tmp_path)
    mine = judged.run().http("POST /checkout").rate

    kept = record_run(judged.folder, Tolerances()).statistics["POST /checkout requests: rate"]

    assert (kept.value, kept.unit) == (mine.value, "per second")


@pytest.mark.parametrize(("rate", "outcome"), [(10.0, "failed"), (20.0, "passed")])
def test_lower_limits_are_judged_from_the_other_side(tmp_path: Path, rate: float, outcome: str) -> None:
    judged = Judged(tmp_path, 100)
    run = judged.run()
    measured = run.http().rate.value
    judged.after([measured * 20 / rate * (1 + n / 1000) for n in range(10)], "requests: rate", unit="per second")

    assert (judged.run().http().rate >= 0.9 * baseline()).outcome == outcome


def test_a_share_of_the_trace_above_one_is_measured_and_not_counted(tmp_path: Path) -> None:
    judged = Judged(tmp_path, 100, spans=[entry_span(ms=110)])
    judged.after([1.0, 1.01, 0.99, 1.0, 1.02], "spans: max share of the trace", unit="fraction")

    assert (judged.run().spans.share_of_trace.max <= 1.05 * baseline()).outcome == "failed"


def test_slack_is_of_the_statistics_kind(tmp_path: Path) -> None:
    judged = Judged(tmp_path, 104)
    judged.after(spread(100, 0.001))

    assert judged.run().http("POST /checkout").duration.p95 <= baseline() + ms(10)
    with pytest.raises(UsageError, match="what is compared is a length of time; write an amount of that kind"):
        _ = judged.run().http("POST /checkout").duration.p95 <= baseline() + percent(1)


class TestCalls:
    """No more database calls a request."""

    STATISTIC = "traces of POST /checkout: db calls a trace"

    def judged(self, tmp_path: Path, calls: int) -> Judged:
        return Judged(tmp_path, spans=[entry_span(), *(db("SELECT 1") for _ in range(calls))])

    def test_as_many_pass(self, tmp_path: Path) -> None:
        judged = self.judged(tmp_path, 3)
        judged.after([3.0] * 10, f"traces of POST /checkout: mean {self.label}", unit="count")

        assert judged.run().traces(root="POST /checkout").calls(db=True).mean <= baseline()

    def test_one_more_fails(self, tmp_path: Path) -> None:
        judged = self.judged(tmp_path, 4)
        judged.after([3.0] * 10, f"traces of POST /checkout: mean {self.label}", unit="count")

        assert not (judged.run().traces(root="POST /checkout").calls(db=True).mean <= baseline())

    def test_one_trace_beyond_the_extreme_of_earlier_runs_may_be_chance(self, tmp_path: Path) -> None:
        requests = [Request(spans=[entry_span(), db()]) for _ in range(99)]
        requests.append(Request(spans=[entry_span(), db(), db()]))
        judged = Judged(tmp_path / "a")
        judged.folder = make_run(tmp_path / "2026-11-01T00-00-00-00000002", requests)
        judged.after([1.0] * 10, f"traces of POST /checkout: max {self.label}", unit="count", members=100)

        verdict = judged.run().traces(root="POST /checkout").calls(db=True).max <= baseline()

        assert verdict.outcome == "inconclusive"

    label = "db calls a trace"


def audit(milliseconds: float) -> Span:
    """A call beside the database's: the end of the request waits for the longer one."""
    return Span(name="record", service="audit", ms=milliseconds)


class TestOperations:
    """No new operation in the traces."""

    def judged(self, tmp_path: Path, operations: Mapping[str, int], extra: int) -> Judged:
        judged = Judged(tmp_path / "a")
        plain, more = [entry_span(), db()], [entry_span(), db(), db("SELECT 2", service="audit")]
        requests = [Request(spans=more if n < extra else plain) for n in range(100)]
        judged.folder = make_run(tmp_path / "2026-11-01T00-00-00-00000002", requests)
        judged.after([1.0] * 6, operations={"POST /checkout": {"": 100, **operations}})
        return judged

    KNOWN: ClassVar = {"orders server POST /checkout": 100, "orders client SELECT shop": 100}

    def test_the_same_pass(self, tmp_path: Path) -> None:
        run = self.judged(tmp_path, self.KNOWN, 0).run()

        assert run.traces(root="POST /checkout").operations <= baseline()

    def test_a_new_one_fails_and_is_named(self, tmp_path: Path) -> None:
        run = self.judged(tmp_path, self.KNOWN, 50).run()

        verdict = run.traces(root="POST /checkout").operations <= baseline()

        assert not verdict
        assert verdict.evidence.notes[0] == "new: audit client SELECT shop, in 50 of 100 traces"
        assert verdict.evidence.population.worst(3, True)[0].service == "audit"

    def test_one_trace_is_too_rare_to_call_it_new(self, tmp_path: Path) -> None:
        run = self.judged(tmp_path, self.KNOWN, 1).run()

        verdict = run.traces(root="POST /checkout").operations <= baseline()

        assert verdict
        assert "too rare to call it new" in verdict.evidence.notes[0]

    def test_one_that_came_onto_the_critical_path_fails(self, tmp_path: Path) -> None:
        judged = Judged(tmp_path / "a")
        aside, awaited = [entry_span(ms=20), db(ms=9), audit(1)], [entry_span(ms=20), db(ms=5), audit(9)]
        requests = [Request(spans=awaited if n % 2 else aside) for n in range(100)]
        judged.folder = make_run(tmp_path / "2026-11-01T00-00-00-00000002", requests)
        known = {"POST /checkout": {"": 100, **self.KNOWN}}
        everything = {"POST /checkout": {**known["POST /checkout"], "audit client record": 100}}
        judged.after([1.0] * 6, operations=everything, critical_operations=known)
        traces = judged.run().traces(root="POST /checkout")

        verdict = traces.critical_operations <= baseline()

        assert traces.operations <= baseline()
        assert (
            record_run(judged.folder, Tolerances()).critical_operations["POST /checkout"]["audit client record"]
            == 50
        )
        assert verdict.outcome == "failed"
        assert verdict.headline == ("traces of POST /checkout: operations on the critical path 1 new, limit 0")
        assert verdict.evidence.notes[0] == "new: audit client record, in 50 of 100 traces"
        assert verdict.evidence.population.worst(3, True)[0].value == 9 * MS

    def test_they_are_kept_for_whole_loads_by_request(self, tmp_path: Path) -> None:
        run = self.judged(tmp_path, self.KNOWN, 0).run()

        with pytest.raises(UsageError, match=r"write run\.traces"):
            _ = run.traces().operations <= baseline()


class TestWhichRuns:
    """Which runs are the baseline."""

    def outcome(self, judged: Judged, **chosen: Any) -> str:
        verdict = judged.run().http("POST /checkout").duration.p95 <= 1.05 * baseline(**chosen)
        return f"{verdict.outcome}: {verdict.evidence.reason}"

    def test_without_any_the_claim_is_skipped_and_stands_in_nobodys_way(self, tmp_path: Path) -> None:
        verdict = Judged(tmp_path).run().http("POST /checkout").duration.p95 <= 1.05 * baseline()

        assert verdict
        assert verdict.outcome == "skipped"
        assert verdict.evidence.reason.startswith("no baseline yet: it takes 5 earlier runs with")

    def test_four_are_too_few(self, tmp_path: Path) -> None:
        judged = Judged(tmp_path)
        judged.after(spread(100, 0.005, 4))

        assert self.outcome(judged).endswith("on branch main, and there are 4")

    def test_other_branches_do_not_count(self, tmp_path: Path) -> None:
        judged = Judged(tmp_path)
        judged.after(spread(100, 0.005), git={"branch": "feature"})

        assert "10 are of other branches" in self.outcome(judged)
        assert self.outcome(judged, branch="feature") == "passed: "

    def test_runs_of_a_changed_work_tree_do_not_count(self, tmp_path: Path) -> None:
        judged = Judged(tmp_path)
        judged.after(spread(100, 0.005), git={"dirty": True})

        assert "10 were of a changed work tree" in self.outcome(judged)

    def test_another_machine_is_named(self, tmp_path: Path) -> None:
        judged = Judged(tmp_path)
        environment = {"name": None, "base_url": "http://127.0.0.1:1", "machine": "big"}
        judged.after(spread(100, 0.005), environment=environment)

        assert "earlier runs of specs/test_x.py differ in machine ('big' there, None here)" in self.outcome(judged)

    def test_without_git_runs_without_git_count(self, tmp_path: Path) -> None:
        judged = Judged(tmp_path)
        judged.after(spread(100, 0.005), git={"branch": None, "commit": None})

        assert self.outcome(judged) == "passed: "

    def test_runs_that_failed_against_their_own_baseline_do_not_count(self, tmp_path: Path) -> None:
        judged = Judged(tmp_path)
        store = judged.after(spread(100, 0.005))
        for run in store.entries()[2:]:
            told = run.statistics[P95]
            slots = {name: getattr(told, name) for name in told.__slots__}
            store.add_statistics(run.run_id, {P95: type(told)(**{**slots, "failed": "2026-10-20T00:00:00+00:00"})})

        assert "there are 2 (" in self.outcome(judged)
        assert "8 more did not measure it, or failed" in self.outcome(judged)

    def test_runs_whose_load_was_stopped_or_whose_system_hung_do_not_count(self, tmp_path: Path) -> None:
        judged = Judged(tmp_path)
        store = judged.after(spread(100, 0.005))
        for run in store.entries()[:7]:
            store.add(replace(run, broken=True))

        assert "there are 3 (" in self.outcome(judged)
        assert "in 7 the load was stopped before its time, or the system hung" in self.outcome(judged)

    @pytest.mark.parametrize(
        "seen", [{"stopped": {"by": "checks", "after_ns": 10**9, "unmade": []}}, {"health": {"scenarios": HUNG}}]
    )
    def test_a_run_is_recorded_as_such(self, tmp_path: Path, seen: dict[str, object]) -> None:
        folder = Judged(tmp_path).folder
        folder.write_info({**folder.info(), **seen})

        assert record_run(folder, Tolerances()).broken

    def test_a_later_run_is_no_baseline(self, tmp_path: Path) -> None:
        judged = Judged(tmp_path)
        later = entry(judged.info, 11, {}, started="2026-12-01T00:00:00+00:00")
        judged.after(spread(100, 0.005, 4)).add(later)

        assert "there are 4" in self.outcome(judged)

    def test_pinned_runs_are_the_reference_and_the_branch_says_how_runs_differ(self, tmp_path: Path) -> None:
        judged = Judged(tmp_path, 120)
        store = judged.after([*spread(120, 0.005), 100.0 * MS])
        store.set_marks(Marks(pins={"release-1": ("2026-10-11T00-00-00-0000000b",)}))

        verdict = judged.run().http("POST /checkout").duration.p95 <= 1.1 * baseline(pin="release-1")

        assert verdict.evidence.compared is not None
        assert verdict.evidence.compared.value == pytest.approx(100 * MS)
        assert "pinned as release-1" in verdict.evidence.notes[0]

    def test_a_pin_that_nobody_set_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="no run is pinned by this name; pinned are: none yet"):
            self.outcome(Judged(tmp_path), pin="nope")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: baseline(runs=3), "from 5 to 1000"),
        (lambda: baseline(sure=1), "from 0.5 to 0.999"),
        (lambda: baseline(branch=""), "give a name"),
        (lambda: 0 * baseline(), "above 0"),
        (lambda: (baseline() + ms(1)) * 2, "multiply the baseline first"),
        (lambda: baseline() + "1 ms", "write one amount"),
    ],
)
def test_what_cannot_be_a_baseline_is_told(make: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make()


def test_how_sure_it_is_to_be_stands_in_the_baseline(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"baseline\(sure=0.99\)"):
        _ = Judged(tmp_path).run().http().duration.p95.sure(0.99) <= baseline()
