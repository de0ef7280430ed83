"""A statistic of a selection. Comparing it with a limit gives a verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Generic, final

from k6spec.errors import Inconclusive, UsageError
from k6spec.judge.against import Measured, verdict_against
from k6spec.judge.bench import Bench
from k6spec.judge.bounds import Losses, bounds
from k6spec.judge.derived import COMPARE
from k6spec.judge.doubts import few_for, none_beyond, why_astride, why_missing_matters, why_too_few
from k6spec.judge.equality import NoEquality
from k6spec.judge.flattery import flattered_by_failures
from k6spec.judge.intervals import Interval, TooFew, interval, refuse_without_interval
from k6spec.judge.limits import NamedLimit, Q, resolve, said_beside, shown
from k6spec.judge.multiple import Multiple
from k6spec.judge.offence import offence
from k6spec.judge.past import Rounds
from k6spec.judge.rounds import Paired, Seen, Unpaired, pair_up, see
from k6spec.judge.scaling import Scaling
from k6spec.judge.sliding import Every
from k6spec.judge.standard import Baseline
from k6spec.judge.unseen import weigh_unseen
from k6spec.judge.verdict import Evidence, Operator, Outcome, Unit, Verdict
from k6spec.query.population import Population
from k6spec.query.reducers import Count, PerSecond, Reducer, ShareOver
from k6spec.query.scope import longest_wait_ns
from k6spec.units import Duration


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An observed ``value`` in ``unit``, of so many ``members``; ``statistic``: what it is of, in words."""

    statistic: str
    unit: Unit
    value: float
    members: int


