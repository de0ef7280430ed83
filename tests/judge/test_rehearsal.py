"""Claims over a preflight's few requests: none is judged, and what matches nothing is noted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from k6spec import Inconclusive, Verdict, ms, percent, span
from k6spec.judge.rehearsal import Rehearsal
from k6spec.query.misspelt import nearly
from k6spec.run import Run
from tests.support.runs import Request, db, entry, run_of


@pytest.fixture
def rehearsal() -> Rehearsal:
    """Nothing noted yet."""
    return Rehearsal()


@pytest.fixture
def run(tmp_path: Path, rehearsal: Rehearsal) -> Run:
    """Three checkouts with a query each."""
    archived = run_of(tmp_path, [Request(spans=[entry(), db()], vus=1, stage="x") for _ in range(3)])
    return Run(archived.folder, rehearsal=rehearsal)


@pytest.mark.parametrize(
    "claim",
    [
        lambda run: run.http().duration.max < ms(1),
        lambda run: run.http().count >= 1_000_000,
        lambda run: run.spans.db().during(vus=50, stage="peak").after_warmup().duration.max < ms(1),
        lambda run: run.http("POST /checkout").between("1h", "2h").duration.max < ms(1),
        lambda run: run.spans(status="error").count <= 0,
        lambda run: run.traces(root="POST /checkout").having(span.db(), exactly=7).rate >= percent(100),
        lambda run: run.claim("something", holds=False, because="of this"),
        lambda run: run.http().duration.max <= 1.5 * run.spans.db().duration.max,
    ],
)
def test_what_matches_something_holds_whatever_the_limit_and_the_window(
    run: Run, rehearsal: Rehearsal, claim: Callable[[Run], Verdict]
) -> None:
    assert claim(run)
    assert rehearsal.unseen == []


@pytest.mark.parametrize(
    ("claim", "misspelt", "of_spans"),
    [
        (lambda run: run.spans.db(service="order").duration.max < ms(1), True, True),
        (lambda run: run.spans.db(service="payment").duration.max < ms(1), False, True),
        (lambda run: run.http("POST /chekout").duration.max < ms(1), True, False),
        (lambda run: run.http("POST /chekout").failed.rate < percent(1), True, False),
        (lambda run: run.http("GET /checkout").duration.max < ms(1), False, False),
        (lambda run: run.traces(root="POST /chekout").calls(db=True).max < 1, True, True),
        (lambda run: run.traces().having(span(service="ordres")).rate >= percent(99), True, True),
        (lambda run: run.spans(root="POST /chekout").duration.max < ms(1), True, True),
    ],
)
def test_what_matches_nothing_is_noted_and_the_test_goes_on(
    run: Run, rehearsal: Rehearsal, claim: Callable[[Run], Verdict], misspelt: bool, of_spans: bool
) -> None:
    assert claim(run)

    (unseen,) = rehearsal.unseen
    assert (unseen.misspelt, unseen.of_spans) == (misspelt, of_spans)


def test_a_value_of_nothing_is_noted(run: Run, rehearsal: Rehearsal) -> None:
    with pytest.raises(Inconclusive):
        _ = run.spans(service="order").duration.max.value

    assert [unseen.misspelt for unseen in rehearsal.unseen] == [True]


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("order", "orders"),
        ("GET /order/*", "GET /orders/17"),
        ("http.rout", "http.route"),
        ("stockservice", "stock-service"),
        ("Orders", "orders"),
    ],
)
def test_nearly_the_same(name: str, other: str) -> None:
    assert nearly(name, other)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("GET /orders/*", "GET /orders"),  # another operation
        ("GET /orders", "POST /orders"),
        ("GET cart", "SET cart"),  # too short to tell a typo from another word
        ("sku-1", "sku-2"),
        ("shard12", "shard13"),
        ("payments", "orders"),
        ("POST /reserve", "POST /release"),
    ],
)
def test_not_nearly_the_same(name: str, other: str) -> None:
    assert not nearly(name, other)
