"""The parts of a load that a claim speaks of."""

from __future__ import annotations

from pathlib import Path

from k6spec import ms
from k6spec.judge.when import windows
from tests.support.runs import BEGIN, MS, Request, run_of

STAGES = [("ramp", 10), ("peak", 50), ("ramp", 30), ("peak", 50)]
"""A second each."""


def up_and_down() -> list[Request]:
    return [
        Request(at_ms=1000 * number + 20 * step, stage=stage, vus=vus)
        for number, (stage, vus) in enumerate(STAGES)
        for step in range(50)
    ]


def test_a_claim_about_everything_has_none(tmp_path: Path) -> None:
    run = run_of(tmp_path, up_and_down())
    assert windows(run.database, run.http().duration.max < ms(400)) is None


def test_which_requests_it_is_about_is_no_matter_of_when(tmp_path: Path) -> None:
    run = run_of(tmp_path, [*up_and_down(), Request(name="GET /once", at_ms=500)])
    assert windows(run.database, run.http("GET /once").duration.max < ms(400)) is None


def test_they_follow_the_plan_up_and_down(tmp_path: Path) -> None:
    run = run_of(tmp_path, up_and_down())
    found = windows(run.database, run.http().during(vus=50).duration.max < ms(400))
    assert found == [(BEGIN + 1000 * MS, BEGIN + 1980 * MS), (BEGIN + 3000 * MS, BEGIN + 3980 * MS)]


def test_a_claim_about_spans_has_those_of_its_requests(tmp_path: Path) -> None:
    run = run_of(tmp_path, up_and_down())
    found = windows(run.database, run.spans.between("1s", "2s").count <= 9)
    assert found == [(BEGIN + 1000 * MS, BEGIN + 1980 * MS)]
