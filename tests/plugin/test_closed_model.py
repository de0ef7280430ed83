"""What the summary says of a closed model that flattered a claim."""

from __future__ import annotations

from tests.plugin.conftest import Specs
from tests.support.runs import Request


def test_a_stall_that_a_passed_claim_hardly_saw_is_told_at_the_end(specs: Specs) -> None:
    going = [Request(ms=10, at_ms=at, vus=5) for at in range(0, 20_000, 10) if not 8000 <= at < 11_000]
    specs.archive([*going, *(Request(ms=3000, at_ms=8000 + number, vus=5) for number in range(5))])
    specs.write("def test_fast(run):\n    assert run.http().duration.p99 < ms(50)\n")
    result = specs.replay()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*closed model: while POST /checkout was slow, it was asked less often*"])
