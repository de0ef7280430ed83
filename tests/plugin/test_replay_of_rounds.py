"""Judging again a session that loaded two versions in turns, and ended before its last round."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.plugin.conftest import Specs


def is_round(folder: Path, version: str, number: int) -> None:
    """Marks an archived run as one of a session of four rounds."""
    info = json.loads((folder / "run.json").read_text())
    ab = {
        "version": version,
        "round": number,
        "rounds": 4,
        "base": "1.9",
        "candidate": "2.0",
        "pairs": [{}] * number,
    }
    (folder / "run.json").write_text(json.dumps({**info, "ab": ab}))


@pytest.mark.parametrize("replayed", ["last", "00000001"])
def test_what_is_missing_of_it_is_said(specs: Specs, replayed: str) -> None:
    specs.write("def test_count(run):\n    assert run.http().count > 0")
    is_round(specs.archive(number=1), "candidate", 1)

    result = specs.run("--k6spec-replay", replayed)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "*T00-00-01-00000001 is of round 1 of 4: two versions in turns are judged*by*last round",
            "*replay that run, or load again where the session ended before it*",
        ]
    )


def test_where_the_load_is_another_too_that_is_said(specs: Specs) -> None:
    specs.write("def test_count(run):\n    assert run.http().count > 0")
    is_round(specs.archive(fixtures=("cache_off",)), "candidate", 1)

    specs.replay().stdout.fnmatch_lines(["*no archived run matches this load; the nearest, *fixtures: *"])
