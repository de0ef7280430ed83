"""The words of claims over parts of a load: windows, groups, stages, samples of traces; and of named limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from k6spec import Inconclusive, Run, UsageError, Verdict, limit, ms, percent, span
from k6spec.report.failure import failure_message
from k6spec.report.links import Links
from tests.support.runs import Request, db, entry, run_of


def checkout(ms: float = 25.0, **more: object) -> Request:
    """A checkout with a query that takes a fifth of its time."""
    return Request(ms=ms, spans=[entry(ms=ms * 0.8), db(ms=ms * 0.2)], **more)


def rising() -> list[Request]:
    """A hundred checkouts under 10 VUs, and as many, eight times as slow, under 40."""
    return [
        *(checkout(ms=25, vus=10, stage="warm", at_ms=number * 10) for number in range(100)),
        *(checkout(ms=200, vus=40, stage="peak", at_ms=1000 + number * 10) for number in range(100)),
    ]


@pytest.fixture
def said(tmp_path: Path) -> Callable[..., str]:
    """Headline, reason and remarks of a claim."""

    def say(claim: Callable[[Run], Verdict], requests: Sequence[Request] | None = None, **more: object) -> str:
        run = run_of(tmp_path, rising() if requests is None else requests, **more)
        message = failure_message(run, claim(run), Links(root=tmp_path))
        told = [line.text for line in message.lines if line.kind in {"reason", "note", "extent", "evidence"}]
        return "\n".join([message.headline, *told])

    return say


def test_the_worst_window(said: Callable[..., str]) -> None:
    assert said(lambda run: run.http().duration.p95.in_every("500ms") < ms(100)) == snapshot("""\
requests: p95 duration in every 500 ms 200 ms from 00:01 to 00:01, limit under 100 ms
50 requests are few for p95, which hangs on the outermost 2: from 100 on it says more
it does not hold in 20 of 31 windows, by steps of 50 ms
5 of 50 requests over the limit (10 %)
evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped; nothing of it is missing\
""")


def test_a_window_in_which_nothing_began(said: Callable[..., str]) -> None:
    requests = [checkout(at_ms=0), checkout(at_ms=5000)]
    assert said(lambda run: run.http().duration.p50.in_every("1s", step="1s") < ms(100), requests) == snapshot("""\
requests: p50 duration in every 1 s 25 ms from 00:00 to 00:01, limit under 100 ms
inconclusive: in 4 of 6 windows of 1 s nothing of it began, the first from 00:01 on: they say nothing; take longer windows, or claim a part of the load
1 request is few for p50, which hangs on the outermost one: from 10 on it says more
it holds in 2 of 6 windows, by steps of 1 s
evidence (stream): 2 requests, 2 sampled, 2 complete traces, 0 spans dropped; nothing of it is missing\
""")


def test_a_stage_that_was_not_declared(said: Callable[..., str]) -> None:
    assert said(lambda run: run.http().during(stage="peek").duration.p95 < ms(400)) == snapshot("""\
requests, stage 'peek': p95 duration cannot be judged, limit under 400 ms
inconclusive: no request has stage 'peek'; there are 'peak', 'warm'
evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped\
""")


def test_a_part_in_which_nothing_began(said: Callable[..., str]) -> None:
    assert said(lambda run: run.http().between("1m", "2m").duration.p95 < ms(400)) == snapshot("""\
requests, 60 s to 120 s: p95 duration cannot be judged, limit under 400 ms
inconclusive: no request began in this part of the load
evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped\
""")


def test_growth(said: Callable[..., str]) -> None:
    assert said(lambda run: run.http().duration.p50.scaling.exponent <= 1) == snapshot("""\
requests: exponent of p50 duration over planned VUs cannot be judged, limit 1
inconclusive: it was seen at planned VUs 10, 40: to tell growth takes 3 levels, the highest 2 times the lowest or more; declare more stages
evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped\
""")


def test_growth_of_one_load(said: Callable[..., str]) -> None:
    assert said(lambda run: run.http().duration.p50.scaling.exponent <= 1, [checkout()] * 50) == snapshot("""\
requests: exponent of p50 duration over planned VUs cannot be judged, limit 1
inconclusive: it was seen at planned VUs 50: to tell growth takes 3 levels, the highest 2 times the lowest or more; declare more stages
evidence (stream): 50 requests, 50 sampled, 50 complete traces, 0 spans dropped\
""")


def test_a_knee(said: Callable[..., str]) -> None:
    assert said(lambda run: run.http().duration.p50.scaling.knee() >= 60) == snapshot("""\
