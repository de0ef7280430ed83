"""Tests' bodies, run once over the few requests of a preflight: typos are found before minutes are spent.

Only bodies that can have no side effect of a fixture: those of tests that take ``run`` and direct parameters, and
have none of the project's fixtures around them (``autouse`` ones of installed plugins don't count). Such a body
has nothing but ``run`` to work on, and replays and reruns run it again as well. What it prints or warns of is
thrown away; what it raises that is not of k6spec's is left for the real run.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

import pytest

from k6spec.declare.fingerprint import declaration, fingerprint
from k6spec.declare.load import Load
from k6spec.errors import Inconclusive, UsageError
from k6spec.judge.health import Tolerances
from k6spec.judge.rehearsal import Rehearsal, Rehearsed, Unseen
from k6spec.pytest_plugin.marks import NO_REHEARSAL_MARK
from k6spec.pytest_plugin.misnamed import misnamed
from k6spec.pytest_plugin.wanting import OWN, changing_fixtures, declared_load, is_direct, unasked
from k6spec.query.database import Database
from k6spec.run import Run, open_tables
from k6spec.store.archive import RunFolder

_NEVER_RUN: Final = ("skip", "skipif", NO_REHEARSAL_MARK)


def sharing(item: pytest.Item, load: Load, fixtures: Sequence[str]) -> Iterator[pytest.Function]:
    """The test and those after it that will judge the same load."""
    wanted = fingerprint(declaration(load))
    known = {id(load): wanted}
    items = item.session.items
    for other in items[items.index(item) :]:
        if not isinstance(other, pytest.Function) or "run" not in other.fixturenames:
            continue
        theirs = load if other is item else declared_load(other)
        if theirs is None:
            continue
        if id(theirs) not in known:
            known[id(theirs)] = fingerprint(declaration(theirs))
        if known[id(theirs)] == wanted and changing_fixtures(other, theirs.shared_over) == tuple(fixtures):
            yield other


def rehearse(
    tests: Sequence[pytest.Function],
    folder: RunFolder,
    limits: Mapping[str, str | int | float],
    tolerated: Tolerances,
) -> list[Rehearsed]:
    """Runs the bodies that may be run, each over the preflight in ``folder``."""
    database = open_tables(folder, tolerated)
    try:
        return [_rehearsed(test, folder, limits, tolerated, database) for test in tests if _may_be_run(test)]
    finally:
        database.close()


def _may_be_run(test: pytest.Function) -> bool:
    if any(test.get_closest_marker(name) for name in _NEVER_RUN):
        return False
    body = inspect.unwrap(test.function)
    if inspect.iscoroutinefunction(body) or inspect.isgeneratorfunction(body):
        return False
    if getattr(test.function, "is_hypothesis_test", False):
        return False
    info = cast("Any", test)._fixtureinfo
    found = {name: info.name2fixturedefs.get(name) for name in info.names_closure}
    mine = found.get("run")
    if not mine or mine[-1].func.__module__ != "k6spec.pytest_plugin" or "request" in info.argnames:
        return False
    return all(
        name in OWN or not definitions or is_direct(definitions[-1]) or unasked(name, definitions[-1], test)
        for name, definitions in found.items()
    )


def _rehearsed(
    test: pytest.Function,
    folder: RunFolder,
    limits: Mapping[str, str | int | float],
    tolerated: Tolerances,
    database: Database,
) -> Rehearsed:
    rehearsal = Rehearsal()
    run = Run(folder, limits=limits, rehearsal=rehearsal, tolerated=tolerated, database=database)
    run.http()  # a run that nothing can be claimed of is a mistake of ours, which is not to be passed over below
    params = test.callspec.params if hasattr(test, "callspec") else {}
    arguments = {
        name: run if name == "run" else params.get(name) for name in cast("Any", test)._fixtureinfo.argnames
    }
    mistake = None
    try:
        with _unheard():
            test.obj(**arguments)
    except UsageError as error:
        mistake = str(error)
    except AttributeError as error:
        mistake = misnamed(error)
    except Inconclusive as error:
        if not rehearsal.unseen:
            rehearsal.unseen.append(Unseen(claim="a claim", why=str(error)))
    except (Exception, pytest.skip.Exception, pytest.fail.Exception, pytest.exit.Exception, SystemExit):
        pass  # of the body's own: so few requests may not be what it expects
    finally:
        database.forget()
    return Rehearsed(
        nodeid=test.nodeid, unseen=tuple(rehearsal.unseen), mistake=mistake, compared=rehearsal.compared
    )


@contextlib.contextmanager
def _unheard() -> Iterator[None]:
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield
