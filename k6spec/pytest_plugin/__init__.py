"""The pytest plugin: hooks and fixtures. Imported in every pytest session, so it imports little by itself."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest

from k6spec.errors import UsageError, check_platform
from k6spec.pytest_plugin.options import add_options

if TYPE_CHECKING:
    from k6spec.declare.load import Load
    from k6spec.pytest_plugin.state import SessionState
    from k6spec.run import Run
    from k6spec.stack.base import StackBackend
    from k6spec.stack.sut import Sut

_COMPARED: Final = {"k6spec.judge.stat", "k6spec.judge.breaking", "k6spec.judge.operations"}
"""Modules of what a limit is compared with."""


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "k6spec_load(load): the load of a performance spec; write k6spec.load(...)")
    config.addinivalue_line(
        "markers", "k6spec_no_rehearsal: the preflight does not run this test's body; write @k6spec.no_rehearsal"
    )


@pytest.fixture(scope="session")
def k6spec_stack(pytestconfig: pytest.Config) -> StackBackend:
    """Where spans are collected. Override it to use another; it is started when a load first needs it."""
    from k6spec.pytest_plugin.session import chosen_stack

    return chosen_stack(pytestconfig)


@pytest.fixture(scope="session")
def k6spec_sut(pytestconfig: pytest.Config) -> Sut:
    """The system under test. Override it; it is started when a load first needs it, and ended at the end."""
    from k6spec.pytest_plugin.session import default_sut

    return default_sut(pytestconfig)


@pytest.fixture(scope="session")
def k6spec_sut_base(pytestconfig: pytest.Config) -> Sut:
    """The version that ``--k6spec-ab`` compares the system under test with. Override it."""
    from k6spec.pytest_plugin.session import default_base

    return default_base(pytestconfig)


@pytest.fixture
def k6spec_load(request: pytest.FixtureRequest) -> Load:
    """The load of the nearest ``k6spec.load`` mark. Override it where the declaration needs other fixtures."""
    from k6spec.pytest_plugin.session import marked_load

    return marked_load(request.node)


@pytest.fixture
def run(request: pytest.FixtureRequest, k6spec_load: Load) -> Iterator[Run]:
    """The run of the test's load. The load is made once all fixtures of the test are set up."""
    from k6spec.pytest_plugin.session import LazyRun

    lazy = LazyRun(request, k6spec_load)
    yield lazy  # type: ignore[misc]
    lazy.close()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Wrong settings end the session before anything starts; on xdist's workers each test says it."""
    if hasattr(session.config, "workerinput"):
        return
    if any("run" in getattr(item, "fixturenames", ()) for item in session.items):
        try:
            check_platform()
        except UsageError as error:
            raise pytest.UsageError(str(error)) from None
        from k6spec.pytest_plugin.session import check_settings

        check_settings(session)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    yield
    if "run" in getattr(item, "fixturenames", ()):
        from k6spec.pytest_plugin.session import make_load

        make_load(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    yield
    if _has_run(item):
        from k6spec.pytest_plugin.session import check_judged

        check_judged(item)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    try:
        if _has_run(item):
            from k6spec.pytest_plugin.thresholds import report_thresholds

            report_thresholds(item)
    finally:
        yield  # whatever was found: else pytest keeps the test's fixtures, and no other test can begin


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if _has_run(item):
        from k6spec.pytest_plugin.session import dress_report

        dress_report(item, call, report)
        state = _state(item.config)
        if report.failed and state is not None:
            state.pool.failed = True
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.failed:
        from k6spec.pytest_plugin.collecting import dress_collect_report

        dress_collect_report(report)
    return report


def pytest_assertrepr_compare(config: pytest.Config, op: str, left: object, right: object) -> list[str] | None:
    if any(type(side).__module__ in _COMPARED for side in (left, right)):
        from k6spec.pytest_plugin.session import compared

        return compared(left, right)
    return None


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    state = _state(config)
    if state is not None:
        from k6spec.pytest_plugin.session import summarise

        summarise(terminalreporter, state)
        for note in state.pool.notes:
            terminalreporter.write_line(f"k6spec: {note}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    _close(session.config)
    state = _state(session.config)
    if state is not None:
        from k6spec.pytest_plugin.reporting import write_all

        write_all(state, worker=hasattr(session.config, "workerinput"))


def pytest_unconfigure(config: pytest.Config) -> None:
    _close(config)
    state = _state(config)
    if state is not None:
        state.close_tables()


def _close(config: pytest.Config) -> None:
    state = _state(config)
    if state is not None:
        state.pool.close()


def _has_run(item: pytest.Item) -> bool:
    module = sys.modules.get("k6spec.pytest_plugin.state")
    return "run" in getattr(item, "fixturenames", ()) or (module is not None and module.ITEM in item.stash)


def _state(config: pytest.Config) -> SessionState | None:
    """The session's state, if anything made one; a session without specs imports nothing."""
    module = sys.modules.get("k6spec.pytest_plugin.state")
    return None if module is None else config.stash.get(module.SESSION, None)
