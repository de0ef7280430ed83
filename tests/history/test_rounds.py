"""Claims against the base version of a session that loaded two versions in turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from k6spec import Inconclusive, Run, baseline, percent
from k6spec.history.past import HistoryPast
from k6spec.history.rounds import rounds_of
from k6spec.history.store import HistoryStore
from k6spec.judge.family import Family
from k6spec.judge.health import Tolerances
from k6spec.store.archive import RunFolder
from tests.support.runs import MS, Request, Span, db, make_run
from tests.support.runs import entry as entry_span

DRIFT = (100, 140, 90, 200, 120, 160)
"""Milliseconds: how the machine differs from round to round, whatever runs on it."""


def named(tmp_path: Path, number: int) -> Path:
    return tmp_path / f"2026-11-01T00-00-{number:02d}-{number:08x}"


def run_of(
    tmp_path: Path,
    base: Sequence[Sequence[Request]],
    candidate: Sequence[Sequence[Request]],
    *,
    claims: int = 1,
    first: Mapping[str, Any] | None = None,
) -> Run:
    """The candidate's last run of so many rounds; ``first``: what the base's first one tells of itself."""
    bases = [make_run(named(tmp_path, 2 * n), requests) for n, requests in enumerate(base)]
    candidates = [make_run(named(tmp_path, 2 * n + 1), requests) for n, requests in enumerate(candidate)]
    bases[0].write_info({**bases[0].info(), **(first or {})})
    pairs = [{"base": one.run_id, "candidate": two.run_id} for one, two in zip(bases, candidates, strict=True)]
    del pairs[-1]["candidate"]  # its own id a run need not tell
    judged = candidates[-1]
    ab = {"version": "candidate", "rounds": len(pairs), "base": "1.9", "candidate": "2.0", "pairs": pairs}
    judged.write_info({**judged.info(), "ab": ab})
    return opened(judged, tmp_path, claims)


def opened(judged: RunFolder, tmp_path: Path, claims: int = 1) -> Run:
    rounds = rounds_of(judged, Tolerances())
    family = Family(claims)
    past = HistoryPast(HistoryStore(tmp_path / "history"), judged.info(), family=family, rounds=rounds)
    return Run(judged, past=past)


def as_long(milliseconds: Sequence[float], **more: object) -> list[list[Request]]:
    return [[Request(ms=length, **more) for _ in range(50)] for length in milliseconds]  # type: ignore[arg-type]


def times(factor: float, deviation: float = 0.0) -> list[float]:
    """Drifting as the machine does, so many times as long, with a deviation of the rounds' own."""
    own = np.resize([1.0, -1.0], len(DRIFT)) * deviation * np.sqrt(1 - 1 / len(DRIFT))
    return [float(length * factor * np.exp(noise)) for length, noise in zip(DRIFT, own, strict=True)]


def test_a_drift_that_both_versions_have_hides_no_regression(tmp_path: Path) -> None:
    run = run_of(tmp_path, as_long(times(1)), as_long(times(1.1, 0.01)))

    verdict = run.http("POST /checkout").duration.p95 <= 1.05 * baseline()

    assert not verdict
    assert verdict.evidence.compared is not None
    assert verdict.evidence.compared.change == pytest.approx(0.1, abs=1e-3)
    assert verdict.evidence.compared.noise == pytest.approx(0.01, rel=1e-3)
    assert verdict.evidence.notes[0].endswith("noise between rounds 1.00 %; 6 rounds, 2.0 in turns with 1.9)")


def test_a_drift_that_both_versions_have_makes_no_regression(tmp_path: Path) -> None:
    run = run_of(tmp_path, as_long(times(1)), as_long(times(1, 0.01)))

    assert run.http("POST /checkout").duration.p95 <= 1.05 * baseline()


def test_what_is_observed_is_the_mean_of_the_candidates_rounds(tmp_path: Path) -> None:
    run = run_of(tmp_path, as_long([100] * 4), as_long([100, 200, 100, 200]))

    verdict = run.http("POST /checkout").duration.p95 <= 3 * baseline()

    assert verdict.observed == pytest.approx(20_000**0.5 * MS)


def test_a_limit_tighter_than_the_noise_of_the_rounds_is_refused(tmp_path: Path) -> None:
    run = run_of(tmp_path, as_long(times(1)), as_long(times(1, 0.1)))

    with pytest.raises(
        Inconclusive, match=r"tighter than the noise: 6 rounds differ by 10.00 %.*gather more rounds"
    ):
        bool(run.http("POST /checkout").duration.p95 <= 1.05 * baseline())


def test_what_is_surely_within_its_limit_passes_whatever_the_noise(tmp_path: Path) -> None:
    run = run_of(tmp_path, as_long(times(1)), as_long(times(0.7, 0.1)))

    assert run.http("POST /checkout").duration.p95 <= 1.05 * baseline()


