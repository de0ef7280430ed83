"""Loads are pooled for a session: tests that declare the same load, on the same system, judge one run."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import final

from k6spec.collect.jaeger_link import leads_somewhere
from k6spec.collect.redact_text import shown_address
from k6spec.config import Config
from k6spec.declare.fingerprint import declaration, fingerprint, first_difference
from k6spec.declare.load import Load
from k6spec.declare.profile import ScriptsOwn
from k6spec.declare.scenario import ScriptScenario
from k6spec.environment import Environment
from k6spec.errors import ArchiveFault, Fault, K6specError, StackFault, SutFault
from k6spec.history.rounds import is_judged
from k6spec.judge.rehearsal import Rehearsed
from k6spec.k6.binary import find_k6
from k6spec.k6.own_load import replaced_loads
from k6spec.k6.progress import ProgressLine
from k6spec.measure import Surroundings
from k6spec.pipeline import run_load, show
from k6spec.pytest_plugin.turns import config_for, named, turns, version_names
from k6spec.stack.allowed import check_hosts
from k6spec.stack.base import StackBackend
from k6spec.stack.lifetime import Lifetime
from k6spec.stack.sut import Sut
from k6spec.stack.uninterrupted import uninterrupted
from k6spec.store.archive import RunFolder, find_run, find_runs


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A load that a test wants: with which fixtures around it, and how to get stack and SUT if it must run.

    ``base``: the version that the SUT is compared with, where two are loaded in turns. ``rehearse`` looks at what
    its tests claim, over the few requests before the load.
    """

    load: Load
    fixtures: tuple[str, ...]
    stack: Callable[[], StackBackend]
    sut: Callable[[], Sut]
    base: Callable[[], Sut]
    nodeid: str
    rehearse: Callable[[RunFolder], Sequence[Rehearsed]]


