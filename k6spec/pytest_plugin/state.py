"""What the plugin keeps for a pytest session, in pytest's own stash."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final, final

import pytest

from k6spec.config import Config, in_ci, load_config
from k6spec.declare.load import Load
from k6spec.history.past import HistoryPast, family_of
from k6spec.history.store import HistoryStore
from k6spec.judge.family import Family
from k6spec.judge.log import VerdictLog
from k6spec.judge.past import Rounds
from k6spec.judge.verdict import Verdict
from k6spec.pytest_plugin.options import given
from k6spec.pytest_plugin.pool import Pool
from k6spec.report.base import Case
from k6spec.report.links import Links
from k6spec.report.message import Message
from k6spec.run import Run


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
        self.links = Links(root=config.root, base=config.link_base, ci=ci, shown=self.pool.trace_url)

    @cached_property
    def family(self) -> Family:
        """The session's claims against baselines."""
        return family_of(self.history, self.session_id)

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
        self.messages: dict[str, Message] = {}
        """What was said of the verdicts that did not pass, by headline."""

    def lines(self, verdict: Verdict) -> list[dict[str, Any]]:
        """What was said below a verdict's headline, in plain values; nothing of one that passed."""
        message = self.messages.get(verdict.headline)
        return [] if message is None or verdict.outcome == "passed" else message.plain()


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
