"""What the hooks and fixtures do: make loads, judge judging, dress reports."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast, final

import pytest

from k6spec.collect.redact_load import load_redactor
from k6spec.declare.load import Load
from k6spec.declare.location import shown_path
from k6spec.errors import DeclarationError, Fault, Inconclusive, SutFault, UnjudgedClaim, UsageError
from k6spec.history.recording import claimed
from k6spec.history.rounds import rounds_of
from k6spec.judge.breaking import BreakingRate
from k6spec.judge.health import Tolerances
from k6spec.judge.operations import Operations
from k6spec.judge.record import record
from k6spec.judge.stat import Stat
from k6spec.judge.when import windows
from k6spec.k6.progress import ProgressLine
from k6spec.pytest_plugin.hiding import hide_secrets
from k6spec.pytest_plugin.marks import issue_of
from k6spec.pytest_plugin.messages import SECTION, hides, place_of, short_message, verdict_section
from k6spec.pytest_plugin.pool import Wanted, known_address
from k6spec.pytest_plugin.rehearsing import rehearse, sharing
from k6spec.pytest_plugin.reporting import note_case
from k6spec.pytest_plugin.state import ITEM, ItemState, SessionState, session_state
from k6spec.pytest_plugin.wanting import changing_fixtures, declared_load, unwrapped
from k6spec.report.run_remarks import run_remarks
from k6spec.run import Run
from k6spec.stack.base import StackBackend
from k6spec.stack.choose import choose_stack
from k6spec.stack.sut import AddressSut, Sut, Talks
from k6spec.store.archive import RunFolder, find_run

_REQUEST: Final = pytest.StashKey[pytest.FixtureRequest]()


def check_settings(session: pytest.Session) -> None:
    """Raises pytest's UsageError for wrong settings, if any test has a ``run`` that is ours.

    A run to replay that is not there is such a mistake too: no test could say more than that.
    """
    if any(_is_ours(item) for item in session.items):
        try:
            state = session_state(session.config)
            if state.replay is not None:
                find_run(state.config.runs_folder, state.replay)
        except UsageError as error:
            raise pytest.UsageError(f"k6spec: {error}") from error


def _is_ours(item: pytest.Item) -> bool:
    definitions = cast("Any", item)._fixtureinfo.name2fixturedefs.get("run", ())
    return any(definition.func.__module__ == "k6spec.pytest_plugin" for definition in definitions)


def chosen_stack(config: pytest.Config) -> StackBackend:
    """The stack that the settings name; says why it is this one where they name none."""
    session = session_state(config)
    choice = choose_stack(session.config, os.environ, say=lambda text: session.pool.say(text))
    session.pool.lifetime = choice.lifetime
    if session.config.stack == "auto":
        session.pool.say(f"stack auto: {choice.stack.name}, as {choice.reason}")
    return choice.stack


def default_sut(config: pytest.Config) -> Sut:
    """The system at ``base_url``."""
    base_url = session_state(config).config.base_url
    if base_url is None:
        raise SutFault(
            "there is no system under test",
            advice="give --k6spec-base-url URL (or base_url in [tool.k6spec]) for a system that already runs, "
            "or override the fixture k6spec_sut in conftest.py to start one: "
            "return k6spec.CommandSut([...], base_url=...)",
        )
    return AddressSut(base_url)


def default_base(config: pytest.Config) -> Sut:
    """The base version at ``ab_url``."""
    url = session_state(config).config.ab_url
    if url is None:
        raise SutFault(
            "--k6spec-ab compares with a base version, and there is none",
            advice="override the fixture k6spec_sut_base in conftest.py to start it, as k6spec_sut does for this "
            "version, or give --k6spec-ab-url URL for one that already runs",
        )
    return AddressSut(url)


def marked_load(item: pytest.Item) -> Load:
    """The load of the nearest mark.

    Raises:
        DeclarationError: there is none.
    """
    load = declared_load(item)
    if load is None:
        raise DeclarationError(
            f"{item.nodeid} asks for run, but no load is declared for it; write "
            'pytestmark = k6spec.load(scenario, constant_vus(10, "30s")) at the top of the module'
        )
    return load


@final
class LazyRun:
    """Stands for the run until the load is made; then every attribute is the run's."""

    def __init__(self, request: pytest.FixtureRequest, load: object) -> None:
        item = cast("pytest.Function", request.node)
        self._item = item
        item.stash[ITEM] = ItemState(unwrapped(load))
        item.stash[_REQUEST] = request

    def __getattr__(self, name: str) -> Any:
        return getattr(make_load(self._item), name)

    def __repr__(self) -> str:
        state = self._item.stash[ITEM]
        return "<Run, not loaded yet>" if state.run is None else repr(state.run)

    def close(self) -> None:
        """Archives the test's verdicts and frees what was made of the run's tables."""
        state = self._item.stash[ITEM]
        if state.run is None:
            return
        session = session_state(self._item.config)
        nodeid, known_issue = self._item.nodeid, issue_of(self._item)
        redactor = state.redactor or session.redactor
        records, made = [], Counter[str]()
        for verdict in state.log.verdicts:
            told = record(
                verdict,
                nodeid=nodeid,
                session=session.session_id,
                ended=state.ended,
                lines=state.lines(verdict),
                windows=windows(state.run.database, verdict),
                before=made[verdict.claim],
                known_issue=known_issue,
            )
            records.append(redactor.written(told))
            made[verdict.claim] += 1
        state.run.folder.add_verdicts(records)
        statistics = {redactor.code(text): told for text, told in claimed(state.log.verdicts).items()}
        session.history.add_statistics(state.run.id, statistics)
        session.records.setdefault(nodeid, []).extend(records)
        state.run.database.forget()


