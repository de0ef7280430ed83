"""Data taken away from a run: no claim passes on a part that is false on the whole, and none passes for that.

Each is held against a limit that is a trifle off what it is on the whole, where a bound that is too narrow shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k6spec import baseline, ms, percent
from k6spec.errors import Inconclusive
from k6spec.judge.derived import COMPARE
from k6spec.judge.family import Family
from k6spec.judge.past import Chosen, Earlier, Known
from k6spec.judge.verdict import Operator, Unit
from k6spec.run import Run
from tests.support.claims import CLAIMS, PLAIN, SURE, limit_of
from tests.support.losses import KINDS, Data, archived, loads, losses
from tests.support.runs import Request, db, entry, run_of

AT_ONCE = 30
SIGNS: tuple[Operator, ...] = ("<=", ">=")


@st.composite
def asked(draw: st.DrawFn) -> dict[str, tuple[Operator, float]]:
    """Some of the claims, with a sign each, and a limit as so many times what it is on the whole."""
    names = draw(st.lists(st.sampled_from(sorted(CLAIMS)), min_size=AT_ONCE, max_size=AT_ONCE, unique=True))
    how = st.tuples(st.sampled_from(SIGNS), st.sampled_from((0.7, 1.0, 1.0, 1.0, 1.4)))
    return {name: draw(how) for name in names}


@settings(max_examples=7, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(loads(), asked(), st.data())
def test_taking_data_away_lets_no_claim_pass(
    whole: Data, claims: dict[str, tuple[Operator, float]], data: st.DataObject
) -> None:
    less = data.draw(losses(whole))
    least = data.draw(losses(less))

    assert greens_without_cause([whole, less, least], claims) == []


def greens_without_cause(kept: Sequence[Data], claims: Mapping[str, tuple[Operator, float]]) -> list[str]:
    """What became of claims as more and more was taken away, where that is not as it should be."""
    with archived(kept[0]) as run:
        values = {name: CLAIMS[name].value(run, sign) for name, (sign, _times) in claims.items()}
    limits = {
        name: CLAIMS[name].limit(value, *claims[name]) for name, value in values.items() if value is not None
    }
    seen: dict[str, list[str]] = {name: [] for name in limits}
    for part in kept:
        with archived(part) as run:
            for name, limit in limits.items():
                seen[name].append(outcome(run, name, claims[name][0], limit))
    return [
        f"{name} {claims[name][0]} {limits[name]}: {' -> '.join(found)}"
        for name, found in seen.items()
        if _without_cause(found)
    ]


def outcome(run: Run, name: str, sign: Operator, limit: Any) -> str:
    """Of the claim; one that raises is inconclusive as well."""
    try:
        return CLAIMS[name].judge(run, sign, limit).outcome
    except Inconclusive:
        return "inconclusive"


@final
class Nights:
    """Earlier runs that measured about the same as this one's whole."""

    def __init__(self, values: Mapping[str, float]) -> None:
        self._values = values
        self.family = Family(1)

    def statistic(self, statistic: str, _unit: Unit, _chosen: Chosen) -> Earlier:
        """Six runs that differ by a few per cent."""
        measured = [self._values[statistic] * (1 + off / 100) for off in (-3, 2, 0, 1, -1, 1)]
        known = tuple(Known(run_id=f"night-{n}", value=value, members=50) for n, value in enumerate(measured))
        return Earlier(reference=known, variation=known, said="six nights")

    def rounds(self, _chosen: Chosen) -> None:
        """None were made."""

    def operations(self, _root: str, _chosen: Chosen, *, critical: bool = False) -> str:
        """Nobody asks."""
        raise NotImplementedError


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(loads(), st.data())
def test_so_it_is_against_a_baseline(whole: Data, data: st.DataObject) -> None:
    less = data.draw(losses(whole))
    names = data.draw(st.lists(st.sampled_from(sorted(PLAIN)), min_size=AT_ONCE, max_size=AT_ONCE, unique=True))
    signs: dict[str, Operator] = {name: data.draw(st.sampled_from(SIGNS)) for name in names}
    times = {name: data.draw(st.sampled_from((0.5, 0.9, 1.0, 1.1, 1.5))) for name in names}

    assert compared_greens([whole, less, data.draw(losses(less))], signs, times) == []


