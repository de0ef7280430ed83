"""What earlier runs measured, as far as claims against a baseline need it. :mod:`k6spec.history` knows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, final

from k6spec.judge.family import Family
from k6spec.judge.verdict import Unit

FEWEST: Final = 5
"""So many runs it takes to know how runs differ."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a run measured: the observed value, in the statistic's unit, and of how many members."""

    run_id: str
    value: float
    members: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which runs a baseline claim wants.

    Attributes:
        branch: of this branch; None: of the settings' ``baseline_branch``.
        runs: the newest so many.
        pin: those pinned by this name are the reference; the branch's say how runs differ.
    """

    branch: str | None = None
    runs: int = 20
    pin: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """Earlier runs of the same load on the same system, oldest first.

    ``reference``: what is compared with; ``variation``: what says how runs differ. ``said``: which runs they are,
    in words. ``wanting``: why there is no baseline, if there is none. ``between``: what the noise lies between.
    ``beside``: where the reference are a base version's rounds, what the candidate measured in each.
    """

    reference: tuple[Known, ...]
    variation: tuple[Known, ...]
    said: str
    wanting: str | None = None
    between: str = "runs"
    beside: tuple[float, ...] = ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """``pairs``: the folders of base and candidate of each round. ``base`` and ``candidate``: the versions' names.

    ``symptoms``: why no claim about latency passes, of any of these runs, ``hung``: why none at all; empty where
    all is well. ``stopped``: by run id, what ``run.json`` says of those loads that ended before their time.
    """

    pairs: tuple[tuple[Path, Path], ...]
    base: str
    candidate: str
    symptoms: str = ""
    hung: str = ""
    stopped: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """Which they are, in words."""
        return f"{len(self.pairs)} rounds, {self.candidate} in turns with {self.base}"


class Past(Protocol):
    """Earlier runs, as a run that is judged sees them."""

    @property
    def family(self) -> Family:
        """The session's baseline claims."""

    def rounds(self, chosen: Chosen) -> Rounds | None:
        """The rounds in which another version was loaded in turns with this one, if the claim is about that."""

    def statistic(self, statistic: str, unit: Unit, chosen: Chosen) -> Earlier:
        """What earlier runs measured of a statistic, by its words."""

    def operations(
        self, root: str, chosen: Chosen, *, critical: bool = False
    ) -> Mapping[str, Mapping[str, int]] | str:
        """Of each earlier run how many traces had each operation (on the critical path); or why there is no
        baseline.
        """