def test_what_is_seen_once_among_many_claims_may_be_chance(tmp_path: Path) -> None:
    base, candidate = as_long(times(1)), as_long(times(1.1, 0.04))

    alone = run_of(tmp_path / "a", base, candidate).http().duration.p95 <= 1.05 * baseline()
    among = run_of(tmp_path / "b", base, candidate, claims=100).http().duration.p95 <= 1.05 * baseline()

    assert (alone.outcome, among.outcome) == ("failed", "inconclusive")


def test_one_more_database_call_fails_where_rounds_are_all_alike(tmp_path: Path) -> None:
    base, candidate = ([entry_span(), *(db() for _ in range(calls))] for calls in (3, 4))
    run = run_of(tmp_path, as_long(times(1), spans=base), as_long(times(1), spans=candidate))

    assert run.traces(root="POST /checkout").calls(db=True).mean <= baseline() + 1
    assert not (run.traces(root="POST /checkout").calls(db=True).mean <= baseline())


def test_more_failures_fail_and_as_many_pass(tmp_path: Path) -> None:
    def failing(share: float) -> list[list[Request]]:
        return [[Request(status=500 if n < 200 * share else 200) for n in range(200)] for _ in range(6)]

    more = run_of(tmp_path / "a", failing(0.01), failing(0.2)).http().failed.rate <= baseline() + percent(5)
    same = run_of(tmp_path / "b", failing(0.01), failing(0.01)).http().failed.rate <= baseline() + percent(5)

    assert (more.outcome, same.outcome) == ("failed", "passed")


def test_failing_fast_is_no_gain(tmp_path: Path) -> None:
    slow = [[*round_, *(Request(ms=1, status=500) for _ in range(60))] for round_ in as_long(times(1.5))]
    run = run_of(tmp_path, as_long(times(1)), slow)

    assert (run.http().duration.p50 <= 1.2 * baseline()).outcome == "inconclusive"


def test_failing_altogether_is_no_gain(tmp_path: Path) -> None:
    broken = [*as_long(times(0.5)[:-1]), *as_long([1], status=500)]
    run = run_of(tmp_path, as_long(times(1)), broken)

    verdict = run.http().duration.p95 <= 1.2 * baseline()

    assert verdict.outcome == "failed"
    assert verdict.evidence.notes[1] == (
        "in 1 of 6 rounds none of the requests succeeded, and failures flatter this claim"
    )


def test_a_base_of_which_every_request_failed_is_no_measure(tmp_path: Path) -> None:
    broken = [*as_long(times(1)[:-1]), *as_long([60_000], status=504)]
    run = run_of(tmp_path, broken, as_long(times(2)))

    with pytest.raises(Inconclusive, match=r"in 1 of 6 rounds none of the requests of 1\.9 succeeded"):
        bool(run.http().duration.p95 <= 3 * baseline())


def test_spans_missing_in_a_round_can_leave_it_open(tmp_path: Path) -> None:
    spans = [entry_span(ms=5), db(ms=2)]
    whole = as_long(times(1), spans=spans)
    torn = [*as_long(times(1)[:1]), *whole[1:]]
    torn[0][0] = Request(ms=100, spans=spans)

    verdict = run_of(tmp_path, whole, torn).spans.db().duration.max <= 1.5 * baseline()

    assert verdict.outcome == "inconclusive"


def test_where_k6_itself_was_slow_in_any_round_nothing_about_latency_passes(tmp_path: Path) -> None:
    run = run_of(
        tmp_path,
        as_long(times(1)),
        as_long(times(1)),
        first={"health": {"iterations": 10, "dropped_iterations": 10}},
    )

    with pytest.raises(Inconclusive, match=r"in 2026-11-01T00-00-00-00000000, .*dropped"):
        bool(run.http().duration.p95 <= 1.5 * baseline())


HUNG: Final = {"health": {"scenarios": {"buy": {"untold": 50, "due": 100}}}}
LEFT_OUT: Final = {
    "scenario": "buy",
    "elapsed_ns": 5 * 10**9,
    "stage": "peak",
    "planned_vus": 50.0,
    "planned_rate": None,
}
STOPPED: Final = {
    "stopped": {"by": "http_req_failed", "after_ns": 10**9, "unmade": [{**LEFT_OUT, "warmup": False}]}
}


@pytest.mark.parametrize(("first", "why"), [(HUNG, "k6 interrupted 50 of 100"), (STOPPED, "the load was stopped")])
def test_where_k6_tells_not_all_of_any_round_nothing_passes(
    tmp_path: Path, first: Mapping[str, Any], why: str
) -> None:
    run = run_of(tmp_path, as_long(times(1)), as_long(times(1)), first=first)

    verdict = run.http().failed.rate <= baseline() + percent(50)

    assert verdict.outcome == "inconclusive"
    assert verdict.evidence.reason.startswith(f"in 2026-11-01T00-00-00-00000000, {why}")