def make_load(item: pytest.Item) -> Run | None:
    """Makes the test's load, or finds the run of a sibling; None where the test's ``run`` is not ours."""
    state = item.stash.get(ITEM, None)
    if state is None:
        return None
    if state.run is None:
        session = session_state(item.config)
        if hasattr(item.config, "workerinput") and session.replay is None:
            raise UsageError(
                "loads cannot run under pytest-xdist: they would measure each other; run specs without -n "
                "(or with -p no:xdist), or judge archived runs with --k6spec-replay last"
            )
        function = cast("pytest.Function", item)
        request = item.stash[_REQUEST]
        _speak(session, item.config)
        load, limits = state.load, session.config.limits
        state.redactor = load_redactor(session.config, os.environ, load.describe())
        tolerated = Tolerances.of(session.config)
        fixtures = changing_fixtures(function, load.shared_over)
        folder = session.pool.get(
            Wanted(
                load=load,
                fixtures=fixtures,
                stack=lambda: request.getfixturevalue("k6spec_stack"),
                sut=lambda: _heard(_wanted_sut(request, session), session),
                base=lambda: _heard(request.getfixturevalue("k6spec_sut_base"), session),
                nodeid=item.nodeid,
                rehearse=lambda seen: rehearse(list(sharing(item, load, fixtures)), seen, limits, tolerated),
            )
        )
        rounds = rounds_of(folder, tolerated)
        if rounds is not None and not session.family.told:
            session.family.expect(_claims(item.session, folder, limits, tolerated))
        past = session.past(folder.info(), rounds)
        database = session.tables(folder)
        state.run = Run(folder, limits=limits, log=state.log, past=past, tolerated=tolerated, database=database)
    return state.run


def _claims(
    session: pytest.Session, folder: RunFolder, limits: Mapping[str, str | int | float], tolerated: Tolerances
) -> int:
    """How many claims against a baseline the session makes, of whatever load: its tests' bodies tell."""
    tests = [item for item in session.items if isinstance(item, pytest.Function) and "run" in item.fixturenames]
    return sum(test.compared for test in rehearse(tests, folder, limits, tolerated))


def _wanted_sut(request: pytest.FixtureRequest, session: SessionState) -> Sut:
    """The fixture's system, unless another address is given for this session than that at which it answers."""
    sut: Sut = request.getfixturevalue("k6spec_sut")
    named = session.named_sut
    return sut if named is None or known_address(sut) == named.base_url else named


def _heard(sut: Sut, session: SessionState) -> Sut:
    if isinstance(sut, Talks):
        sut.say = lambda text: session.pool.say(session.redactor.text(text))
    return sut


def check_judged(item: pytest.Item) -> None:
    """A test that asked for ``run`` must have judged something, and all that it claimed.

    Raises:
        UnjudgedClaim: a verdict was made and never looked at.
        Inconclusive: nothing was claimed at all.
        pytest.skip.Exception: all that was claimed waits for a baseline.
    """
    state = item.stash.get(ITEM, None)
    if state is None:
        return
    if state.log.forgotten:
        claims = "\n".join(f"  {verdict.claim}" for verdict in state.log.forgotten)
        raise UnjudgedClaim(
            f"nothing looked at what was claimed, so the test could not fail; write assert in front of:\n{claims}"
        )
    if not state.log.verdicts:
        raise Inconclusive(
            "the test takes run and claims nothing, so it could not fail; write a claim, as in assert run.http()."
            "duration.p95 < ms(400) (or, of what run.sql() told, run.claim(...)), or leave run out of its "
            "parameters"
        )
    if swallowed := [verdict for verdict in state.log.verdicts if verdict.outcome == "inconclusive"]:
        said = "\n".join(f"  {verdict.headline}\n    {verdict.evidence.reason}" for verdict in swallowed)
        raise Inconclusive(f"the test caught what says that these claims cannot be judged:\n{said}")
    if all(verdict.outcome == "skipped" for verdict in state.log.verdicts):
        pytest.skip("; ".join(dict.fromkeys(verdict.evidence.reason for verdict in state.log.verdicts)))


