"""Judging archived runs again, without any load."""

from __future__ import annotations

import json

import pytest

from k6spec import Scenario, constant_vus, flow
from k6spec.declare.load import declare_load
from k6spec.report.judged import latest
from tests.plugin.conftest import Specs, healthy
from tests.support.runs import Request

CLAIM = "def test_p95(run):\n    assert run.http().duration.p95 < ms(400)"


def test_starts_nothing(specs: Specs) -> None:
    specs.write(
        CLAIM,
        conftest="""
import pytest
@pytest.fixture(scope="session")
def k6spec_stack():
    raise RuntimeError("started")
@pytest.fixture(scope="session")
def k6spec_sut():
    raise RuntimeError("started")
""",
    )
    specs.archive()

    specs.replay().assert_outcomes(passed=1)


def test_last_is_the_last_session(specs: Specs) -> None:
    specs.write(CLAIM)
    specs.archive(session="old", number=1)
    specs.archive([], session="new", number=2)

    specs.replay().assert_outcomes(failed=1)


def test_a_run_can_be_named_by_the_end_of_its_id(specs: Specs) -> None:
    specs.write(CLAIM)
    specs.archive(number=1)
    specs.archive([], number=2)

    specs.run("--k6spec-replay", "00000001").assert_outcomes(passed=1)


def test_a_mismatch_names_the_field(specs: Specs) -> None:
    specs.write(CLAIM)
    specs.archive(load=declare_load(Scenario.http(flow.get("/checkout"), name="buy"), constant_vus(5, "9s")))

    result = specs.replay()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*no archived run matches this load; the nearest, *duration: '1s' here, '9s' there*"]
    )


def test_an_unknown_run_lists_the_newest(specs: Specs) -> None:
    specs.write(CLAIM)
    specs.archive()

    result = specs.run("--k6spec-replay", "nope")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*there is no run 'nope'*", "*the newest are: 2026-11-01T00-00-01-00000001*"])


def test_a_newer_format_is_refused(specs: Specs) -> None:
    specs.write(CLAIM)
    folder = specs.archive()
    (folder / "run.json").write_text((folder / "run.json").read_text().replace('"format": 1', '"format": 99'))

    result = specs.run("--k6spec-replay", "00000001")

    result.stdout.fnmatch_lines(["*has format 99, this k6spec reads up to 1*", "*upgrade k6spec*"])


def test_works_under_xdist(specs: Specs) -> None:
    specs.write(CLAIM + "\n\ndef test_failed(run):\n    assert run.http().failed.rate < percent(1)")
    specs.archive()

    specs.replay("-n", "2").assert_outcomes(passed=2)


def test_what_an_installed_plugin_puts_around_every_test_makes_no_other_load(specs: Specs) -> None:
    """Else a plugin that is installed after a run would make its archive useless."""
    plugin = specs.pytester.path.parent / "site-packages" / "some_plugin.py"
    plugin.parent.mkdir()
    plugin.write_text("import pytest\n@pytest.fixture(autouse=True)\ndef around():\n    yield\n")
    specs.pytester.syspathinsert(plugin.parent)
    specs.write("def test_x(run):\n    assert run.http().count > 0")
    specs.archive()

    specs.replay("-p", "some_plugin").assert_outcomes(passed=1)


@pytest.mark.parametrize("name", ["requests.parquet", "spans.parquet"])
@pytest.mark.parametrize("kept", [0, 100, -20])
def test_an_archive_that_was_written_by_half_is_refused_in_words(specs: Specs, name: str, kept: int) -> None:
    specs.write("def test_count(run):\n    assert run.http().count >= 1\n    assert run.spans().count >= 1")
    folder = specs.archive()
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:kept])

    result = specs.replay()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*FAULT *{name}*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_claim_that_was_mended_leaves_the_report_of_what_it_was(specs: Specs) -> None:
    specs.write("def test_list(run):\n    assert run.http('GET /lst').duration.p95 < ms(400)")
    folder = specs.archive(healthy())
    specs.replay()
    specs.write("def test_list(run):\n    assert run.http().duration.p95 < ms(400)")

    specs.replay().assert_outcomes(passed=1)

    judged = json.loads((folder / "run.json").read_text())["verdicts"]
    assert [verdict["outcome"] for verdict in judged] == ["inconclusive", "passed"]
    assert [verdict["outcome"] for verdict in latest(judged)] == ["passed"]


def test_a_replay_that_ends_early_leaves_the_report_of_what_was_claimed_behind_that(specs: Specs) -> None:
    body = (
        "def test_list(run):\n    assert run.http().count > 0\n    {}\n    assert run.http().duration.p95 < ms(1)"
    )
    specs.write(body.format("stock = 1"))
    folder = specs.archive(healthy())
    specs.replay().assert_outcomes(failed=1)
    specs.write(body.format("raise OSError('no database')"))

    specs.replay().assert_outcomes(failed=1)

    judged = json.loads((folder / "run.json").read_text())["verdicts"]
    assert [verdict["outcome"] for verdict in latest(judged)] == ["passed", "failed"]


def test_what_an_inconclusive_end_says_is_cut_only_where_the_section_has_it(specs: Specs) -> None:
    specs.write(
        "def test_list(run):\n    fast = run.http().duration.p95 < ms(1)\n"
        "    print(fast or run.spans.db().duration.max.value)\n    assert fast"
    )
    specs.archive([Request() for _ in range(50)])

    specs.replay().stdout.fnmatch_lines(["*not one span came back*", "*5. it exports in time*"])


def test_a_damaged_table_of_traces_is_told_by_each_test_and_ends_no_session_in_a_traceback(specs: Specs) -> None:
    specs.write(f"{CLAIM}\n{CLAIM.replace('test_p95', 'test_again')}")
    run = specs.archive(thresholds=[{"metric": "http_reqs", "expression": "count>0", "ok": True}])
    (run / "traces.parquet").write_bytes(b"half written")

    result = specs.replay()

    result.assert_outcomes(failed=2, errors=1)
    said = result.stdout.str() + result.stderr.str()
    assert said.count("traces.parquet cannot be read; perhaps only a part of it was copied or written") >= 3
    assert "not torn down" not in said
    assert "Traceback" not in said
