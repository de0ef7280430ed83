"""How often rounds of two equal versions are called different, and how surely a slower version is found.

Each load is drawn request by request: five operations, 600 requests each, lognormal times whose logarithms follow
AR(1) of 0.6. A machine is faster or slower from load to load (a random walk, and a trend); a burst of other work
slows all requests of some part of a load and makes some fail. A session claims p50, p95, mean and failed share of
each operation, which is twenty claims. The order of loads and the verdicts come from the code that real rounds go
through.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.baselines import MS, Drawn, population
from k6spec import baseline, percent
from k6spec.judge.against import Measured, verdict_against
from k6spec.judge.bench import Bench
from k6spec.judge.family import Family
from k6spec.judge.past import Rounds
from k6spec.judge.rounds import Paired, Seen, pair_up
from k6spec.judge.verdict import Verdict
from k6spec.pytest_plugin.turns import turns
from k6spec.query.reducers import Mean, Percentile, Reducer, ShareOver

_OPERATIONS: Final = 5
_REQUESTS: Final = 600
_AUTOCORRELATION: Final = 0.6
_REDUCERS: Final[dict[str, Reducer]] = {
    "p50": Percentile(50),
    "p95": Percentile(95),
    "mean": Mean(),
    "failed": ShareOver(0.5),
}
_ROUNDS: Final = (4, 6, 10, 20)

Table = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Session = Mapping[tuple[int, str], Paired]
"""What the rounds say of each operation's statistics."""


@dataclass(frozen=True)
class Machine:
    """``walk``: the deviation of its speed from load to load; ``trend``: how much slower each load is than the one
    before; ``bursts``: the share of loads in which other work comes; ``cold``: how much slower the first load is.
    """

    walk: float
    trend: float = 0.0
    bursts: float = 0.0
    cold: float = 0.0


MACHINES: Final = {
    "quiet": Machine(walk=0.01),
    "busy": Machine(walk=0.05, trend=0.01, bursts=0.3),
    "busy, first load cold": Machine(walk=0.05, trend=0.01, bursts=0.3, cold=0.3),
}


def draw(source: np.random.Generator, rounds: int, machine: Machine, slower: float = 1.0) -> Session:
    """A session; ``slower``: the factor by which the candidate's first operation takes longer."""
    shape = (rounds, 2, _OPERATIONS, _REQUESTS)
    steps = source.normal(size=shape)
    steps[..., 1:] *= np.sqrt(1 - _AUTOCORRELATION**2)
    for at in range(1, _REQUESTS):
        steps[..., at] += _AUTOCORRELATION * steps[..., at - 1]
    times = 50 * MS * np.exp(0.5 * steps)
    times[:, 1, 0] *= slower
    failing = np.full(shape, 0.005)
    speed = 0.0
    for number, turn in enumerate(turns(rounds)):
        load = turn.round - 1, int(turn.version == "candidate")
        speed += machine.trend + source.normal() * machine.walk
        times[load] *= np.exp(speed) * (1 + machine.cold * (number == 0))
        if source.random() < machine.bursts:
            begin = source.random()
            during = slice(int(begin * _REQUESTS), int((begin + source.uniform(0.05, 0.3)) * _REQUESTS))
            times[load][:, during] *= source.uniform(1.2, 3)
            failing[load][:, during] += 0.03
    p50, p95 = np.percentile(times, (50, 95), axis=-1)
    failed = np.mean(source.random(shape) < failing, axis=-1)
    return _paired({"p50": p50, "p95": p95, "mean": times.mean(axis=-1), "failed": failed})


def _paired(statistics: Mapping[str, Table]) -> Session:
    """``statistics``: by round, version (the base first) and operation."""
    session = {}
    for name, table in statistics.items():
        for operation, runs in enumerate(np.moveaxis(table, -1, 0)):
            seen = [(_seen(base), _seen(candidate)) for base, candidate in runs]
            pairs = tuple((Path(f"base-{at}"), Path(f"candidate-{at}")) for at in range(len(runs)))
            rounds = Rounds(pairs=pairs, base="base", candidate="candidate")
            paired = pair_up(rounds, seen, share=name == "failed")
            assert isinstance(paired, Paired)
            session[operation, name] = paired
    return session


