"""A run beside earlier ones: what its claims against baselines rest on, and its main figures, claimed or not.

Which runs compare, :mod:`k6spec.history.past` says; how they differ, :mod:`k6spec.judge.regression`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

from k6spec.errors import ArchiveFault
from k6spec.history.entry import Entry, entry_of
from k6spec.history.past import Comparable, HistoryPast
from k6spec.history.recording import record_run
from k6spec.judge.health import Tolerances
from k6spec.judge.past import FEWEST, Known
from k6spec.judge.regression import measure_noise
from k6spec.judge.verdict import Unit
from k6spec.report.judged import latest, standard
from k6spec.run import Run
from k6spec.store.archive import RunFolder

FIGURES: Final = {
    "p50": "{} requests: p50 duration",
    "p95": "{} requests: p95 duration",
    "p99": "{} requests: p99 duration",
    "Failed": "{} requests: failed share",
    "DB calls": "traces of {}: mean db calls a trace",
}
"""Of each request, by the words under which history has them."""

_BEYOND: Final = 3
"""So many standard errors of a new run's difference, and no fewer, are worth a colour."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """What one run measured; ``revision``: what was tested; ``day``: ISO 8601."""

    run_id: str
    revision: str
    day: str
    value: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """Two versions that were loaded in turns, by name, in so many ``rounds``."""

    base: str
    candidate: str
    rounds: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A statistic in earlier runs, the oldest first, and in this one, all in ``unit``.

    ``baseline``: what this run is compared with; None where there is nothing of it. ``change``: from there, and
    ``noise``, one standard deviation between runs: as shares if ``ratios``, else in the unit. ``ends``: where the
    change's interval puts this run's value. ``limit``: the claim's, if there is one. ``worse``: whether the
    difference is beyond the noise, to the worse (True) or the better (False). ``rounds``: in place of
    earlier runs, what base and candidate measured in each round; ``value`` is then the candidate's mean.
    """

    unit: Unit
    value: float | None
    dots: tuple[Dot, ...]
    baseline: float | None = None
    change: float | None = None
    noise: float | None = None
    ratios: bool = False
    ends: tuple[float, float] | None = None
    limit: float | None = None
    worse: bool | None = None
    rounds: tuple[tuple[float, float], ...] = ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation that no earlier run had: in how many ``of`` a root's traces; ``critical``: they wait for it."""

    root: str
    what: str
    traces: int
    of: int
    critical: bool


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim against a baseline; ``number``: its place among the run's verdicts. No series: of operations."""

    number: int
    verdict: Mapping[str, Any]
    series: Series | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierRuns:
    """``runs``: with which the figures are compared, the oldest first. ``wanting``: why they are too few, or none.

    ``revision``: of this run. ``requests``: for each operation of requests its :data:`FIGURES`. ``skipped``: how
    many claims there were for which there is no baseline. ``turns``: it is a run of such a session, which is
    compared with no earlier run.
    """

    revision: str = ""
    claims: tuple[Claim, ...] = ()
    skipped: int = 0
    runs: tuple[Entry, ...] = ()
    said: str = ""
    wanting: str | None = None
    requests: Mapping[str, Mapping[str, Series]]
    operations: tuple[Operation, ...] = ()
    turns: Turns | None = None


def earlier_runs(run: Run, past: HistoryPast | None) -> EarlierRuns:
    """All of it, with the latest judgements of a run. A damaged history is said, and stops nothing."""
    if past is None:
        return EarlierRuns(requests={}, wanting="no history was looked at")
    try:
        return _earlier_runs(run.folder, past)
    except ArchiveFault as fault:
        return EarlierRuns(requests={}, wanting=str(fault))


