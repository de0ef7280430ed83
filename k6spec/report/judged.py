"""The verdicts of a run as its archive keeps them: of each test what was judged last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from k6spec.judge.limits import shown, shown_apart
from k6spec.judge.verdict import Unit
from k6spec.units import counted

OUTCOMES: Final = ("failed", "inconclusive", "skipped", "passed")
"""The worst first."""

KNOWN: Final = "known_issues"
"""Counted beside the outcomes: failed claims that are known not to hold."""

MISSED: Final = frozenset({"failed", "inconclusive"})
"""Outcomes of claims that do not hold, or may not."""


def latest(verdicts: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of each claim that a test now makes the latest judgement, in the order in which they were first made.

    What a test judged when its body last came to its end takes the place of all that it claimed before, as a claim
    that was mended. One that ended early does not say what it would have claimed behind that.
    """
    verdicts = list(verdicts)
    begun: dict[tuple[str, object], int] = {}
    since: dict[str, int] = {}
    for place, verdict in enumerate(verdicts):
        first = begun.setdefault((verdict["nodeid"], verdict.get("session")), place)
        if verdict.get("ended"):
            since[verdict["nodeid"]] = first
    now = (verdict for place, verdict in enumerate(verdicts) if place >= since.get(verdict["nodeid"], 0))
    return list({(one["nodeid"], one["claim"], one.get("before", 0)): one for one in now}.values())


def issue(verdict: Mapping[str, Any]) -> str:
    """The issue by which a claim is known not to hold, in words: ``known issue SHOP-812``; empty without one."""
    return f"known issue {verdict['known_issue']}" if verdict.get("known_issue") else ""


def told(counts: Mapping[str, int], outcome: str) -> str:
    """How many claims there are of an outcome: ``3 failed (1 known issue)``.

    Args:
        counts: as :func:`counts_of` gives them.
    """
    known = counts[KNOWN] if outcome == "failed" else 0
    return f"{counts[outcome]:,} {outcome}" + (f" ({counted(known, 'known issue')})" if known else "")


def counts_of(verdicts: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many there are of each outcome, and of known issues among those that failed."""
    verdicts = list(verdicts)
    counts = {outcome: sum(verdict["outcome"] == outcome for verdict in verdicts) for outcome in OUTCOMES}
    return {**counts, KNOWN: sum(bool(issue(verdict)) for verdict in verdicts)}


def worst_of(verdicts: Iterable[Mapping[str, Any]]) -> str | None:
    """The worst of their outcomes; None if there is none."""
    outcomes = {verdict["outcome"] for verdict in verdicts}
    return next((outcome for outcome in OUTCOMES if outcome in outcomes), None)


def subject(verdict: Mapping[str, Any]) -> str:
    """What is claimed of, without the limit: ``db spans: max duration``."""
    sign = _sign(verdict)
    return str(verdict["claim"]).rpartition(sign)[0] if sign else str(verdict["claim"])


def observed(verdict: Mapping[str, Any]) -> str | None:
    """What was observed, for people; None where nothing matched, or where the claim has no number."""
    return _numbers(verdict)[0]


def limit(verdict: Mapping[str, Any]) -> str | None:
    """The limit with its sign: ``<= 200 ms``; None where the claim has no number."""
    number = _numbers(verdict)[1]
    return None if number is None else f"{_sign(verdict).strip()} {number}"


def standard(verdict: Mapping[str, Any]) -> str:
    """What a claim is compared with, in its words: ``1.05 × baseline``; empty for a claim without a limit."""
    sign = _sign(verdict)
    return str(verdict["claim"]).rpartition(sign)[2] if sign else ""


def change(verdict: Mapping[str, Any]) -> str | None:
    """How far it is from the baseline it is compared with: ``+4.2 %``; None where it is compared with none."""
    compared = verdict.get("baseline")
    if compared is None:
        return None
    amount = shown(abs(compared["change"]), "fraction" if compared["ratios"] else verdict["unit"])
    return f"{'-' if compared['change'] < 0 else '+'}{amount}"


def numbers(seen: float | None, bound: float | None, unit: Unit) -> tuple[str | None, str | None]:
    """Two numbers of a verdict, such as what was observed and its limit, told apart; None of what is not there."""
    if seen is None or bound is None:
        return None if seen is None else shown(seen, unit), None if bound is None else shown(bound, unit)
    return shown_apart(seen, bound, unit)


def _numbers(verdict: Mapping[str, Any]) -> tuple[str | None, str | None]:
    return numbers(verdict["observed"], verdict["limit"], verdict["unit"]) if _sign(verdict) else (None, None)


def _sign(verdict: Mapping[str, Any]) -> str:
    """The operator as it stands in the claim; a claim in words has none."""
    sign = f" {verdict['operator']} "
    return sign if sign in verdict["claim"] else ""
