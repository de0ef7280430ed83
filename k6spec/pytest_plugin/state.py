"""What the plugin keeps for a pytest session, in pytest's own stash."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final, final

import pytest

from k6spec.collect.redact import Redactor
from k6spec.collect.redact_load import load_redactor
from k6spec.config import Config, in_ci, load_config
from k6spec.declare.load import Load
from k6spec.history.past import HistoryPast, family_of
from k6spec.history.store import HistoryStore
from k6spec.judge.family import Family
from k6spec.judge.health import Tolerances
from k6spec.judge.log import VerdictLog
from k6spec.judge.past import Rounds
from k6spec.judge.verdict import Verdict
from k6spec.pytest_plugin.options import given
from k6spec.pytest_plugin.pool import Pool
from k6spec.query.database import Database
from k6spec.report.base import Case
from k6spec.report.links import Links
from k6spec.report.message import Message
from k6spec.run import Run, open_tables
from k6spec.stack.sut import AddressSut
from k6spec.store.archive import RunFolder


@final
class SessionState:
    """Settings, the pool of loads, and the session's id."""

    def __init__(self, config: Config, *, replay: str | None, ci: bool, terminal: bool) -> None:
        self.config = config
        self.replay = replay
        self.session_id = uuid.uuid4().hex[:12]
        keep = config.keep or ("failed" if terminal and not ci else "never")
        self.pool = Pool(config, session=self.session_id, replay=replay, keep=keep)
        self.history = HistoryStore(config.history_folder)
        self.cases: dict[str, Case] = {}
        """Tests that asked for a run, by node id, as they ended."""
        self.records: dict[str, list[Mapping[str, Any]]] = {}
        """Their verdicts, as ``run.json`` keeps them."""
        self.said: list[str] = []
        """What the reports have to say."""
        self._tables: Database | None = None
        self.links = Links(root=config.root, base=config.link_base, ci=ci, shown=self.pool.trace_url)

    def tables(self, folder: RunFolder) -> Database:
        """A run's tables, which stay open until another run's are asked for: they are the next test's as well."""
        if self._tables is None or self._tables.folder != folder.path:
            self.close_tables()
            self._tables = open_tables(folder, Tolerances.of(self.config))
        return self._tables

    def close_tables(self) -> None:
        """Closes those that are open."""
        if self._tables is not None:
            self._tables.close()
            self._tables = None

    @cached_property
    def named_sut(self) -> AddressSut | None:
        """The system at a ``base_url`` that an environment, a variable or an option gives."""
        base_url = self.config.base_url
        if base_url is None or load_config(self.config.root, {}, {}).base_url == base_url:
            return None
        return AddressSut(base_url)

    @cached_property
    def family(self) -> Family:
        """The session's claims against baselines."""
        return family_of(self.history, self.session_id)

    @cached_property
    def redactor(self) -> Redactor:
        """Of what is said of a test before its load is made."""
        return load_redactor(self.config, os.environ)

    def past(self, info: Mapping[str, Any], rounds: Rounds | None = None) -> HistoryPast:
        """Earlier runs, as a run sees them, from its ``run.json``; ``rounds``: of another version beside it."""
        trunk = self.config.baseline_branch
        return HistoryPast(self.history, info, family=self.family, trunk=trunk, rounds=rounds)


@final
class ItemState:
    """One test's load, its run once it is there, and the verdicts that it made."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.log = VerdictLog()
        self.run: Run | None = None
        self.redactor: Redactor | None = None
        """Of what is said of the test: it knows secrets of the environment in which the load was made."""
        self.ended = False
        """Whether the test's body came to its end."""
        self.messages: dict[tuple[str, ...], Message] = {}
        """What was said of the verdicts that did not pass, by :func:`words`."""

    def lines(self, verdict: Verdict) -> list[dict[str, Any]]:
        """What was said below a verdict's headline, in plain values; nothing of one that passed."""
        message = self.messages.get(words(verdict))
        return [] if message is None or verdict.outcome == "passed" else message.plain()


def words(verdict: Verdict) -> tuple[str, ...]:
    """What a verdict says by itself; one that says the same need not be told twice."""
    return verdict.headline, verdict.evidence.reason, *verdict.evidence.notes


SESSION: Final = pytest.StashKey[SessionState]()
ITEM: Final = pytest.StashKey[ItemState]()


def session_state(config: pytest.Config) -> SessionState:
    """The session's state, made at first use: sessions without specs never read k6spec's settings.

    Raises:
        ConfigError: a setting is wrong.
    """
    if SESSION not in config.stash:
        settings = load_config(config.rootpath, os.environ, given(config))
        replay = config.getoption("--k6spec-replay")
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        config.stash[SESSION] = SessionState(
            settings, replay=replay, ci=in_ci(os.environ), terminal=bool(getattr(reporter, "isatty", False))
        )
    return config.stash[SESSION]
