"""Claims over the few requests of a preflight: none is judged; what matched nothing is noted."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import final

from k6spec.judge.verdict import Evidence, Verdict
from k6spec.query.population import Population


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """A claim whose selector matched nothing.

    ``misspelt``: something of nearly that name is there; else it may only be rare. ``of_spans``: it is about spans
    or traces, not about requests or k6's metrics.
    """

    claim: str
    why: str
    misspelt: bool = False
    of_spans: bool = False


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """A test whose body was run over a preflight. ``mistake``: what can be no claim on any run.

    ``compared``: how many claims it makes against a baseline.
    """

    nodeid: str
    unseen: tuple[Unseen, ...] = ()
    mistake: str | None = None
    compared: int = 0


@final
class Rehearsal:
    """Stands where claims are judged, and lets each of them hold."""

    __slots__ = ("compared", "unseen")

    def __init__(self) -> None:
        self.compared = 0
        self.unseen: list[Unseen] = []

    def miss(self, claim: str, population: Population) -> None:
        """Notes that the claim's selector matched nothing."""
        self.unseen.append(
            Unseen(
                claim=claim,
                why=population.why_empty(),
                misspelt=population.misspelt(),
                of_spans=population.noun in {"span", "trace"},
            )
        )

    def held(self, claim: str, population: Population) -> Verdict:
        """A verdict that lets the test go on."""
        verdict = Verdict(
            claim=claim,
            headline=claim,
            outcome="passed",
            observed=None,
            operator="<=",
            limit=inf,
            unit="count",
            evidence=Evidence(population=population, lowest=-inf, highest=inf),
        )
        verdict.judged = True
        return verdict