def dress_report(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Attaches evidence to what failed, puts words in place of tracebacks of ours, and takes secrets out."""
    state = item.stash.get(ITEM, None)
    error = None if call.excinfo is None else call.excinfo.value
    session = session_state(item.config)
    redactor = (state and state.redactor) or session.redactor
    if isinstance(error, Fault):
        error.redact(redactor.text)
    if error is not None and report.outcome == "skipped" and hides(error):
        report.outcome = "failed"
        if hasattr(report, "wasxfail"):
            del report.wasxfail
    if state is not None and report.outcome == "skipped" and isinstance(report.longrepr, tuple):
        path, _line, reason = report.longrepr
        if Path(str(path)) == Path(__file__):
            report.longrepr = (str(item.path), (item.location[1] or 0) + 1, reason)
    if error is not None and report.outcome == "failed":
        assert call.excinfo is not None
        message = short_message(error, place_of(call.excinfo, item.path, item.config.rootpath))
        if message is not None:
            report.longrepr = message
    if state is not None and call.when == "call":
        state.ended = error is None
        text = None if error is None else verdict_section(session, state)
        if text is not None and not isinstance(error, (UsageError, UnjudgedClaim)):
            if isinstance(error, Inconclusive):
                report.longrepr = _less(str(report.longrepr), text)
            _attach(report, text, captured=item.config.getoption("showcapture") == "all")
    hide_secrets(report, redactor.code)
    note_case(item, call, report, redactor.code)


def _attach(report: pytest.TestReport, text: str, *, captured: bool) -> None:
    """As a section beside what was captured; where ``--show-capture`` hides those, as a part of the failure."""
    if captured:
        report.sections.insert(0, (SECTION, text))
    elif hasattr(report.longrepr, "addsection"):
        cast("Any", report.longrepr).addsection(SECTION, text)
    else:
        report.longrepr = f"{report.longrepr}\n{text}"


def _less(said: str, section: str) -> str:
    """The first two lines, if the section below has the rest."""
    lines = said.splitlines()
    return "\n".join(lines[:2]) if all(line.strip() in section for line in lines[2:]) else said


def compared(left: object, right: object) -> list[str] | None:
    """A comparison's short explanation: what was observed, and the limit."""
    for side in (left, right):
        if isinstance(side, Stat | BreakingRate | Operations) and side.verdict is not None:
            return [side.verdict.headline]
    return None


def summarise(reporter: Any, state: SessionState) -> None:
    """A line for each load: ledger and folder; then what the reports say."""
    runs = state.pool.runs
    if not runs and not state.said:
        return
    reporter.section("k6spec")
    for folder in runs:
        try:
            _summarise(reporter, state, folder)
        except Fault as fault:  # the tests of this run have said more of it
            reporter.write_line(f"  {fault}")
    if said := state.family.said():
        reporter.write_line(said)
    for line in state.said:
        reporter.write_line(line)


def _summarise(reporter: Any, state: SessionState, folder: RunFolder) -> None:
    run = Run(folder, database=state.tables(folder))
    reporter.write_line(f"{shown_path(folder.path, Path.cwd())}: {run.ledger}")
    if ab := run.info.get("ab"):
        reporter.write_line(f"  the last of {ab['rounds']} rounds, {ab['candidate']} in turns with {ab['base']}")
    for remark in run_remarks(run, state.config):
        reporter.write_line(f"  {remark}")


def _speak(session: SessionState, config: pytest.Config) -> None:
    """Lets the pool say what it does: lines through pytest's terminal, progress on standard error."""
    reporter = cast("Any", config.pluginmanager.get_plugin("terminalreporter"))
    capture = cast("Any", config.pluginmanager.get_plugin("capturemanager"))
    if reporter is None or capture is None or config.get_verbosity() < 0:
        return

    def say(text: str) -> None:
        with capture.global_and_fixture_disabled():
            reporter.ensure_newline()
            reporter.write_line(f"k6spec: {text}")

    def write(text: str) -> None:
        with capture.global_and_fixture_disabled():
            sys.stderr.write(text)
            sys.stderr.flush()

    with capture.global_and_fixture_disabled():
        terminal = sys.stderr.isatty()
    line = ProgressLine(
        write, is_terminal=terminal if session.config.progress is None else session.config.progress
    )
    session.pool.say = say
    session.pool.progress = line
