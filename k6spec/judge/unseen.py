"""Claims on a group of which nothing was seen: if it is there, all its members are among what is missing."""

from __future__ import annotations

from math import inf

from k6spec.judge.bounds import Losses, bounds
from k6spec.judge.derived import COMPARE
from k6spec.judge.doubts import reach, what_is_missing
from k6spec.judge.verdict import Evidence, Operator, Outcome, Unit
from k6spec.query.population import Population
from k6spec.query.reducers import Reducer


def weigh_unseen(
    reducer: Reducer,
    population: Population,
    losses: Losses,
    sign: Operator,
    limits: tuple[float, ...],
    *,
    unit: Unit,
) -> tuple[Outcome, Evidence]:
    """Passed if no such group could break any of the limits; else inconclusive, for there may be none."""
    if not population.missing.traces and not losses.spans:
        return "passed", Evidence(population=population, lowest=-inf, highest=inf)
    lowest, highest = bounds(reducer, population, losses)
    holds = all(COMPARE[sign](end, limit) for end in (lowest, highest) for limit in limits)
    reason = (
        f"{what_is_missing(population, losses.spans)}: a group of which nothing was seen may hide there, whose "
        f"value may be {reach(max(0.0, lowest), highest, unit)}, on either side of the limit"
    )
    return "passed" if holds else "inconclusive", Evidence(
        population=population,
        lowest=lowest,
        highest=highest,
        reason="" if holds else reason,
        dropped=losses.spans,
    )
