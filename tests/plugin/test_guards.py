"""No way of writing a test hides that its claims cannot be judged, or that it makes none."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Specs, healthy

UNJUDGED = "run.spans('nowhere').duration.p95 < ms(1)"


@pytest.mark.parametrize(
    "body",
    [
        f"with contextlib.suppress(Exception):\n        assert {UNJUDGED}",
        f"with pytest.raises(Exception):\n        assert {UNJUDGED}",
        f"with ThreadPoolExecutor() as pool:\n        pool.submit(lambda: bool({UNJUDGED}))",
    ],
    ids=["suppress", "raises", "thread"],
)
def test_an_inconclusive_claim_that_is_swallowed_is_said_all_the_same(specs: Specs, body: str) -> None:
    head = "import contextlib\nfrom concurrent.futures import ThreadPoolExecutor\n"
    specs.write(f"{head}\ndef test_x(run):\n    assert run.http().count > 0\n    {body}")
    specs.archive(healthy())

    result = specs.replay()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*INCONCLUSIVE the test caught what says that these claims cannot be judged*"])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("run.http().duration.p95 < ms(400)", "*nothing looked at what was claimed*"),
        ("print(run.http())", "*claims nothing*"),
        (f"assert {UNJUDGED}", "*INCONCLUSIVE*"),
    ],
    ids=["no assert", "no claim", "inconclusive"],
)
def test_a_run_that_is_asked_for_within_the_test_is_guarded_as_well(specs: Specs, body: str, said: str) -> None:
    specs.write(f"@pytest.mark.xfail\ndef test_x(request):\n    run = request.getfixturevalue('run')\n    {body}")
    specs.archive(healthy())

    result = specs.replay()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([said])


@pytest.mark.parametrize("bare", ["run.http().duration.p95", "run.http().duration", "run.http().over(ms(400))"])
def test_a_statistic_is_no_claim_by_itself(specs: Specs, bare: str) -> None:
    specs.write(f"def test_x(run):\n    assert run.http().count > 0\n    assert {bare}, ms(400)")
    specs.archive(healthy())

    result = specs.replay()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*neither true nor false*"])
