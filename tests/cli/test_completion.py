"""Completion, in the real shells: what Tab offers, after k6spec --install-completion in each."""

from __future__ import annotations

import shutil

import pytest
import typer.main

from k6spec.cli.app import app
from tests.support.runs import Request, make_run
from tests.support.shells import Shell

RUN = "2026-11-01T00-00-00-0000aaaa"
SLOW = "ab" + "0" * 30


@pytest.fixture(scope="module", params=["bash", "zsh", "fish"])
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """Beside a run that failed a claim, and a spec."""
    if shutil.which(request.param) is None:
        pytest.skip(f"there is no {request.param}: apt-get install {request.param}")
    cwd = tmp_path_factory.mktemp("project")
    run = make_run(cwd / ".k6spec/runs" / RUN, [Request()])
    run.add_verdicts([{"nodeid": "specs/test_x.py::test_db", "outcome": "failed", "trace_ids": [SLOW]}])
    damaged = cwd / ".k6spec/runs/2026-10-31T00-00-00-0000bbbb"
    damaged.mkdir()
    (damaged / "run.json").write_text("{")
    (cwd / "specs").mkdir()
    (cwd / "specs/test_checkout.py").touch()
    shell = Shell(name=request.param, home=tmp_path_factory.mktemp("home"), cwd=cwd)
    shell.run("k6spec --install-completion")
    return shell


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        pytest.param("k6spec sta", "status", id="command"),
        pytest.param("k6spec show --js", "--json", id="option"),
        pytest.param("k6spec show 2026-11", RUN, id="run"),
        pytest.param("k6spec push last --trace ab", SLOW, id="trace"),
        pytest.param("k6spec run specs/test_ch", "specs/test_checkout.py", id="spec"),
    ],
)
def test_tab_completes(shell: Shell, line: str, completed: str) -> None:
    assert completed in shell.offered(line)


def test_tab_says_what_each_command_does(shell: Shell) -> None:
    if shell.name == "bash":
        pytest.skip("bash shows names only")
    offered = shell.offered("k6spec ")

    assert "List archived runs, the newest first." in offered
    assert "Push the spans of a run, with the client" in offered


def test_no_help_has_what_shells_lose() -> None:
    """Typer drops apostrophes for zsh, and brackets, which it takes for styles, for each shell."""
    command = typer.main.get_command(app)
    pending, helps = [command], []
    while pending:
        command = pending.pop()
        helps += [str(command.help).partition("\n")[0], *(getattr(p, "help", None) or "" for p in command.params)]
        pending += getattr(command, "commands", {}).values()

    assert len(helps) > 100
    assert not [text for text in helps if set(text.partition("[default")[0]) & set("'[]")]