@final
class Stat(NoEquality, Generic[Q]):
    """A number that is not judged yet: ``run.http().duration.p95``.

    Compare it with a limit of its own kind: a duration with ``ms(400)``, a share with ``percent(1)``, a count
    with a plain number. ``==`` is not a claim.
    """

    __slots__ = ("_bench", "_label", "_latency", "_level", "_population", "_reducer", "_unit", "verdict")

    def __init__(
        self,
        bench: Bench,
        population: Callable[[], Population],
        reducer: Callable[[Population], Reducer],
        *,
        label: str,
        unit: Unit,
        level: float | None = None,
        latency: bool = False,
    ) -> None:
        self._bench = bench
        self._population = population
        self._reducer = reducer
        self._label = label
        self._unit: Unit = unit
        self._level = level
        self._latency = latency or unit == "ns"
        self.verdict: Verdict | None = None
        """The verdict of the latest comparison."""

    @property
    def value(self) -> float:
        """The observed number: nanoseconds, a fraction, a count or a rate per second.

        Raises:
            Inconclusive: nothing matched.
        """
        population = self._population()
        reducer = self._reducer(population)
        if _says_nothing(population, reducer):
            if self._bench.rehearsal is not None:
                self._bench.rehearsal.miss(f"{population.text}: {self._label}", population)
            raise Inconclusive(population.why_empty())
        return reducer(population.values)

    def told(self) -> Told | None:
        """The observed number with the words by which history knows it; None if nothing matched."""
        population = self._population()
        reducer = self._reducer(population)
        if _says_nothing(population, reducer):
            return None
        return Told(
            statistic=f"{population.text}: {self._label}",
            unit=self._unit,
            value=reducer(population.values),
            members=len(population.values),
        )

    def sure(self, level: float = 0.95) -> Stat[Q]:
        """The same statistic, judged by its confidence interval: it holds, or fails, on the whole of it.

        An interval astride the limit is inconclusive, and so is one that too few samples can support. Samples
        of a load test are autocorrelated; the interval rests on their effective number (the variance of their
        slowest waves, in the order in which requests began) and is widened by what is missing. It speaks of
        this run: only other runs say how runs differ.

        ::

            assert run.http().duration.p95.sure(0.95) < ms(400)

        Args:
            level: how sure, from 0.5 to 0.999, for both sides of the interval together.

        Raises:
            UsageError: it is no such number, or the statistic (max, min, count) has no interval.
        """
        if isinstance(level, bool) or not isinstance(level, (int, float)) or not 0.5 <= level <= 0.999:
            raise UsageError(f"sure({level!r}): give a number from 0.5 to 0.999, as in sure(0.95) for 95 %")
        population = self._population()
        refuse_without_interval(self._reducer(population))
        label = f"{self._label} ({shown(level, 'fraction')} sure)"
        return Stat(
            self._bench,
            self._population,
            self._reducer,
            label=label,
            unit=self._unit,
            level=float(level),
            latency=self._latency,
        )

    def in_every(self, width: str | Duration, *, step: str | Duration | None = None) -> Every[Q]:
        """The same statistic in every window of this length: the claim holds, or fails, by the worst of them.

        ::

            assert run.http().duration.p95.in_every("30s") < ms(400)
            assert run.http().rate.in_every("10s") >= 40

        Args:
            width: a window holds what began in it.
            step: by how much windows slide; a tenth of the width if not given.

        A window in which nothing began says nothing, so the claim is inconclusive unless another one fails; only
        counts and rates are 0 then.
        """
        return Every(self, width, step)

    @property
    def scaling(self) -> Scaling:
        """How it grows with the planned load: ``.scaling.exponent <= 1``, ``.scaling.knee() >= 80``."""
        return Scaling(self)

    def __mul__(self, factor: float) -> Multiple[Q]:
        """So many times this statistic, as a limit: ``checkout.p95 <= 1.5 * browse.p95``."""
        return Multiple(self, factor)

    __rmul__ = __mul__

    def __lt__(self, limit: Q | NamedLimit[Q] | Multiple[Q] | Baseline) -> Verdict:
        return self._judge("<", limit)

    def __le__(self, limit: Q | NamedLimit[Q] | Multiple[Q] | Baseline) -> Verdict:
        return self._judge("<=", limit)

    def __gt__(self, limit: Q | NamedLimit[Q] | Multiple[Q] | Baseline) -> Verdict:
        return self._judge(">", limit)

    def __ge__(self, limit: Q | NamedLimit[Q] | Multiple[Q] | Baseline) -> Verdict:
        return self._judge(">=", limit)

    def __repr__(self) -> str:
        return f"<{self._label} of {self._population().text}>"

    def _judge(self, sign: Operator, limit: object) -> Verdict:
        if isinstance(limit, Baseline):
            return self._judge_against(sign, limit)
        other = limit.between(self._unit) if isinstance(limit, Multiple) else None
        bound = resolve(limit, self._unit, self._bench.limits) if other is None else other.observed
        population = self._population()
        reducer = self._reducer(population)
        claim = f"{population.text}: {self._label} {sign} {shown(bound, self._unit)}"
        if self._bench.rehearsal is not None:
            if _says_nothing(population, reducer) and not population.none_is_a_finding:
                self._bench.rehearsal.miss(claim, population)
            return self._bench.rehearsal.held(claim, population)
        if _says_nothing(population, reducer):
            headline = f"{population.text}: {self._label} {said_beside(None, sign, bound, self._unit)}"
            evidence = Evidence(population=population, lowest=-inf, highest=inf, reason=population.why_empty())
            outcome: Outcome = "inconclusive"
            observed = None
            if population.unseen:
                limits = (bound,) if other is None else other.ends
                losses = self._losses(population)
                outcome, evidence = weigh_unseen(reducer, population, losses, sign, limits, unit=self._unit)
                if outcome == "passed":
                    headline = (
                        f"{population.text}: {self._label} cannot break the limit {shown(bound, self._unit)}"
                    )
        else:
            observed = reducer(population.values)
            outcome, evidence = self._weigh(population, reducer, observed, sign, bound)
            if other is not None:
                ends: list[Outcome] = [
                    self._weigh(population, reducer, observed, sign, end)[0] for end in other.ends
                ]
                if {*ends, outcome} != {outcome}:
                    outcome, evidence = "inconclusive", replace(evidence, reason=other.why)
            headline = f"{population.text}: {self._label} {said_beside(observed, sign, bound, self._unit)}"
        self.verdict = self._bench.log.add(
            Verdict(
                claim=claim,
                headline=headline,
                outcome=outcome,
                observed=observed,
                operator=sign,
                limit=bound,
                unit=self._unit,
                evidence=evidence,
                statistic=f"{population.text}: {self._label}",
            )
        )
        return self.verdict

    def _judge_against(self, sign: Operator, standard: Baseline) -> Verdict:
        if self._level is not None:
            raise UsageError(
                "how sure a claim against a baseline must be is said by the baseline: leave .sure() out, and "
                "write baseline(sure=0.99)"
            )
        population = self._population()
        reducer = self._reducer(population)
        measured = None
        rehearsal = self._bench.rehearsal
        if rehearsal is not None:
            claim = f"{population.text}: {self._label} {sign} {standard}"
            rehearsal.compared += 1
            if _says_nothing(population, reducer) and not population.none_is_a_finding:
                rehearsal.miss(claim, population)
            self.verdict = rehearsal.held(claim, population)
            return self.verdict
        if not _says_nothing(population, reducer):
            lowest, highest = bounds(reducer, population, self._losses(population))
            measured = Measured(
                observed=reducer(population.values), lowest=lowest, highest=highest, reducer=reducer
            )
        rounds = None if self._bench.past is None else self._bench.past.rounds(standard.chosen)
        self.verdict = self._bench.log.add(
            verdict_against(
                measured,
                sign,
                standard,
                population=population,
                statistic=f"{population.text}: {self._label}",
                unit=self._unit,
                bench=self._bench,
                latency=self._latency,
                paired=None if rounds is None or measured is None else self._paired(rounds),
            )
        )
        return self.verdict

    def _paired(self, rounds: Rounds) -> Paired | Unpaired:
        seen = [(self._seen_in(base), self._seen_in(candidate)) for base, candidate in rounds.pairs]
        return pair_up(rounds, seen, share=self._unit == "fraction")

    def _seen_in(self, folder: Path) -> Seen | None:
        """The statistic in another run; None if nothing matched there."""
        database = self._bench.database
        with database.elsewhere(folder):
            population = self._population()
            reducer = self._reducer(population)
            if _says_nothing(population, reducer):
                return None
            losses = self._losses(population, database.spans_dropped)
            failed = self._bench.tolerated.failed if self._latency else 1.0
            return see(reducer, population, losses, tolerated=failed)

    def _weigh(
        self, population: Population, reducer: Reducer, observed: float, sign: Operator, bound: float
    ) -> tuple[Outcome, Evidence]:
        def holds(value: float) -> bool:
            return COMPARE[sign](value, bound)

        losses = self._losses(population)
        lowest, highest = bounds(reducer, population, losses)
        outcome = _outcome(holds, observed, lowest, highest)
        reason = ""
        found: Interval | TooFew | None = None
        if outcome == "inconclusive":
            reason = why_missing_matters(population, losses.spans, lowest, highest, self._unit)
        elif self._level is not None:
            found = interval(reducer, population, self._level, self._bench.tolerated.enough)
            if isinstance(found, TooFew):
                outcome, reason = "inconclusive", why_too_few(found, population, reducer)
            else:
                lowest, highest = found.ends(lambda end: bounds(end, population, losses))
                outcome = _outcome(holds, observed, lowest, highest)
                if outcome == "inconclusive":
                    reason = why_astride(found, population, self._level, (lowest, highest), bound, unit=self._unit)
        notes: tuple[str, ...] = few_for(reducer, population, self._bench.tolerated.fewest_beyond)
        if self._latency and outcome == "passed":
            flattered = flattered_by_failures(
                population, reducer, holds, found, self._bench.tolerated.failed, self._unit
            )
            notes = flattered + notes
            if flattered:
                outcome = "failed"
            elif symptoms := self._bench.symptoms:
                outcome, reason = "inconclusive", symptoms
        if outcome == "passed" and (unmade := self._bench.unmade or self._bench.hung):
            outcome, reason = "inconclusive", unmade
        if isinstance(reducer, ShareOver) and self._level is None:
            notes += none_beyond(population, observed)
        return outcome, Evidence(
            population=population,
            lowest=lowest,
            highest=highest,
            reason=reason,
            level=self._level,
            effective=None if found is None else min(found.effective, len(population.values)),
            dropped=losses.spans,
            notes=notes,
            offence=offence(reducer, population, sign, bound, self._unit),
        )

    def _losses(self, population: Population, spans: int | None = None) -> Losses:
        """Spans that were lost anywhere, and the longest request of the claim, to any of which they may belong."""
        spans = self._bench.spans_dropped if spans is None else spans
        hidden = self._bench.tolerated.hidden
        if population.noun == "request" or not spans:
            return Losses(hidden=hidden)
        longest_ns = 1.0 if population.shares else longest_wait_ns(self._bench.database, population.within)
        return Losses(spans=spans, longest_ns=longest_ns, calls=self._unit == "count", hidden=hidden)


def _outcome(holds: Callable[[float], bool], observed: float, lowest: float, highest: float) -> Outcome:
    ends = (holds(lowest), holds(highest))
    if all(ends) and holds(observed):
        return "passed"
    return "inconclusive" if any(ends) else "failed"


def _says_nothing(population: Population, reducer: Reducer) -> bool:
    if len(population.values):
        return False
    counts = isinstance(reducer, (Count, PerSecond))
    return not (counts and population.none_is_a_finding)