def judge_session(session: Session, factor: float) -> dict[tuple[int, str], Verdict]:
    """The verdict of each claim that the candidate takes at most ``factor`` times as long as the base version.

    Of failed shares: that it has at most a tenth of the factor's excess in points more.
    """
    past = Drawn(Family(len(session)), {})
    return {claim: _verdict(claim[1], paired, factor, past) for claim, paired in session.items()}


def judge_alone(session: Session) -> dict[tuple[int, str], Verdict]:
    """The verdict of each claim that the candidate is no worse, if it were the only one of its session."""
    return {claim: _verdict(claim[1], paired, 1.0, Drawn(Family(1), {})) for claim, paired in session.items()}


def _verdict(name: str, paired: Paired, factor: float, past: Drawn) -> Verdict:
    share = name == "failed"
    end = paired.ends[0]
    return verdict_against(
        Measured(observed=end, lowest=end, highest=end, reducer=_REDUCERS[name]),
        "<=",
        baseline() + percent(10 * (factor - 1)) if share else factor * baseline(),
        population=population(name),
        statistic=name,
        unit="fraction" if share else "ns",
        bench=Bench(database=None, past=past),  # type: ignore[arg-type]
        latency=not share,
        paired=paired,
    )


def _seen(value: float) -> Seen:
    return Seen(observed=float(value), lowest=float(value), highest=float(value), members=_REQUESTS)


def measure() -> dict[str, float]:
    """Per cent of claims, or of sessions."""
    sessions = int(os.environ.get("SESSIONS", "1000"))
    figures: dict[str, float] = {}
    for machine in MACHINES:
        for rounds in _ROUNDS:
            figures |= _equal(sessions, machine, rounds)
    for machine in ("quiet", "busy"):
        for rounds in _ROUNDS:
            for slower in (1.05, 1.1, 1.2):
                figures |= _slower(sessions, machine, rounds, slower)
    return figures


def _equal(sessions: int, machine: str, rounds: int) -> dict[str, float]:
    source = np.random.default_rng(1)
    alone: Counter[str] = Counter()
    noise: dict[str, list[float]] = {"p50": [], "p95": []}
    outcomes: dict[float, list[Counter[str]]] = {1.0: [], 1.1: [], 1.2: []}
    for _ in range(sessions):
        session = draw(source, rounds, MACHINES[machine])
        alone.update(name for (_at, name), one in judge_alone(session).items() if one.outcome == "failed")
        for name, known in noise.items():
            known.append(session[0, name].noise.deviation)
        for factor, counted in outcomes.items():
            counted.append(Counter(one.outcome for one in judge_session(session, factor).values()))
    said = f"equal, {machine}, {rounds} rounds: "
    figures = {f"{said}noise of {name}, %": 100 * float(np.median(known)) for name, known in noise.items()}
    for name in _REDUCERS:
        figures[f"{said}limit 1.0, {name} alone failed, %"] = 100 * alone[name] / sessions / _OPERATIONS
    for factor, counted in outcomes.items():
        failed = [one["failed"] > 0 for one in counted]
        figures[f"{said}limit {factor}, sessions with a failure, %"] = 100 * float(np.mean(failed))
        passed = [one["passed"] for one in counted]
        figures[f"{said}limit {factor}, passed of 20 claims"] = float(np.mean(passed))
    return figures


def _slower(sessions: int, machine: str, rounds: int, slower: float) -> dict[str, float]:
    source = np.random.default_rng(2)
    counted: Counter[tuple[float, str, str]] = Counter()
    factors = (1.0, 1.05, 1.1)
    for _ in range(sessions):
        session = draw(source, rounds, MACHINES[machine], slower)
        for factor in factors:
            verdicts = judge_session(session, factor)
            counted.update((factor, name, verdicts[0, name].outcome) for name in ("p50", "p95"))
    said = f"slower by {100 * slower - 100:.0f} %, {machine}, {rounds} rounds: "
    return {
        f"{said}limit {factor}, {name} {outcome}, %": 100 * counted[factor, name, outcome] / sessions
        for factor in factors
        for name in ("p50", "p95")
        for outcome in ("failed", "passed")
    }