@final
class Pool:
    """Runs each declared load once, and keeps what came of it: a run, or the fault.

    Args:
        keep: when the stack that the settings chose is to outlive the session: ``failed``, ``always``, ``never``.
    """

    def __init__(self, config: Config, *, session: str, replay: str | None, keep: str) -> None:
        self._config = config
        self._session = session
        self._replay = replay
        self._keep = keep
        self._done: dict[object, RunFolder] = {}
        self._faults: dict[object, tuple[Exception, str]] = {}
        self._started: list[StackBackend | Sut] = []
        self._stacks: dict[RunFolder, StackBackend] = {}
        self._last: RunFolder | None = None
        self._cool_at = 0.0
        self.say: Callable[[str], None] = lambda _text: None
        self.progress: ProgressLine | None = None
        self.lifetime: Lifetime | None = None
        """Of the stack that the settings chose, if it can outlive the session."""
        self.failed = False
        """Whether any test failed so far."""
        self.notes: list[str] = []
        """What is to be said once the pool is closed: of the stack, and of what could not be ended."""

    @property
    def runs(self) -> list[RunFolder]:
        """The session's runs, in the order in which they were made."""
        return list(dict.fromkeys(self._done.values()))

    def get(self, wanted: Wanted) -> RunFolder:
        """The run of a load: made now, made before, or archived.

        Raises:
            K6specError: the load failed by fault; in full once, in a line afterwards.
        """
        load = wanted.load.override(self._config.profile) if self._config.profile else wanted.load
        if self._replay is not None:
            return self._archived(load, wanted)
        stack, sut = wanted.stack(), wanted.sut()
        key = (fingerprint(declaration(load)), id(stack), id(sut), wanted.fixtures)
        if key in self._faults:
            raise _repeated(*self._faults[key], what="load")
        if key not in self._done:
            with self._remembered(key, wanted.nodeid):
                if self._config.ab is None:
                    self._done[key] = self._run(load, wanted, stack, sut, self._config)
                else:
                    self._done[key] = self._in_turns(load, wanted, stack, sut, self._config.ab)
        return self._done[key]

    def trace_url(self, run: RunFolder, trace_id: str, span_id: str | None = None) -> str | None:
        """Where the stack shows a trace of a run of this session; None where a failure's link would not last."""
        stack = self._stacks.get(run)
        lifetime = self.lifetime
        if stack is None or (stack.name != "external" and (lifetime is None or lifetime.stack is not stack)):
            return None
        if lifetime is not None and not lifetime.lasts(keep=self._keep != "never"):
            return None
        url = stack.trace_url(trace_id, span_id)
        # What is fed later is not there yet; other people's backends are not ours to ask.
        if url is not None and self._config.jaeger_feed == "live" and stack.name != "external":
            return url if leads_somewhere(url) else None
        return url

    def close(self) -> None:
        """Ends what was started for loads, the latest first; the stack may outlive us. Safe to call again."""
        while self._started:
            part = self._started[-1]
            if self.lifetime is None or part is not self.lifetime.stack:
                try:
                    uninterrupted(part.stop)
                except Exception as error:
                    # Reports are still to be written, and others to be ended.
                    self.notes.append(f"{type(part).__name__} could not be ended: {_in_words(error)}")
            self._started.pop()
        if self.lifetime is not None:
            keep = self._keep == "always" or (self._keep == "failed" and self.failed)
            if self._config.jaeger_feed == "after" and self.lifetime.lasts(keep=keep):
                self._show(self.lifetime.stack)
            try:
                if note := uninterrupted(partial(self.lifetime.end, keep=keep)):
                    self.notes.append(note)
            except StackFault as fault:
                self.notes.append(f"the stack could not be ended: {fault}")

    def _show(self, stack: StackBackend) -> None:
        """Gives Jaeger the session's runs, now that all is judged."""
        for run in [run for run, shown_by in self._stacks.items() if shown_by is stack]:
            self.say(f"showing {run.run_id} in Jaeger")
            if why := show(run, stack):
                self.say(f"Jaeger lacks spans of {run.run_id}: {why}")
            del self._stacks[run]

    def _in_turns(self, load: Load, wanted: Wanted, stack: StackBackend, candidate: Sut, rounds: int) -> RunFolder:
        """Loads both versions in rounds; the run is the candidate's last, which knows of all others."""
        base = wanted.base()
        for sut in (candidate, base):
            check_hosts(load, known_address(sut), self._config.allow_hosts)
            self._start(stack, sut, wanted.nodeid)  # both run all the time: neither is colder than the other
        names = version_names(self._config)
        pairs: list[dict[str, str]] = []
        for turn in turns(rounds):
            if turn.opens:
                pairs.append({})
            self.say(f"round {turn.round} of {rounds}: {named(turn, names)}")
            run = self._run(
                load,
                wanted if turn.version == "candidate" else replace(wanted, rehearse=lambda _seen: ()),
                stack,
                candidate if turn.version == "candidate" else base,
                config_for(turn, self._config, names),
                ab={"version": turn.version, "round": turn.round, "rounds": rounds, **names, "pairs": pairs},
            )
            pairs[-1][turn.version] = run.run_id
        return run

    def _run(
        self,
        load: Load,
        wanted: Wanted,
        stack: StackBackend,
        sut: Sut,
        config: Config,
        ab: Mapping[str, object] | None = None,
    ) -> RunFolder:
        binary = find_k6(config.k6)  # first: nothing need start where k6 is missing
        check_hosts(load, known_address(sut), config.allow_hosts)
        self._start(stack, sut, wanted.nodeid)
        wait = self._cool_at - time.monotonic()
        if wait > 0:
            self.say(f"cooling down for {wait:.0f} s")
            time.sleep(wait)
        around = Surroundings(
            config=config,
            binary=binary,
            stack=stack,
            sut=sut,
            session=self._session,
            fixtures=wanted.fixtures,
            previous_run=self._last.run_id if self._last else None,
            ab=ab,
            say=self.say,
            progress=self.progress,
            rehearse=wanted.rehearse,
        )
        if self._last is not None:
            sut.reset()
        replaced = replaced_loads(load, binary, base_url=sut.base_url, env=Environment(os.environ))
        self.say(f"load: {_described(load, replaced)} against {shown_address(sut.base_url)} (for {wanted.nodeid})")
        try:
            self._last = run_load(load, around)
            self._stacks[self._last] = stack
        finally:
            if self.progress is not None:
                self.progress.clear()
        self._cool_at = time.monotonic() + load.cooldown.seconds
        return self._last

    def _start(self, stack: StackBackend, sut: Sut, nodeid: str) -> None:
        if self._is_first(stack, "stack"):
            with self._remembered(id(stack), nodeid):
                stack.start()
            to = stack.endpoints()
            taken_at = [f"{url} ({name})" for url, name in ((to.otlp_grpc, "gRPC"), (to.otlp_http, "HTTP")) if url]
            self.say(f"stack: {stack.name}" + (f", OTLP at {' and '.join(taken_at)}" if taken_at else ""))
        if self._is_first(sut, "system under test"):
            with self._remembered(id(sut), nodeid):
                sut.start(stack)

    def _is_first(self, part: StackBackend | Sut, what: str) -> bool:
        """Whether it has yet to be started; what failed to start is not tried again by another load."""
        if id(part) in self._faults:
            raise _repeated(*self._faults[id(part)], what=what)
        if any(started is part for started in self._started):
            return False
        self._started.append(part)
        return True

    @contextmanager
    def _remembered(self, key: object, nodeid: str) -> Iterator[None]:
        """Keeps what goes wrong, a mistake of ours included: a load is never repeated for a sibling."""
        try:
            yield
        except Exception as error:
            self._faults[key] = (error, nodeid)
            raise

    def _archived(self, load: Load, wanted: Wanted) -> RunFolder:
        plain = declaration(load)
        key = (fingerprint(plain), wanted.fixtures)
        if key in self._faults:
            raise _repeated(*self._faults[key], what="replay")
        if key not in self._done:
            with self._remembered(key, wanted.nodeid):
                self._done[key] = self._matching(plain, wanted.fixtures)
        return self._done[key]

    def _matching(self, plain: Mapping[str, object], fixtures: tuple[str, ...]) -> RunFolder:
        assert self._replay is not None
        wanted = (fingerprint(plain), sorted(fixtures))
        reasons, rounds = [], []
        for run in self._candidates(self._replay):
            info = run.info()
            ab = info.get("ab")
            if (info["fingerprint"], info["fixtures"]) == wanted:
                if ab is None or is_judged(ab):
                    run.check_tables()
                    return run
                rounds.append(f"{run.run_id} is of round {ab['round']} of {ab['rounds']}")
                continue
            differs = first_difference(_json(plain), info["profile"]) or (
                f"fixtures: {sorted(fixtures)} here, {info['fixtures']} there"
            )
            reasons.append((differs.count("scenarios"), f"{run.run_id}, differs in {differs}"))
        if rounds:
            raise ArchiveFault(
                f"{rounds[0]}: two versions in turns are judged by the new one's run of the last round",
                advice="replay that run, or load again where the session ended before it",
            )
        raise ArchiveFault(
            f"no archived run matches this load; the nearest, {min(reasons)[1]}",
            advice="run the load again without --k6spec-replay, or undo the change of the declaration",
        )

    def _candidates(self, replay: str) -> list[RunFolder]:
        folder = self._config.runs_folder
        chosen = find_run(folder, replay)
        if replay != "last":
            if not chosen.is_whole():
                raise ArchiveFault(
                    f"{chosen.run_id} was aborted: {chosen.info().get('reason', 'it did not end')}",
                    advice="load again without --k6spec-replay; k6spec runs lists the runs that are whole",
                )
            return [chosen]
        session = chosen.info()["session"]
        same = []
        for run in find_runs(folder):
            with suppress(ArchiveFault):
                if run.is_whole() and run.info()["session"] == session:
                    same.append(run)
        return same


