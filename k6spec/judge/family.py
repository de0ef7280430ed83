"""False discoveries over a session's baseline claims: Benjamini and Hochberg's procedure, as claims come.

A claim is judged where its ``assert`` stands, before the later ones are known. Those still to come count as if
nothing were seen in them (p = 1): what is admitted at its time is admitted by the whole procedure as well, for
smaller p of others only widen it (Benjamini and Hochberg, J. R. Stat. Soc. B 57, 1995). How many claims a session
makes is known from the history: nothing is judged before there are some runs, and each has recorded its claims.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from k6spec.units import counted


@final
class Family:
    """The baseline claims of a session.

    Args:
        expected: how many there were in an earlier session; a way to find out, where only claims need to know.
    """

    def __init__(self, expected: int | Callable[[], int] = 1) -> None:
        self._expected = expected
        self._seen: list[tuple[float, float, bool]] = []
        self.told = False
        """Whether the session's claims were counted beforehand."""
        self.skipped = 0
        """How many were let through for want of a baseline."""

    def expect(self, claims: int) -> None:
        """So many claims the session will make, as was counted beforehand."""
        self._expected, self.told = claims, True

    @property
    def size(self) -> int:
        """How many claims there are at least."""
        if callable(self._expected):
            self._expected = self._expected()
        return max(1, self._expected, len(self._seen))

    @property
    def judged(self) -> int:
        """How many were judged so far."""
        return len(self._seen)

    def admits(self, p: float, alpha: float) -> bool:
        """Whether a claim is a discovery, at a false discovery rate of ``alpha``. Notes the claim.

        Args:
            p: how likely so much would be seen if the claim held.
        """
        self._seen.append((p, alpha, False))
        admitted = self._admitted(p, alpha, self.size)
        self._seen[-1] = (p, alpha, admitted)
        return admitted

    def admitted_late(self) -> int:
        """How many more the procedure admits now that all claims of the session are known."""
        size = max(1, len(self._seen))
        return sum(not told and self._admitted(p, alpha, size) for p, alpha, told in self._seen)

    def said(self) -> str | None:
        """A line on the session's baseline claims; None if there were none."""
        judged, skipped, late = self.judged, self.skipped, self.admitted_late()
        if not judged and not skipped:
            return None
        parts = [f"{counted(judged, 'claim')} judged"] if judged else []
        if skipped:
            noun = "" if judged else (" claim" if skipped == 1 else " claims")
            parts.append(f"{skipped}{noun} skipped, for there is no baseline yet; what they measured is recorded")
        if late:
            parts.append(f"now that all are known, {late} inconclusive ones are worse than their limits allow")
        return f"baseline: {', '.join(parts)}"

    def _admitted(self, p: float, alpha: float, size: int) -> bool:
        """Step-up: the largest rank whose p is small enough admits all below it."""
        ranked = sorted(known for known, _alpha, _told in self._seen)
        most = max((rank for rank, known in enumerate(ranked, 1) if known <= alpha * rank / size), default=0)
        return bool(most) and p <= alpha * most / size
