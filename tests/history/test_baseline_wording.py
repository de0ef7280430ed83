"""The words of claims against a baseline: a run that is a quarter slower than six nights, which differ by 0.7 %."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from k6spec import Run, UsageError, Verdict, baseline, ms, percent
from k6spec.report.failure import failure_message
from k6spec.report.links import Links
from tests.support.earlier import run_after_nights

SAID = {"reason", "note"}


@pytest.fixture
def said(tmp_path: Path) -> Callable[..., str]:
    """Headline, reason and what it was compared with."""

    def say(claim: Callable[[Run], Verdict], *, nights: int = 6) -> str:
        texts = []

        def claims(run: Run, _root: str) -> list[Verdict]:
            verdict = claim(run)
            message = failure_message(run, verdict, Links(root=tmp_path))
            told = [line.text for line in message.lines if line.kind in SAID]
            texts.append("\n".join([message.headline, *told]))
            return [verdict]

        run_after_nights(tmp_path, claims, nights=nights)
        return texts[0]

    return say


def test_a_regression(said: Callable[..., str]) -> None:
    assert said(lambda run: run.http().duration.p95 <= 1.05 * baseline()) == snapshot("""\
requests: p95 duration 48.8 ms, limit 1.05 × baseline = 40.9 ms
+25.00 % against the baseline 39 ms (+23.09 % to +26.94 %, 95 % sure on either side; noise between runs 0.71 %; 6 runs on main, 2026-10-01 to 2026-10-06)\
""")


def test_too_near_to_tell(said: Callable[..., str]) -> None:
    assert said(lambda run: run.http().duration.p95 <= 1.25 * baseline()) == snapshot("""\
requests: p95 duration 48.8 ms, limit 1.25 × baseline = 48.7 ms
inconclusive: it is too near to its limit to tell: 6 runs differ by 0.71 % (one standard deviation); load again, or longer (an unchanged system would reliably pass 1.031 * baseline())
+25.00 % against the baseline 39 ms (+23.09 % to +26.94 %, 95 % sure on either side; noise between runs 0.71 %; 6 runs on main, 2026-10-01 to 2026-10-06)\
""")


def test_a_limit_within_the_noise(said: Callable[..., str]) -> None:
    assert said(lambda run: run.http().duration.p95 >= 0.999 * baseline()) == snapshot("""\
requests: p95 duration 48.8 ms, limit at least 0.999 × baseline = 39 ms
inconclusive: the limit is tighter than the noise: 6 runs differ by 0.71 % (one standard deviation), so even a run that equals the baseline could not pass; an unchanged system would reliably pass 0.970 * baseline(): loosen the limit, make the load longer, or gather more runs
+25.00 % against the baseline 39 ms (+23.09 % to +26.94 %, 95 % sure on either side; noise between runs 0.71 %; 6 runs on main, 2026-10-01 to 2026-10-06)\
""")


def test_too_few_nights(said: Callable[..., str]) -> None:
    assert said(lambda run: run.http().duration.p95 <= 1.05 * baseline(), nights=2) == snapshot("""\
requests: p95 duration 48.8 ms, limit 1.05 × baseline
skipped: no baseline yet: it takes 5 earlier runs with 'requests: p95 duration' on branch main, and there are 2\
""")


def test_an_operation_that_is_new(said: Callable[..., str]) -> None:
    assert said(lambda run: run.traces(root="POST /checkout").operations <= baseline()) == snapshot("""\
traces of POST /checkout: operations 1 new, limit 0
new: coupons client SELECT shop, in 40 of 40 traces
compared with 240 traces of 6 runs\
""")


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        (
            lambda run: run.http().duration.p95 <= 0 * baseline(),
            snapshot("0 times a baseline: give a number above 0, as in 1.05 * baseline()"),
        ),
        (
            lambda run: run.http().duration.p95 <= baseline() + percent(5),
            snapshot(
                "baseline() + 5 %: what is compared is a length of time; write an amount of that kind, as in baseline() + ms(2)"
            ),
        ),
        (
            lambda run: run.http().duration.p95 <= (baseline() + ms(2)) * 1.05,
            snapshot("multiply the baseline first, as in 1.05 * baseline() + ms(2)"),
        ),
        (
            lambda run: run.http().duration.p95.sure(0.9) <= baseline(),
            snapshot(
                "how sure a claim against a baseline must be is said by the baseline: leave .sure() out, and write baseline(sure=0.99)"
            ),
        ),
        (
            lambda run: run.http().duration.p95 <= baseline(pin="v2"),
            snapshot("baseline(pin='v2'): no run is pinned by this name; pinned are: none yet"),
        ),
        (
            lambda run: run.http().duration.p95 <= baseline(runs=1),
            snapshot("baseline(runs=1): give a whole number from 5 to 1000"),
        ),
    ],
    ids=["factor", "slack", "order", "sure", "pin", "runs"],
)
def test_mistakes(said: Callable[..., str], claim: Callable[[Run], Verdict], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        said(claim)
    assert str(caught.value) == words
