"""A history that cannot be read hinders the claims that ask it, and no others."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Specs

BODY = """
def test_count(run):
    assert run.http().count > 0
"""
AGAINST = """
def test_p95(run):
    assert run.http().duration.p95 <= 2 * k6spec.baseline()
"""


@pytest.fixture
def damaged(specs: Specs) -> Specs:
    """A project with a whole run, and an entry of an earlier one that was cut off."""
    specs.archive()
    history = specs.runs.parent / "history"
    history.mkdir()
    (history / "2026-10-01T00-00-01-00000009.json").write_text('{"format": 1, "run')
    return specs


def test_claims_on_the_run_alone_are_judged(damaged: Specs) -> None:
    damaged.write(BODY)

    result = damaged.replay()

    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.OK


def test_a_claim_against_a_baseline_says_which_file_it_is(damaged: Specs) -> None:
    damaged.write(BODY + AGAINST)

    result = damaged.replay()

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*FAULT *2026-10-01T00-00-01-00000009.json cannot be read*", "*remove it; its run is then forgotten*"]
    )
