"""A statistic against a baseline: one of four outcomes, and the words for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, inf
from typing import Final, final

from k6spec.judge.bench import Bench
from k6spec.judge.flattery import successful_alone
from k6spec.judge.limits import LIMIT_WORDS, shown, shown_apart
from k6spec.judge.offence import offence
from k6spec.judge.past import Earlier, Past
from k6spec.judge.regression import Noise, all_new, measure_noise, share_tail
from k6spec.judge.rounds import Paired, Unpaired, why_unheard
from k6spec.judge.standard import Baseline
from k6spec.judge.verdict import Compared, Evidence, Operator, Outcome, Unit, Verdict
from k6spec.query.population import Population
from k6spec.query.reducers import Max, Min, Reducer, ShareOver, ShareWithin

_ROUNDING: Final = 1e-9


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What this run measured: the statistic, and how low and high it could be with nothing missing."""

    observed: float
    lowest: float
    highest: float
    reducer: Reducer


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Weighed:
    """The answer. ``limit`` is in the statistic's unit; infinite where there is no baseline."""

    outcome: Outcome
    limit: float = inf
    reason: str = ""
    compared: Compared | None = None


def verdict_against(
    measured: Measured | None,
    sign: Operator,
    standard: Baseline,
    *,
    population: Population,
    statistic: str,
    unit: Unit,
    bench: Bench,
    latency: bool,
    paired: Paired | Unpaired | None = None,
) -> Verdict:
    """The verdict of a statistic against a baseline; ``measured`` is None where nothing matched.

    ``latency``: it is one, or a share of what took so long. ``paired``: the rounds of two versions, if those are
    compared.

    Raises:
        UsageError: the baseline's slack is of another kind than the statistic.
    """
    standard.added(unit)
    notes: tuple[str, ...] = ()
    if measured is None:
        weighed = _Weighed(outcome="inconclusive", reason=population.why_empty())
        headline = f"{statistic} cannot be judged, limit {standard}"
    else:
        if isinstance(paired, Paired):
            ends, members, none_succeeded = paired.ends, paired.members, paired.none_succeeded
            measured = replace(measured, observed=ends[0], lowest=min(ends[:3]), highest=max(ends[:3]))
        else:
            tolerated = bench.tolerated.failed if latency else 1.0
            ends, notes, none_succeeded = _unflattered(measured, population, unit, tolerated)
            members = len(population.values)
        asked = _Question(statistic, unit, sign, ends, measured, population, members)
        weighed = _weigh(asked, standard, bench.past, paired)
        symptoms, unheard = bench.symptoms, bench.unmade or bench.hung
        if isinstance(paired, Paired):
            symptoms = symptoms or paired.rounds.symptoms
            unheard = unheard or why_unheard(paired.rounds, bench.database, population.window)
        if none_succeeded and weighed.outcome in {"passed", "inconclusive"}:
            weighed = replace(weighed, outcome="failed", reason="")
        elif weighed.outcome == "passed" and (doubts := (symptoms if latency else "") or unheard):
            weighed = replace(weighed, outcome="inconclusive", reason=doubts)
        if none_succeeded:
            notes = (f"{none_succeeded}, and failures flatter this claim",)
        seen, limit = shown(measured.observed, unit), ""
        if weighed.compared is not None:
            seen, at = shown_apart(measured.observed, weighed.limit, unit)
            limit = f" = {at}"
            notes = (in_words(weighed.compared, unit), *notes)
        headline = f"{statistic} {seen}, limit {LIMIT_WORDS[sign]}{standard}{limit}"
    return Verdict(
        claim=f"{statistic} {sign} {standard}",
        headline=headline,
        outcome=weighed.outcome,
        observed=None if measured is None else measured.observed,
        operator=sign,
        limit=weighed.limit,
        unit=unit,
        evidence=Evidence(
            population=population,
            lowest=-inf if measured is None else measured.lowest,
            highest=inf if measured is None else measured.highest,
            reason=weighed.reason,
            notes=notes,
            compared=weighed.compared,
            offence=None if measured is None else offence(measured.reducer, population, sign, weighed.limit, unit),
        ),
        statistic=statistic,
    )