def compared_greens(kept: Sequence[Data], signs: Mapping[str, Operator], times: Mapping[str, float]) -> list[str]:
    """What became of claims against a baseline, where that is not as it should be."""
    with archived(kept[0]) as run:
        told = {name: PLAIN[name][1](run).told() for name in signs}
    nights = {one.statistic: one.value for one in told.values() if one is not None}
    seen: dict[str, list[str]] = {name: [] for name, one in told.items() if one is not None}
    for part in kept:
        with archived(part, past=Nights(nights)) as run:
            for name, found in seen.items():
                verdict = COMPARE[signs[name]](PLAIN[name][1](run), times[name] * baseline())
                found.append(verdict.outcome)
    return [
        f"{name} {signs[name]} {times[name]}: {found}" for name, found in seen.items() if _without_cause(found)
    ]


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 1000), st.sampled_from((1, 3, 9)), st.sampled_from(KINDS), st.data())
def test_so_it_is_of_intervals(seed: int, lost: int, kind: str, data: st.DataObject) -> None:
    whole = long_load(seed)
    less = whole
    for number in data.draw(st.lists(st.integers(0, 239), min_size=lost, max_size=lost, unique=True)):
        less = less.lose(number, kind, 1)
    near = data.draw(st.floats(-1.0, 1.0))

    assert unsure_greens([whole, less], near) == []


def long_load(seed: int) -> Data:
    """As many requests as an interval takes, with one query each; every other one is slower."""
    lasted = np.random.default_rng(seed).gamma(4, 4, 240) + np.tile((2, 6), 120)
    requests = [Request(ms=2 * ms, spans=[entry(ms=1.5 * ms), db(ms=ms)]) for ms in lasted.tolist()]
    return Data(requests=tuple(requests))


def unsure_greens(kept: Sequence[Data], near: float) -> list[str]:
    """What became of claims on intervals: each limit is so many half widths off the statistic on the whole."""
    bounds = {}
    with archived(kept[0]) as run:
        for name, (unit, read) in SURE.items():
            value = read(run).value
            found = (read(run).sure(0.9) <= limit_of(unit, value)).evidence
            bounds[name] = value + near * 1.2 * max(found.highest - value, value - found.lowest)
    seen: dict[str, list[str]] = {}
    for part in kept:
        with archived(part) as run:
            for name, (unit, read) in SURE.items():
                for sign in SIGNS:
                    verdict = COMPARE[sign](read(run).sure(0.9), limit_of(unit, bounds[name]))
                    seen.setdefault(f"{name} {sign} {bounds[name]}", []).append(verdict.outcome)
    return [f"{name}: {told}" for name, told in seen.items() if _without_cause(told)]


def _without_cause(found: Sequence[str]) -> bool:
    """As more and more was taken away: what failed passed, what passed failed, or what was open passed.

    What passes may be open between: the median of what is left can lie outside the bounds that all must meet.
    """
    return (
        (found[0] == "failed" and "passed" in found)
        or (found[0] == "passed" and "failed" in found)
        or (found[0] == "inconclusive" and "passed" in found)
    )


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
        assert "1 span was dropped, of unknown traces" in verdict.evidence.reason

    def test_where_nothing_is_missing_there_is_none(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [Request(spans=[entry(), db()])])

        assert len(run.spans.by("name").every(lambda name: name.duration.max <= ms(200))) == 2

    def test_groups_of_requests_are_k6s(self, tmp_path: Path) -> None:
        verdicts = self.shop(tmp_path, lost_ms=400).http().by("name").every(lambda one: one.count >= 42)

        assert [verdict.outcome for verdict in verdicts] == ["passed"]

    def test_of_no_group_the_claim_is_one_of_nothing_that_was_seen(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [Request(spans=[entry(), db()])])
        errors = run.spans.originating_errors().by("service")

        assert [found.outcome for found in errors.every(lambda found: found.count <= 3)] == ["passed"]
        assert errors.worst(lambda found: found.duration.max <= ms(1)).outcome == "inconclusive"
        assert run.spans("no such").by("service").worst(lambda top: top.count <= 3).outcome == "inconclusive"

    def test_of_no_group_something_may_be_missing(self, tmp_path: Path) -> None:
        errors = self.shop(tmp_path, lost_ms=400).spans.originating_errors().by("service")

        assert errors.worst(lambda found: found.count <= 0).outcome == "inconclusive"

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
        assert "1 span was dropped, of unknown traces" in verdict.evidence.reason

    def test_a_handful_cannot_change_a_percentile_of_many(self, tmp_path: Path) -> None:
        assert self.shop(tmp_path, dropped=3, slowest=400).spans.db().duration.p95 <= ms(10)

    def test_many_can(self, tmp_path: Path) -> None:
        verdict = self.shop(tmp_path, dropped=50, slowest=400).spans.db().duration.p95 <= ms(10)

        assert verdict.outcome == "inconclusive"

    def test_one_may_be_in_a_bucket_of_the_slow(self, tmp_path: Path) -> None:
        slow = self.shop(tmp_path, dropped=1, slowest=400).spans.db().duration.histogram(ms(200))[1]

        assert (slow <= percent(0)).outcome == "inconclusive"

    def test_what_may_be_anything_is_said_to_be(self, tmp_path: Path) -> None:
        verdict = self.shop(tmp_path, dropped=1).traces().calls(db=True).standard_deviation <= 1

        assert verdict.outcome == "inconclusive"
        assert "the value may be anything, on either side of the limit" in verdict.evidence.reason

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
