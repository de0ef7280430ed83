"""Which members of a population break a claim's limit."""

from __future__ import annotations

from math import inf

from k6spec.judge.verdict import Operator, Unit
from k6spec.query.population import Population
from k6spec.query.reducers import Count, Reducer, ShareOver


def offence(
    reducer: Reducer, population: Population, operator: Operator, limit: float, unit: Unit
) -> float | None:
    """A member above this breaks an upper limit; None where none does, or the limit is a lower one."""
    if operator in {">", ">="}:
        return None
    if isinstance(reducer, ShareOver):
        return reducer.limit
    if isinstance(reducer, Count):
        return -inf
    return limit if unit == "ns" or (unit == "count" and population.noun == "trace") else None
