"""Claims of the user's own: verdicts like any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from k6spec import Inconclusive, UsageError, Verdict
from k6spec.judge.record import record
from k6spec.report.failure import failure_message
from k6spec.report.links import Links
from k6spec.run import Run
from tests.support.runs import Request, db, entry, run_of, trace_id


def one_query_a_checkout(run: Run) -> Verdict:
    """As a user would write it."""
    found = run.sql(
        "SELECT trace_id FROM spans WHERE category = ? GROUP BY ALL HAVING count(*) > 1 ORDER BY count(*) DESC",
        ["db"],
    )
    return run.claim(
        "a checkout queries once",
        holds=not found.num_rows,
        because=f"{found.num_rows} traces query more often",
        traces=found["trace_id"].to_pylist(),
    )


def shop(tmp_path: Path, *queries: int) -> Run:
    return run_of(tmp_path, [Request(spans=[entry(), *[db()] * count]) for count in queries])


def test_one_that_holds_passes(tmp_path: Path) -> None:
    run = shop(tmp_path, 1, 1)

    assert one_query_a_checkout(run)
    assert [verdict.claim for verdict in run.log.verdicts] == ["a checkout queries once"]


def test_one_that_does_not_hold_shows_what_was_seen_and_where(tmp_path: Path) -> None:
    run = shop(tmp_path, 1, 2, 3)
    verdict = one_query_a_checkout(run)

    text = str(failure_message(run, verdict, Links(root=tmp_path)))

    assert not verdict
    assert text.splitlines()[:2] == [
        "a checkout queries once: does not hold",
        "  2 traces query more often",
    ]
    assert trace_id(2).hex() in text.splitlines()[2]


def test_none_is_inconclusive(tmp_path: Path) -> None:
    run = shop(tmp_path, 1)

    with pytest.raises(Inconclusive, match=r"(?s)cannot be judged.*no cart was bought"):
        assert run.claim("carts are bought once", holds=None, because="no cart was bought")


def test_it_is_recorded_with_its_traces(tmp_path: Path) -> None:
    run = shop(tmp_path, 2)

    plain = record(one_query_a_checkout(run), nodeid="test_x", session="s")

    assert (plain["outcome"], plain["trace_ids"]) == ("failed", [trace_id(0).hex()])


def test_one_that_is_not_judged_is_forgotten(tmp_path: Path) -> None:
    run = shop(tmp_path, 1)
    one_query_a_checkout(run)

    assert len(run.log.forgotten) == 1


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ({"holds": 1}, "write True, False, or None"),
        ({"holds": False}, "say with because="),
        ({"holds": True, "traces": ["abc"]}, "32 hex digits"),
    ],
)
def test_mistakes_say_what_to_write(tmp_path: Path, claim: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        shop(tmp_path, 1).claim("something", **claim)  # type: ignore[arg-type]