def _earlier_runs(folder: RunFolder, past: HistoryPast) -> EarlierRuns:
    info = folder.info()
    verdicts = latest(info["verdicts"])
    against = [(number, verdict) for number, verdict in enumerate(verdicts) if "baseline" in standard(verdict)]
    claims = tuple(
        Claim(number=number, verdict=verdict, series=_of_claim(verdict, past))
        for number, verdict in against
        if verdict["outcome"] != "skipped"
    )
    turns = _turns(info.get("ab"))
    comparable = past.comparable() if turns is None else Comparable(runs=(), said="", wanting=None)
    requests: dict[str, dict[str, Series]] = {}
    operations: tuple[Operation, ...] = ()
    if comparable.runs:
        this = next(iter(past.named([folder.run_id])), None) or record_run(folder, Tolerances())
        requests = {root: _figures(root, this, comparable.runs) for root in this.operations}
        operations = tuple(_new_operations(this, comparable.runs))
    return EarlierRuns(
        revision=entry_of(info).revision,
        claims=claims,
        skipped=len(against) - len(claims),
        runs=comparable.runs,
        said=comparable.said,
        wanting=comparable.wanting,
        requests=requests,
        operations=operations,
        turns=turns,
    )


def _turns(ab: Mapping[str, Any] | None) -> Turns | None:
    return None if ab is None else Turns(base=ab["base"], candidate=ab["candidate"], rounds=ab["rounds"])


def _of_claim(verdict: Mapping[str, Any], past: HistoryPast) -> Series | None:
    compared, statistic = verdict.get("baseline"), str(verdict.get("statistic"))
    if compared is None:
        return None
    unit, centre, ratios = verdict["unit"], compared["value"], compared["ratios"]
    low, high = (centre * (1 + end) if ratios else centre + end for end in compared["ends"])
    known = [entry for entry in past.named(compared["runs"]) if statistic in entry.statistics]
    return Series(
        unit=unit,
        value=verdict["observed"],
        dots=_dots(known, statistic),
        baseline=centre,
        change=compared["change"],
        noise=compared["noise"],
        ratios=ratios,
        ends=(low, high),
        limit=verdict["limit"],
        rounds=tuple((base, candidate) for base, candidate in compared.get("rounds", ())),
    )


def _figures(root: str, this: Entry, runs: Sequence[Entry]) -> dict[str, Series]:
    found = {}
    for head, words in FIGURES.items():
        statistic = words.format(root)
        own = this.statistics.get(statistic)
        known = [entry for entry in runs if statistic in entry.statistics]
        if own is not None or known:
            unit = own.unit if own is not None else known[-1].statistics[statistic].unit
            found[head] = _compared(
                Series(unit=unit, value=None if own is None else own.value, dots=_dots(known, statistic)),
                0 if own is None else own.members,
                [entry.known(statistic) for entry in known],
            )
    return found


def _compared(series: Series, members: int, known: Sequence[Known]) -> Series:
    """With the mean of earlier runs, and how far this one is from it, once there are enough of them."""
    value = series.value
    if value is None or len(known) < FEWEST:
        return series
    share = series.unit == "fraction"
    noise = measure_noise(known, known, share=(value, members) if share else None, ratios=not share and value > 0)
    difference = noise.scale.up(value) - noise.centre
    beyond = abs(difference) > _BEYOND * noise.error + 1e-9
    return Series(
        unit=series.unit,
        value=value,
        dots=series.dots,
        baseline=noise.scale.down(noise.centre),
        change=noise.scale.change(difference),
        noise=noise.deviation,
        ratios=noise.scale.ratios,
        worse=difference > 0 if beyond else None,
    )


def _dots(runs: Sequence[Entry], statistic: str) -> tuple[Dot, ...]:
    return tuple(
        Dot(
            run_id=entry.run_id,
            revision=entry.revision,
            day=entry.started[:10],
            value=entry.statistics[statistic].value,
        )
        for entry in runs
    )


def _new_operations(this: Entry, runs: Sequence[Entry]) -> Iterator[Operation]:
    """Those that requests wait for first, then those in the most traces."""
    found = []
    for root, seen in this.operations.items():
        before = [entry.operations[root] for entry in runs if root in entry.operations]
        if not before:
            continue
        known = {what for entry in before for what in entry}
        critical = this.critical_operations.get(root, {})
        found += [
            Operation(root=root, what=what, traces=traces, of=seen.get("", traces), critical=what in critical)
            for what, traces in seen.items()
            if what not in known
        ]
    yield from sorted(found, key=lambda one: (not one.critical, -one.traces / max(1, one.of), one.root, one.what))