requests: knee (2 ×) of p50 duration over planned VUs 10, limit at least 60
by planned VUs: 10: 25 ms, 40: 200 ms
evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped; nothing of it is missing\
""")


def test_a_violation_among_sampled_traces(said: Callable[..., str]) -> None:
    requests = [*[checkout()] * 20, *[Request(ms=400)] * 80]
    assert said(lambda run: run.spans.db().duration.max <= ms(50), requests, tier="sampled") == snapshot("""\
db spans: max duration 5 ms, limit 50 ms
inconclusive: 80 of 100 traces are missing or incomplete: with them the value may be 5 ms to 400 ms, on either side of the limit; was an SDK's queue full, a sampler in the way, or the wait too short (settle, deadline)?
evidence (sampled): 100 requests, 100 sampled, 20 complete traces, 0 spans dropped; 80 traces missing (between 5 ms and 400 ms with them)\
""")


def test_an_operation_that_gives_no_trace(said: Callable[..., str]) -> None:
    requests = [*[checkout()] * 50, *[Request(name="GET /static", ms=900)] * 20]
    assert said(lambda run: run.spans.db().duration.max <= ms(1), requests) == snapshot("""\
db spans: max duration 5 ms, limit 1 ms
50 of 50 spans over the limit (100 %), in 50 of 70 traces; all of them are SELECT 1
evidence (stream): 70 requests, 70 sampled, 50 complete traces, 0 spans dropped; nothing of it is missing
uninstrumented (never gave a trace, not counted as missing): GET /static\
""")


def test_fast_failures(said: Callable[..., str]) -> None:
    requests = [checkout(ms=500) if number % 5 else checkout(ms=1, status=503) for number in range(200)]
    assert said(lambda run: run.http().duration.mean <= ms(450), requests) == snapshot("""\
requests: mean duration 400 ms, limit 450 ms
20 % of the requests failed, and they flatter this claim: 500 ms for the successful ones alone
160 of 200 requests over the limit (80 %)
evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped; nothing of it is missing\
""")


def test_a_bound_with_no_violation_seen(said: Callable[..., str]) -> None:
    assert said(lambda run: run.http().failed.rate.sure(0.95) <= percent(0.1), [checkout()] * 200) == snapshot("""\
requests: failed share (95 % sure) 0 %, limit 0.10 %
inconclusive: it lies between 0 % and 2.91 % (95 % sure), on both sides of the limit 0.10 %; 200 requests say no more: load longer
evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped; nothing of it is missing (between 0 % and 2.91 %, 95 % sure, of samples worth 200 independent ones)\
""")


def test_structure_that_is_never_so(said: Callable[..., str]) -> None:
    assert said(lambda run: run.spans.db().under("GET /cart").count >= 1) == snapshot("""\
db spans under GET /cart: count cannot be judged, limit at least 1
inconclusive: no span has name 'GET /cart'; there are 'POST /checkout', 'SELECT shop'
evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped\
""")


def test_a_journey_that_nobody_made(said: Callable[..., str]) -> None:
    assert said(
        lambda run: run.traces(root="POST /checkout").having(span("pay"), exactly=1).rate >= percent(99)
    ) == snapshot("""\
traces of POST /checkout: share having exactly 1 pay span cannot be judged, limit at least 99 %
inconclusive: no span has name 'pay'; there are 'POST /checkout', 'SELECT shop'
evidence (stream): 200 requests, 200 sampled, 200 complete traces, 0 spans dropped\
""")


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (
            lambda run: run.http().duration.p95 < limit("checkout_p95"),
            snapshot(
                "limit('checkout_p95') is not set: write checkout_p95 = … under [tool.k6spec.limits] in pyproject.toml, or give a default"
            ),
        ),
        (
            lambda run: len(run.spans.by("name")),
            snapshot(
                "by('name'): there are more than 200 values; group by something with fewer, such as a route instead of a URL, or set max_groups"
            ),
        ),
        (
            lambda run: run.spans.db().duration.p95.in_every("1s", step="2s"),
            snapshot("in_every('1 s', step='2 s'): the step must be longer than 0, and no longer than the window"),
        ),
        (
            lambda run: bool(span.db()),
            snapshot(
                "<selector of db spans> is a selector, neither true nor false: combine selectors with &, | and ~"
            ),
        ),
        (
            lambda run: run.claim("", holds=True, because="it is so"),
            snapshot("run.claim(''): say in words what is claimed"),
        ),
        (
            lambda run: run.expect(),
            snapshot("run.expect() needs claims, as in run.expect(run.http().failed.rate < percent(1))"),
        ),
    ],
    ids=range(6),
)
def test_mistakes(mistake: Callable[[Run], object], words: str, tmp_path: Path) -> None:
    names = [Request(spans=[entry(f"GET /{number}")]) for number in range(201)]
    with pytest.raises((UsageError, Inconclusive)) as caught:
        mistake(run_of(tmp_path, names))
    assert str(caught.value) == words