@final
@dataclass(frozen=True, slots=True)
class _Question:
    statistic: str
    unit: Unit
    sign: Operator
    ends: tuple[float, ...]
    measured: Measured
    population: Population
    members: int

    @property
    def upper(self) -> bool:
        """Whether the limit is an upper one."""
        return self.sign in {"<", "<="}

    @property
    def counts(self) -> bool:
        """Whether it is the share of members that are so: a share of the trace's time is measured, not counted."""
        return isinstance(self.measured.reducer, (ShareOver, ShareWithin))

    def holds(self, value: float, limit: float) -> bool:
        """What ten runs measured alike is their mean but for rounding."""
        near = abs(value - limit) <= 1e-9 * abs(limit)
        if self.upper:
            return (value < limit and not near) or (near and self.sign == "<=")
        return (value > limit and not near) or (near and self.sign == ">=")


def _weigh(asked: _Question, standard: Baseline, past: Past | None, paired: Paired | Unpaired | None) -> _Weighed:
    if past is None:
        return _Weighed(
            outcome="skipped", reason="claims against a baseline are judged by pytest: here is no history"
        )
    if isinstance(paired, Unpaired):
        past.family.skipped += paired.outcome == "skipped"
        return _Weighed(outcome=paired.outcome, reason=paired.reason)
    if paired is not None:
        earlier, noise = paired.earlier, paired.noise
    else:
        earlier = past.statistic(asked.statistic, asked.unit, standard.chosen)
        if earlier.wanting is not None:
            past.family.skipped += 1
            return _Weighed(outcome="skipped", reason=earlier.wanting)
        noise = _noise_of(asked, earlier)
    centre = noise.scale.down(noise.centre)
    limit = standard.factor * centre + standard.added(asked.unit)
    alpha = 1 - standard.sure
    worse = max(_p(noise, end, limit, asked, earlier) for end in asked.ends)
    family = past.family
    admitted = family.admits(worse, alpha)
    compared = _compared(noise, asked, earlier, standard, worse, family.size)
    outcome, reason = _decide(noise, limit, asked, earlier, standard, compared, admitted=admitted)
    return _Weighed(outcome=outcome, limit=limit, reason=reason, compared=compared)


def _noise_of(asked: _Question, earlier: Earlier) -> Noise:
    share = asked.counts
    return measure_noise(
        earlier.reference,
        earlier.variation,
        share=(asked.measured.observed, asked.members) if share else None,
        ratios=not share and min(asked.ends) > 0,
    )


def _decide(
    noise: Noise,
    limit: float,
    asked: _Question,
    earlier: Earlier,
    standard: Baseline,
    compared: Compared,
    *,
    admitted: bool,
) -> tuple[Outcome, str]:
    alpha = 1 - standard.sure
    held = [asked.holds(end, limit) for end in asked.ends]
    violated = compared.p <= alpha and not any(held)
    if violated and admitted:
        return "failed", ""
    better = max(noise.under(end, limit) if asked.upper else noise.over(end, limit) for end in asked.ends)
    holds = all(held) and (better <= alpha or not noise.error)
    if holds and earlier.beside:
        return "passed", ""  # a limit is refused for the sake of later runs, and rounds have none
    room = noise.scale.up(limit) - noise.centre
    if (room if asked.upper else -room) < noise.reach(alpha) - _ROUNDING:
        return "inconclusive", _refused(noise, earlier, compared, asked.unit)
    if holds:
        return "passed", ""
    if violated:
        return "inconclusive", (
            f"on its own this would be {shown(standard.sure, 'fraction')} sure, but among {compared.family} "
            "claims against baselines chance alone may show one such: load again"
        )
    if any(held) and not all(held):
        return "inconclusive", "what is missing could move it to the other side of its limit"
    return "inconclusive", (
        f"it is too near to its limit to tell: {len(earlier.variation)} {earlier.between} differ by "
        f"{_noise(noise, asked.unit)} (one standard deviation); load again, or longer (an unchanged system "
        f"would reliably pass {compared.holdable})"
    )


