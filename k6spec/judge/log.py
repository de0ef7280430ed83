"""The verdicts of one test, in the order in which they were made."""

from __future__ import annotations

from typing import final

from k6spec.judge.verdict import Verdict


@final
class VerdictLog:
    """Collects every verdict that a test makes, judged or not."""

    __slots__ = ("verdicts",)

    def __init__(self) -> None:
        self.verdicts: list[Verdict] = []

    def add(self, verdict: Verdict) -> Verdict:
        """Notes the verdict and returns it."""
        self.verdicts.append(verdict)
        return verdict

    @property
    def forgotten(self) -> list[Verdict]:
        """Verdicts that were made and never judged."""
        return [verdict for verdict in self.verdicts if not verdict.judged]
