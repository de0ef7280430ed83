"""What a test case of a JUnit file tells of its claims: properties by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Final

from k6spec.judge.against import in_words
from k6spec.judge.verdict import Verdict
from k6spec.report.judged import OUTCOMES, numbers

_PREFIX: Final = "k6spec."


def properties(verdicts: Sequence[Verdict], *, run_id: str, report: str) -> Iterator[tuple[str, str]]:
    """Verdict of the whole, run, report; then claim, verdict, observed and limit of each claim,
    and what it was compared with.

    From the second claim on its number stands behind the name: ``k6spec.claim.2``.
    """
    outcomes = {verdict.outcome for verdict in verdicts}
    yield f"{_PREFIX}verdict", next((outcome for outcome in OUTCOMES if outcome in outcomes), "none")
    yield f"{_PREFIX}run", run_id
    yield f"{_PREFIX}report", report
    for number, verdict in enumerate(verdicts, start=1):
        end = "" if number == 1 else f".{number}"
        yield f"{_PREFIX}claim{end}", verdict.claim
        if len(verdicts) > 1:
            yield f"{_PREFIX}outcome{end}", verdict.outcome
        if f" {verdict.operator} " in verdict.claim:  # a claim in words has no numbers
            bound = verdict.limit if isfinite(verdict.limit) else None
            seen, at = numbers(verdict.observed, bound, verdict.unit)
            if seen is not None:
                yield f"{_PREFIX}observed{end}", seen
            if at is not None:
                yield f"{_PREFIX}limit{end}", f"{verdict.operator} {at}"
        if verdict.evidence.compared is not None:
            yield f"{_PREFIX}against{end}", in_words(verdict.evidence.compared, verdict.unit)