def _compared(
    noise: Noise, asked: _Question, earlier: Earlier, standard: Baseline, p: float, family: int
) -> Compared:
    alpha = 1 - standard.sure
    reach = noise.reach(alpha)
    difference = noise.scale.up(asked.measured.observed) - noise.centre
    # So seldom may one claim miss that a night is quiet in all of them.
    room = noise.quiet(alpha, min(0.5, alpha / family))
    if noise.scale.ratios:
        held = f"{exp(room if asked.upper else -room):.3f} * baseline()"
    else:
        held = f"baseline() {'+' if asked.upper else '-'} {shown(room, asked.unit)}"
    return Compared(
        runs=tuple(known.run_id for known in earlier.reference),
        said=earlier.said,
        value=noise.scale.down(noise.centre),
        noise=noise.deviation,
        ratios=noise.scale.ratios,
        change=noise.scale.change(difference),
        ends=(noise.scale.change(difference - reach), noise.scale.change(difference + reach)),
        sure=standard.sure,
        p=p,
        family=family,
        holdable=held,
        between=earlier.between,
        rounds=tuple((base.value, value) for base, value in zip(earlier.reference, earlier.beside, strict=False)),
    )


def in_words(compared: Compared, unit: Unit) -> str:
    """A line: what it was compared with, and how far it is from it."""
    low, high = (_signed(end, compared, unit) for end in compared.ends)
    noise = shown(compared.noise, "fraction" if compared.ratios else unit)
    return (
        f"{_signed(compared.change, compared, unit)} against the baseline {shown(compared.value, unit)} "
        f"({low} to {high}, {shown(compared.sure, 'fraction')} sure on either side; noise between "
        f"{compared.between} {noise}; {compared.said})"
    )


def _unflattered(
    measured: Measured, population: Population, unit: Unit, tolerated: float
) -> tuple[tuple[float, ...], tuple[str, ...], str]:
    """What a claim is judged by: a latency, where many requests failed, by the successful ones alone as well.

    The last of it says so where there are none, and nothing can be judged by them.
    """
    ends = (measured.observed, measured.lowest, measured.highest)
    by_them = successful_alone(population, tolerated)
    if by_them is None:
        return ends, (), ""
    successful, many = by_them
    if not len(successful):
        return ends, (), "none of the requests succeeded"
    alone = measured.reducer(successful)
    return (*ends, alone), (f"{many}; of the successful ones alone it is {shown(alone, unit)}",), ""


def _p(noise: Noise, end: float, limit: float, asked: _Question, earlier: Earlier) -> float:
    """How likely so much beyond the limit would be, if the claim held.

    Where earlier runs had all the same extreme, no deviation says how often it is passed: members beyond it do.
    """
    if not noise.error and asked.holds(end, limit):
        return 1.0
    p = noise.over(end, limit) if asked.upper else noise.under(end, limit)
    if asked.counts and asked.upper:
        return max(p, share_tail(end, asked.members, limit, earlier.variation))
    if not noise.error and isinstance(asked.measured.reducer, (Max, Min)):
        values = asked.population.values
        beyond = int(((values > limit) if asked.upper else (values < limit)).sum())
        return all_new(len(values), sum(known.members for known in earlier.variation), max(1, beyond))
    return p


def _refused(noise: Noise, earlier: Earlier, compared: Compared, unit: Unit) -> str:
    among = f"all of {compared.family} such claims at " if compared.family > 1 else ""
    return (
        f"the limit is tighter than the noise: {len(earlier.variation)} {earlier.between} differ by "
        f"{_noise(noise, unit)} (one standard deviation), so even a run that equals the baseline could not pass; "
        f"an unchanged system would reliably pass {among}{compared.holdable}: loosen the limit, make the load "
        f"longer, or gather more {earlier.between}"
    )


def _noise(noise: Noise, unit: Unit) -> str:
    return shown(noise.deviation, "fraction" if noise.scale.ratios else unit)


def _signed(change: float, compared: Compared, unit: Unit) -> str:
    number = shown(abs(change), "fraction" if compared.ratios else unit)
    return f"{'-' if change < 0 else '+'}{number}"
