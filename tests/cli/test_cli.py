"""The k6spec command, as people call it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import k6spec
from tests.support.runs import Request, db, entry, make_run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return archived(tmp_path)


def archived(folder: Path) -> Path:
    """A folder with one archived run, which failed a claim."""
    slow = Request(ms=500, spans=[entry(ms=480), db("SELECT stock WHERE sku = ?", ms=412)])
    run = make_run(folder / ".k6spec/runs/2026-11-01T00-00-00-0000aaaa", [slow])
    run.add_verdicts(
        [
            {
                "nodeid": "specs/test_x.py::test_db",
                "claim": "db spans: max duration <= 200 ms",
                "outcome": "failed",
                "observed": 412e6,
                "limit": 200e6,
                "operator": "<=",
                "population": 1,
                "noun": "span",
                "unit": "ns",
                "trace_ids": ["ab" + "0" * 30],
            }
        ]
    )
    return folder


def test_runs_lists_what_there_is(project: Path) -> None:
    result = k6spec("runs", cwd=project)

    assert "2026-11-01T00-00-00-0000aaaa" in result.stdout
    assert result.stdout.split()[-4:] == ["1", "1", "1", "failed"]


def test_runs_on_a_narrow_terminal_keep_words_whole(project: Path) -> None:
    result = k6spec("runs", cwd=project, COLUMNS="40")

    assert result.stdout.split() == ["run", "verdicts", "2026-11-01T00-00-00-0000aaaa", "1", "failed"]


def test_what_the_encoding_of_the_output_lacks_is_spelt_out(project: Path) -> None:
    make_run(project / ".k6spec/runs/2026-11-02T00-00-00-0000bbbb", [Request(name="GET /ünü", ms=0.25)])

    result = k6spec("show", "last", cwd=project, PYTHONIOENCODING="ascii")

    assert result.returncode == 0, result.stderr
    assert "GET /\\xfcn\\xfc" in result.stdout
    assert "250 \\xb5s" in result.stdout


def test_runs_as_json_is_one_object_a_line(project: Path) -> None:
    (line,) = k6spec("runs", "--json", cwd=project).stdout.splitlines()

    assert json.loads(line)["failed"] == 1


def test_no_runs_say_how_to_make_some(tmp_path: Path) -> None:
    assert "pytest specs/ makes some" in k6spec("runs", cwd=tmp_path).stdout


def test_runs_of_a_folder_that_is_not_there_are_a_mistake(tmp_path: Path) -> None:
    result = k6spec("runs", "--runs", "no/such/folder", cwd=tmp_path)

    assert (result.returncode, result.stdout) == (2, "")
    assert "there is no folder no/such/folder" in result.stderr


@pytest.mark.parametrize("variable", [{}, {"K6SPEC_RUNS": "kept"}], ids=["setting", "variable"])
def test_runs_are_looked_for_where_specs_archive_them(tmp_path: Path, variable: dict[str, str]) -> None:
    (tmp_path / "pyproject.toml").write_text("" if variable else '[tool.k6spec]\nruns = "kept"')
    archived(tmp_path)
    (tmp_path / ".k6spec/runs").rename(tmp_path / "kept")
    (tmp_path / "specs").mkdir()

    assert "0000aaaa" in k6spec("runs", cwd=tmp_path / "specs", **variable).stdout
    assert "0000aaaa" in k6spec("show", "last", cwd=tmp_path, **variable).stdout


def test_show_gives_ledger_requests_and_verdicts(project: Path) -> None:
    result = k6spec("show", "last", cwd=project)

    assert "1 request, 1 sampled" in result.stdout
    assert "POST /checkout" in result.stdout
    assert "failed db spans: max duration <= 200 ms (412 ms)" in result.stdout


def test_show_says_what_is_to_be_said_of_the_measurement(tmp_path: Path) -> None:
    make_run(tmp_path / ".k6spec/runs/2026-11-01T00-00-00-0000aaaa", [Request(name="POST /login", status=401)])

    assert "100 % of the requests failed: 1 of 1 POST /login" in k6spec("show", "last", cwd=tmp_path).stdout


def test_trace_draws_a_waterfall_with_k6_on_top(project: Path) -> None:
    result = k6spec("trace", "ab00", cwd=project)

    lines = [line for line in result.stdout.splitlines() if "ms" in line]
    assert next(index for index, line in enumerate(lines) if "k6 POST" in line) < next(
        index for index, line in enumerate(lines) if "orders POST" in line
    )
    assert "412 ms" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "nope"], "there is no run 'nope'"),
        (["trace", "zz"], "'zz' is not a trace id"),
        (["trace", "ffff"], "no trace begins with ffff; runs searched in .k6spec/runs: 1"),
    ],
)
def test_a_mistake_is_told_in_words(project: Path, arguments: list[str], message: str) -> None:
    result = k6spec(*arguments, cwd=project)

    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", ["runs", "show", "trace"])
def test_help_has_an_example(tmp_path: Path, command: str) -> None:
    assert f"Example: k6spec {command}" in k6spec(command, "--help", cwd=tmp_path).stdout


def test_report_makes_it_and_says_where_it_is(project: Path) -> None:
    result = k6spec("report", "last", cwd=project)

    assert result.returncode == 0
    page = project / result.stdout.strip()
    assert "<h1>1 failed of 1 claim</h1>" in page.read_text("utf-8")


def test_report_of_a_run_that_was_aborted_says_why_there_is_none(project: Path) -> None:
    info = project / ".k6spec/runs/2026-11-01T00-00-00-0000aaaa/run.json"
    info.write_text(
        info.read_text().replace('"status": "complete"', '"status": "aborted", "reason": "k6 crashed"')
    )

    result = k6spec("report", "0000aaaa", cwd=project)

    assert result.returncode == 7
    assert "has no report: aborted, k6 crashed" in result.stderr


@pytest.fixture
def killed(project: Path) -> Path:
    """A run whose session was killed in the middle of its load: nothing of it is redacted yet."""
    run = make_run(project / ".k6spec/runs/2026-11-02T00-00-00-0000bbbb", [Request()])
    profile = {**run.info()["profile"], "declared": "{secret:SHOP_LOGIN}"}
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    run.write_info({**run.info(), "profile": profile, "status": "running", "pid": gone.pid})
    (run.path / "summary.json").write_text('{"metrics": {"url": "http://shop/?token=planted-1"}}')
    (run.path / "script").mkdir(exist_ok=True)
    (run.path / "script" / "load.js").write_text('http.get("http://bob:planted-2@shop/", { login: "planted-3" })')
    (run.path / "preflight-1").mkdir()
    (run.path / "preflight-1" / "requests.parquet").write_text("planted-4")
    (run.path / "requests.generated.parquet").write_text("PAR1 planted-5")
    return run.path


@pytest.mark.parametrize("command", [("runs",), ("gc", "--keep", "9")], ids=["runs", "gc"])
def test_what_a_killed_session_left_is_redacted_by_the_next_command(
    project: Path, killed: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_LOGIN", "planted-3")

    assert k6spec(*command, cwd=project).returncode == 0

    left = {path.name: path.read_text("latin-1") for path in killed.rglob("*") if path.is_file()}
    assert [name for name, text in left.items() if "planted" in text] == []
    assert json.loads(left["run.json"])["status"] == "aborted"


def test_a_run_whose_description_is_damaged_is_listed_with_the_others(project: Path) -> None:
    damaged = project / ".k6spec/runs/2026-11-02T00-00-00-0000bbbb"
    damaged.mkdir()
    (damaged / "run.json").write_text('{"format": 1, "sta')

    result = k6spec("runs", "--json", cwd=project)

    assert [(run["run_id"][-4:], run["status"]) for run in map(json.loads, result.stdout.splitlines())] == [
        ("bbbb", "unreadable"),
        ("aaaa", "complete"),
    ]


def test_a_dry_run_of_gc_changes_nothing(project: Path, killed: Path) -> None:
    before = {path: path.read_bytes() for path in killed.rglob("*") if path.is_file()}

    k6spec("gc", "--keep", "9", "--dry-run", cwd=project)

    assert {path: path.read_bytes() for path in killed.rglob("*") if path.is_file()} == before


def test_a_trace_as_json_has_its_spans_in_the_order_of_the_waterfall(project: Path) -> None:
    found = json.loads(k6spec("trace", "ab00", "--json", cwd=project).stdout)

    assert (found["run_id"], found["trace_id"]) == ("2026-11-01T00-00-00-0000aaaa", "ab" + "0" * 30)
    assert [(span["depth"], span["service"]) for span in found["spans"]] == [
        (0, "k6"),
        (1, "orders"),
        (2, "orders"),
    ]
    assert found["spans"][2]["duration_ns"] == 412_000_000
    assert found["spans"][2]["parent_span_id"] == found["spans"][1]["span_id"]


def test_a_report_as_json_says_where_it_is(project: Path) -> None:
    found = json.loads(k6spec("report", "last", "--json", cwd=project).stdout)

    assert Path(found["path"]).is_file()


def test_a_report_is_opened_in_the_browser_of_the_environment(project: Path) -> None:
    browser = project / "browser"
    browser.write_text('#!/bin/sh\necho "$1" > opened\n')
    browser.chmod(0o755)

    result = k6spec("report", "last", "--open", cwd=project, BROWSER=str(browser))

    assert result.returncode == 0, result.stderr
    opened = (project / "opened").read_text().strip()
    assert opened == (project / result.stdout.strip()).resolve().as_uri()


def test_without_a_browser_it_says_what_to_open(project: Path) -> None:
    result = k6spec("report", "last", "--open", cwd=project, BROWSER="/nowhere/browser", PATH="/nowhere")

    assert result.returncode == 7
    assert "no browser could be started" in result.stderr
    assert "report.html yourself" in result.stderr


@pytest.fixture(scope="module")
def remembered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose history knows its run."""
    folder = archived(tmp_path_factory.mktemp("remembered"))
    k6spec("history", "import", "--from-runs", cwd=folder)
    return folder


@pytest.mark.parametrize(
    "command",
    [
        ["runs"],
        ["show", "last"],
        ["trace", "ab00"],
        ["explain", "last"],
        ["compare", "last", "last"],
        ["report", "last"],
        ["history", "list"],
        ["history", "changes"],
        ["baseline", "list"],
        ["baseline", "pin", "last"],
        ["baseline", "accept", "last"],
        ["gc", "--keep", "1"],
        ["export", "last", "--to", "csv"],
        ["status"],
        ["doctor", "--stack", "embedded"],
        ["init", "other"],
    ],
    ids=" ".join,
)
def test_json_is_one_object_a_line(remembered: Path, command: list[str]) -> None:
    result = k6spec(*command, "--json", cwd=remembered)

    lines = result.stdout.splitlines()
    assert lines or command[0] == "history", result.stderr
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert result.stderr == ""
