"""The verdicts of a run as its archive keeps them: of each claim of each test the latest judgement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from k6spec.judge.limits import shown

OUTCOMES: Final = ("failed", "inconclusive", "skipped", "passed")
"""The worst first."""

MISSED: Final = frozenset({"failed", "inconclusive"})
"""Outcomes of claims that do not hold, or may not."""


def latest(verdicts: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of each claim of each test the latest judgement, in the order in which they were first made."""
    return list({(verdict["nodeid"], verdict["claim"]): verdict for verdict in verdicts}.values())


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
    return _number(verdict, "observed")


def limit(verdict: Mapping[str, Any]) -> str | None:
    """The limit with its sign: ``<= 200 ms``; None where the claim has no number."""
    number = _number(verdict, "limit")
    return None if number is None else f"{_sign(verdict).strip()} {number}"


def standard(verdict: Mapping[str, Any]) -> str:
    """What a claim is compared with, in its words: ``1.05 × baseline``; empty for a claim without a limit."""
    sign = _sign(verdict)
    return str(verdict["claim"]).rpartition(sign)[2] if sign else ""


def _number(verdict: Mapping[str, Any], name: str) -> str | None:
    return None if verdict[name] is None or not _sign(verdict) else shown(verdict[name], verdict["unit"])


def _sign(verdict: Mapping[str, Any]) -> str:
    """The operator as it stands in the claim; a claim in words has none."""
    sign = f" {verdict['operator']} "
    return sign if sign in verdict["claim"] else ""
