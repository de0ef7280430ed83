"""All that can be said of why a claim failed; what reports show is chosen from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from k6spec.explain.attribution import Attribution, Share, attribution, busiest, differences
from k6spec.explain.contrast import Contrast, contrast
from k6spec.explain.failing import Failing, failing
from k6spec.explain.saturation import Saturation, saturation
from k6spec.explain.sides import Sides, by_time, offenders, sides
from k6spec.explain.twin import Twin, twin
from k6spec.judge.verdict import Verdict
from k6spec.query.database import Database


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a claim failed, as far as its traces tell.

    ``failing``: where requests fail. ``calls``: what is called most, where a claim counts calls. ``attribution``:
    where the time goes. ``contrasts``: what offending traces have in common. ``twin``: the healthy trace most like
    the worst, ``differences``: of the worst from it. ``saturation``: that time grows with load alone.
    """

    sides: Sides | None = None
    failing: Failing | None = None
    calls: Share | None = None
    attribution: Attribution | None = None
    contrasts: tuple[Contrast, ...] = ()
    twin: Twin | None = None
    differences: tuple[Share, ...] = ()
    saturation: Saturation | None = None

    @property
    def causes(self) -> tuple[tuple[str, str], ...]:
        """What is to blame, likeliest first: a service, and one of its operations or statements."""
        found = [(self.failing.service, self.failing.name)] if self.failing else []
        found += [(self.calls.service, self.calls.what)] if self.calls else []
        found += [(each.service, each.what) for each in self.attribution.shares] if self.attribution else []
        return tuple(dict.fromkeys(found))


def explain(database: Database, verdict: Verdict) -> Explanation:
    """Explains a verdict that did not pass; of a claim that no single trace breaks, there is nothing to say."""
    offending = offenders(verdict)
    fails = failing(database, verdict, offending)
    both = sides(database, verdict, offending)
    if both is None:
        return Explanation(failing=fails)
    counts = verdict.unit == "count" and verdict.evidence.population.noun == "trace"
    slow = by_time(verdict)
    near = twin(database, both.offending[0], both) if both.peers else None
    return Explanation(
        sides=both,
        failing=fails,
        calls=busiest(database, both) if counts else None,
        attribution=attribution(database, both) if slow else None,
        contrasts=contrast(database, both),
        twin=near,
        differences=differences(database, both, both.offending[0], near.trace_id) if near else (),
        saturation=saturation(database, both.operation) if slow else None,
    )
