"""The operations that traces are made of, against those of earlier runs: a set within a set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Final, final

import numpy as np

from k6spec.errors import UsageError
from k6spec.judge.bench import Bench
from k6spec.judge.doubts import why_new_may_hide
from k6spec.judge.limits import shown
from k6spec.judge.past import Rounds
from k6spec.judge.regression import all_new
from k6spec.judge.standard import Baseline
from k6spec.judge.verdict import Evidence, Outcome, Verdict
from k6spec.query.operations import example_of, operations_of
from k6spec.query.population import Missing, Population, Sighting
from k6spec.query.selector import Selector
from k6spec.query.traces import read_calls

_NAMED: Final = 5


@final
class Operations:
    """Service, kind and span name of all that complete traces hold: ``orders client SELECT shop``.

    ``critical``: of what is on their critical paths.
    """

    def __init__(self, bench: Bench, selector: Selector, root: str | None, *, critical: bool = False) -> None:
        self._critical = critical
        self._bench = bench
        self._selector = selector
        self._root = root
        self.verdict: Verdict | None = None
        """Of the latest comparison."""

    @property
    def names(self) -> frozenset[str]:
        """All of them."""
        return frozenset(operations_of(self._bench.database, self._selector, critical=self._critical)[0])

    def __le__(self, standard: Baseline) -> Verdict:
        """None that earlier runs never had, as one set lies within another.

        An operation counts as new if chance would hardly put all its traces into this run, were it as frequent in
        the earlier ones. One too rare to say that is told in a note. Where traces or spans are missing that could
        make one new, the claim is inconclusive.
        """
        if not isinstance(standard, Baseline) or standard.factor != 1 or standard.slack is not None:
            raise UsageError("operations are compared with those of earlier runs: write operations <= baseline()")
        if self._root is None or self._selector.window.conditions:
            raise UsageError(
                "operations are kept by the request that began their traces, and for the whole load: write "
                'run.traces(root="POST /checkout").operations <= baseline()'
            )
        text = f"{self._selector.named('traces')}: operations{' on the critical path' if self._critical else ''}"
        if self._bench.rehearsal is not None:
            self._bench.rehearsal.compared += 1
            return self._bench.rehearsal.held(text, self._population(text, {}))
        past = self._bench.past
        seen, traces = operations_of(self._bench.database, self._selector, critical=self._critical)
        earlier: Mapping[str, Mapping[str, int]] | str = "here is no history"
        rounds = None if past is None else past.rounds(standard.chosen)
        if past is not None:
            earlier = (
                past.operations(self._root, standard.chosen, critical=self._critical)
                if rounds is None
                else self._of_base(rounds)
            )
        if not traces:
            return self._verdict(text, "inconclusive", {}, reason="there is no complete trace")
        if past is None or isinstance(earlier, str):
            if past is not None:
                past.family.skipped += 1
            return self._verdict(text, "skipped", {}, reason=str(earlier))
        known = {name for run in earlier.values() for name in run}
        total = sum(run.get("", 0) for run in earlier.values())
        chances = {name: all_new(traces, total, n) for name, n in seen.items() if name not in known}
        alpha = 1 - standard.sure
        admitted = past.family.admits(min(1.0, min(chances.values(), default=1.0) * max(1, len(chances))), alpha)
        new = {name: seen[name] for name, p in chances.items() if admitted and p * len(chances) <= alpha}
        rare = {name: seen[name] for name in chances if name not in new}
        doubt = "" if new else self._doubt(traces, total, max(rare.values(), default=0), alpha)
        notes = [
            *_named("new", new, traces),
            *_named("not seen before, but too rare to call it new", rare, traces),
        ]
        of = f"{len(earlier)} runs" if rounds is None else f"{rounds.base}, {len(earlier)} rounds"
        notes.append(f"compared with {total:,} traces of {of}")
        outcome: Outcome = "failed" if new else "inconclusive" if doubt else "passed"
        return self._verdict(text, outcome, new, reason=doubt, notes=notes)

    __hash__ = None  # type: ignore[assignment]

    def _doubt(self, traces: int, earlier: int, rarely: int, alpha: float) -> str:
        """Why it cannot be said that none is new, though none was seen in more than ``rarely`` traces."""
        if why := self._bench.unmade or self._bench.hung:
            return why
        calls = read_calls(self._bench.database, self._selector, repeated=False)
        dropped, missing = self._bench.spans_dropped, calls.missing.traces
        hidden = missing + min(dropped, traces)
        if not hidden or all_new(traces + missing, earlier, rarely + hidden) > alpha:
            return ""
        return why_new_may_hide(calls, dropped)

    def _of_base(self, rounds: Rounds) -> Mapping[str, Mapping[str, int]] | str:
        """As :meth:`Past.operations`, of the base's runs, which stay open for the next claim."""
        database = self._bench.database
        found = {}
        for base, _candidate in rounds.pairs:
            with database.elsewhere(base):
                seen, traces = operations_of(database, self._selector, critical=self._critical)
            if traces:
                found[base.name] = {"": traces, **seen}
        return found or f"{rounds.base} has no {self._selector.named('traces')} to compare with: they are new"

    def _verdict(
        self,
        text: str,
        outcome: Outcome,
        new: Mapping[str, int],
        *,
        reason: str = "",
        notes: Sequence[str] = (),
    ) -> Verdict:
        said = f"{len(new)} new" if outcome != "skipped" and not reason else "cannot be judged"
        self.verdict = self._bench.log.add(
            Verdict(
                claim=f"{text} <= baseline",
                headline=f"{text} {said}, limit {shown(0, 'count')}",
                outcome=outcome,
                observed=float(len(new)) if not reason else None,
                operator="<=",
                limit=0.0,
                unit="count",
                evidence=Evidence(
                    population=self._population(text, new),
                    lowest=-inf,
                    highest=inf,
                    reason=reason,
                    notes=tuple(notes),
                ),
            )
        )
        return self.verdict

    def _population(self, text: str, new: Mapping[str, int]) -> Population:
        database = self._bench.database

        def worst(count: int, _largest: bool) -> list[Sighting]:
            found = [
                (name, example_of(database, self._selector, name, critical=self._critical))
                for name in list(new)[:count]
            ]
            return [
                Sighting(
                    value=float(example[2]),
                    trace_id=example[0],
                    span_id=example[1],
                    what=name,
                    service=name.partition(" ")[0],
                    vu=None,
                    elapsed_ns=None,
                )
                for name, example in found
                if example is not None
            ]

        return Population(
            noun="span",
            text=text,
            values=np.empty(0),
            scope=0,
            seconds=0.0,
            missing=Missing(),
            worst=worst,
            traces_beyond=lambda _limit, _over: 0,
            why_empty=lambda: "there is no complete trace",
        )


def _named(what: str, operations: Mapping[str, int], traces: int) -> list[str]:
    lines = [f"{what}: {name}, in {n:,} of {traces:,} traces" for name, n in operations.items()]
    left = len(lines) - _NAMED
    return lines[:_NAMED] + ([f"{what}: {left} more"] if left > 0 else [])
