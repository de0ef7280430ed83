"""Numbers as they are told: none of two that differ reads as the other, and none is in powers of ten."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k6spec import ms, percent, seconds
from k6spec.judge.limits import shown, shown_apart
from k6spec.judge.record import record
from k6spec.judge.verdict import Unit
from k6spec.report.judged import limit, observed
from k6spec.report.junit import properties
from k6spec.run import Run
from k6spec.units import format_ns
from tests.support.runs import Request, db, entry, run_of

UNITS: tuple[Unit, ...] = ("ns", "fraction", "count", "per second")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    slow = [Request(ms=1_003, spans=[entry(), db(ms=200.3)]) for _ in range(101)]
    return run_of(tmp_path, [*slow, *(Request(ms=900, spans=[entry(), *[db(ms=1)] * 2]) for _ in range(1))])


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (lambda run: run.spans.db().duration.max <= ms(200), "max duration 200.3 ms, limit 200 ms"),
        (lambda run: run.http().duration.max < seconds(1), "max duration 1.003 s, limit under 1 s"),
        (lambda run: run.spans.db().duration.p50 >= ms(200.4), "p50 duration 200.3 ms, limit at least 200.4 ms"),
        (lambda run: run.spans.db().over(ms(100)).rate <= percent(98.06), "98.058 %, limit 98.060 %"),
        (lambda run: run.traces().calls(db=True).mean <= 1.009, "mean db calls a trace 1.010, limit 1.009"),
        (lambda run: run.spans.db().duration.max <= ms(20), "max duration 200 ms, limit 20 ms"),
    ],
)
def test_what_breaks_a_limit_never_reads_as_the_limit(run: Run, claim: object, said: str) -> None:
    assert said in claim(run).headline  # type: ignore[operator]


def test_the_report_and_junit_tell_them_apart_as_well(run: Run) -> None:
    verdict = run.spans.db().duration.max <= ms(200)
    kept = record(verdict, nodeid="test_x.py::test_x", session="s")

    assert (observed(kept), limit(kept)) == ("200.3 ms", "<= 200 ms")
    told = dict(properties([verdict], run_id="r", report="p"))
    assert (told["k6spec.observed"], told["k6spec.limit"]) == ("200.3 ms", "<= 200 ms")


@given(st.sampled_from(UNITS), st.floats(1e-3, 1e12), st.floats(1e-6, 1e-2))
def test_numbers_that_differ_read_differently(unit: Unit, number: float, share: float) -> None:
    one, other = shown_apart(number, number * (1 + share), unit)

    assert one != other


@given(st.sampled_from(UNITS), st.floats(0.01, 1e15))
def test_no_number_is_told_in_powers_of_ten(unit: Unit, number: float) -> None:
    assert "e+" not in shown(number, unit)


@pytest.mark.parametrize(("ns", "said"), [(999_600_000, "1 s"), (999_400_000, "999 ms"), (999_700, "1 ms")])
def test_no_unit_is_told_as_a_thousand_of_the_smaller_one(ns: float, said: str) -> None:
    assert format_ns(ns) == said