def _in_words(error: Exception) -> str:
    return str(error) if isinstance(error, K6specError) else f"{type(error).__name__}: {error}"


def known_address(sut: Sut) -> str | None:
    """Where a system will answer, if that is known before it is started."""
    with suppress(SutFault):
        return sut.base_url
    return None


def _repeated(error: Exception, nodeid: str, *, what: str) -> K6specError:
    """In a line, what was reported in full before."""
    kind = type(error) if isinstance(error, K6specError) else Fault
    first = (str(error).splitlines() or [type(error).__name__])[0]
    return kind(f"the same {what} failed before, in {nodeid}: {first}")


def _described(load: Load, replaced: Mapping[Path, str]) -> str:
    parts = []
    for part in load.parts:
        plain = part.profile.describe()
        numbers = ", ".join(
            f"{name}={plain[name]}" for name in ("vus", "iterations", "rate", "duration") if name in plain
        )
        if isinstance(part.profile, ScriptsOwn):
            parts.append(f"{part.name}: the load of the script's own options")
            continue
        words = replaced.get(part.scenario.path) if isinstance(part.scenario, ScriptScenario) else None
        own = f", in place of the script's own {words}" if words else ""
        parts.append(f"{part.name}: {part.profile.executor}({numbers or part.profile.length}){own}")
    return "; ".join(parts)


def _json(plain: Mapping[str, object]) -> object:
    return json.loads(json.dumps(plain, default=str))