def test_a_part_that_every_round_made_is_judged(tmp_path: Path) -> None:
    run = run_of(tmp_path, as_long(times(1)), as_long(times(1)), first=STOPPED)

    assert run.http().between("0s", "2s").failed.rate <= baseline() + percent(50)


def test_what_only_the_candidate_has_is_skipped_with_the_reason(tmp_path: Path) -> None:
    run = run_of(tmp_path, as_long(times(1)), as_long(times(1), name="GET /new"))

    verdict = run.http("GET /new").duration.p95 <= baseline()

    assert verdict.outcome == "skipped"
    assert verdict.evidence.reason == "1.9 has nothing like it to compare with: it is new"


def test_what_not_all_rounds_have_is_inconclusive(tmp_path: Path) -> None:
    candidate = as_long(times(1))
    candidate[0] = [Request(name="GET /other") for _ in range(50)]
    run = run_of(tmp_path, as_long(times(1)), candidate)

    with pytest.raises(Inconclusive, match="in 1 of 6 rounds nothing matched"):
        bool(run.http("POST /checkout").duration.p95 <= 1.5 * baseline())


@pytest.mark.parametrize(("extra", "outcome"), [("cart", "failed"), ("SELECT shop", "passed")])
def test_operations_are_those_of_the_base(tmp_path: Path, extra: str, outcome: str) -> None:
    spans = [entry_span(), db()]
    new = [*spans, Span(name=extra)]
    run = run_of(tmp_path, as_long(times(1), spans=spans), as_long(times(1), spans=new))

    assert (run.traces(root="POST /checkout").operations <= baseline()).outcome == outcome


def test_operations_of_requests_that_the_base_never_had_are_skipped(tmp_path: Path) -> None:
    spans = [entry_span(), db()]
    run = run_of(tmp_path, as_long(times(1), spans=spans), as_long(times(1), name="GET /new", spans=spans))

    verdict = run.traces(root="GET /new").operations <= baseline()

    assert verdict.outcome == "skipped"
    assert verdict.evidence.reason == "1.9 has no traces of GET /new to compare with: they are new"


def test_runs_of_the_base_stay_open_for_the_next_claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spans = [entry_span(), db()]
    run = run_of(tmp_path, as_long(times(1), spans=spans), as_long(times(1), spans=spans))
    traces = run.traces(root="POST /checkout")
    assert traces.operations <= baseline()
    monkeypatch.delattr("k6spec.query.database.connect")

    assert traces.critical_operations <= baseline()


def test_the_folder_of_a_databases_file_makes_no_operation_new(tmp_path: Path) -> None:
    base, candidate = (
        [entry_span(), Span(name=f"BEGIN /tmp/{start}/shop.db", attributes={"db.name": f"/tmp/{start}/shop.db"})]
        for start in "ab"
    )
    run = run_of(tmp_path, as_long(times(1), spans=base), as_long(times(1), spans=candidate))

    verdict = run.traces(root="POST /checkout").operations <= baseline()

    assert verdict.outcome == "passed"
    assert verdict.evidence.notes == ("compared with 300 traces of 1.9, 6 rounds",)


def test_new_operations_beyond_the_first_are_counted(tmp_path: Path) -> None:
    spans = [entry_span(), db()]
    more = [*spans, *(Span(name=f"call {number}") for number in range(7))]
    run = run_of(tmp_path, as_long(times(1), spans=spans), as_long(times(1), spans=more))

    verdict = run.traces(root="POST /checkout").operations <= baseline()

    assert len([note for note in verdict.evidence.notes if note.startswith("new: orders client call ")]) == 5
    assert "new: 2 more" in verdict.evidence.notes


def test_a_branch_or_a_pin_asks_for_history_still(tmp_path: Path) -> None:
    run = run_of(tmp_path, as_long(times(1)), as_long(times(1)))

    verdict = run.http().duration.p95 <= baseline(branch="main")

    assert verdict.outcome == "skipped"
    assert "no baseline yet: it takes 5 earlier runs" in verdict.evidence.reason


def test_a_baseless_run_of_such_a_session_has_no_rounds(tmp_path: Path) -> None:
    folder = make_run(named(tmp_path, 1), [Request()])
    folder.write_info({**folder.info(), "ab": {"version": "base", "rounds": 1, "pairs": [{}]}})

    assert rounds_of(folder, Tolerances()) is None


def test_the_runs_own_values_stay_its_own(tmp_path: Path) -> None:
    run = run_of(tmp_path, as_long([100] * 4), as_long([100, 100, 100, 300]))
    p95 = run.http("POST /checkout").duration.p95

    _ = p95 <= 5 * baseline()

    assert p95.value == pytest.approx(300 * MS)
