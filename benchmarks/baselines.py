"""How often claims against a baseline cry wolf, and how often they see what is there.

Nights of a hundred claims each, every run drawn with the same noise between runs (normally distributed logarithms;
a part of it common to all claims of a night, as on a machine that is busier in some). Beside them what a plain
comparison with the mean says, and what 95 % intervals without control over the session do.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from k6spec import baseline
from k6spec.judge.against import Measured, verdict_against
from k6spec.judge.bench import Bench
from k6spec.judge.family import Family
from k6spec.judge.past import Chosen, Earlier, Known
from k6spec.judge.verdict import Unit, Verdict
from k6spec.query.population import Missing, Population
from k6spec.query.reducers import Percentile

CLAIMS: Final = 100
NOISE: Final = 0.02
RUNS: Final = 20
LIMIT: Final = 1.15
MS: Final = 1e6


@dataclass
class Drawn:
    """A past that was drawn: what it says of a statistic is its column."""

    family: Family
    columns: Mapping[str, tuple[Known, ...]]

    def statistic(self, statistic: str, unit: Unit, chosen: Chosen) -> Earlier:
        known = self.columns[statistic]
        return Earlier(reference=known, variation=known, said="drawn runs")

    def operations(self, root: str, chosen: Chosen) -> str:
        return "there are none"


def judge_night(
    history: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    tonight: np.ndarray[tuple[int], np.dtype[np.float64]],
    limit: float,
    *,
    controlled: bool = True,
) -> list[Verdict]:
    """A verdict a claim. ``history``: a row a run, a column a claim, in nanoseconds."""
    columns = {
        str(claim): tuple(
            Known(run_id=str(run), value=float(value), members=1000) for run, value in enumerate(column)
        )
        for claim, column in enumerate(history.T)
    }
    past = Drawn(Family(len(tonight) if controlled else 1), columns)
    verdicts = []
    for claim, value in enumerate(tonight):
        if not controlled:
            past.family = Family(1)
        verdicts.append(
            verdict_against(
                Measured(observed=float(value), lowest=float(value), highest=float(value), reducer=Percentile(95)),
                "<=",
                limit * baseline(),
                population=population(str(claim)),
                statistic=str(claim),
                unit="ns",
                bench=Bench(database=None, past=past),  # type: ignore[arg-type]
                latency=True,
            )
        )
    return verdicts


def draw(
    source: np.random.Generator, runs: int, *, noise: float = NOISE, common: float = 0.5, claims: int = CLAIMS
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """So many runs of ``claims`` statistics; ``common``: the part of the variance that is all claims' of a run."""
    shared = source.normal(size=(runs, 1)) * np.sqrt(common)
    own = source.normal(size=(runs, claims)) * np.sqrt(1 - common)
    return 100 * MS * np.exp((shared + own) * noise)


def measure() -> dict[str, float]:
    """Per cent of nights, or of claims."""
    nights = int(os.environ.get("NIGHTS", "300"))
    figures: dict[str, float] = {}
    for common in (0.0, 0.5, 0.9):
        figures |= _unchanged(nights, common)
    for change in (1.1, 1.15, 1.2, 1.3):
        figures |= _changed(nights, change)
    return figures


def _unchanged(nights: int, common: float) -> dict[str, float]:
    source = np.random.default_rng(1)
    failed, red, tight, naive, plain = [], [], [], [], []
    for _ in range(nights):
        drawn = draw(source, RUNS + 1, common=common)
        history, tonight = drawn[:-1], drawn[-1]
        outcomes = [verdict.outcome for verdict in judge_night(history, tonight, LIMIT)]
        failed.append(outcomes.count("failed"))
        red.append(len(outcomes) - outcomes.count("passed"))
        tight.append(_failures(judge_night(history, tonight, 1.0)))
        naive.append(_failures(judge_night(history, tonight, 1.0, controlled=False)))
        plain.append(int(np.count_nonzero(tonight > 1.02 * history.mean(axis=0))))
    said = f"unchanged, common {common:g}: "
    return {
        f"{said}failed a night": float(np.mean(failed)),
        f"{said}failed or inconclusive a night": float(np.mean(red)),
        f"{said}nights not all green, %": _share(red),
        f"{said}limit 1.0: failed a night": float(np.mean(tight)),
        f"{said}limit 1.0: nights with a failure, %": _share(tight),
        f"{said}limit 1.0, each alone: failed a night": float(np.mean(naive)),
        f"{said}limit 1.0, each alone: nights with a failure, %": _share(naive),
        f"{said}plain 1.02 x mean: failed a night": float(np.mean(plain)),
    }


def _changed(nights: int, change: float) -> dict[str, float]:
    """Ten of the claims regressed."""
    source = np.random.default_rng(2)
    found, red, false = [], [], []
    for _ in range(nights):
        drawn = draw(source, RUNS + 1)
        tonight = drawn[-1] * np.where(np.arange(CLAIMS) < 10, change, 1)
        outcomes = [verdict.outcome for verdict in judge_night(drawn[:-1], tonight, LIMIT)]
        found.append(outcomes[:10].count("failed") / 10)
        red.append(1 - outcomes[:10].count("passed") / 10)
        false.append(outcomes[10:].count("failed") / max(1, outcomes.count("failed")))
    said = f"ten slower by {100 * change - 100:.0f} %: "
    return {
        f"{said}failed, %": 100 * float(np.mean(found)),
        f"{said}failed or inconclusive, %": 100 * float(np.mean(red)),
        f"{said}false among the failed, %": 100 * float(np.mean(false)),
    }


def _failures(verdicts: list[Verdict]) -> int:
    return [verdict.outcome for verdict in verdicts].count("failed")


def _share(counts: list[int]) -> float:
    return 100 * float(np.mean(np.array(counts) > 0))


def population(text: str) -> Population:
    """Requests of which nothing is missing, and no worst one is asked for."""
    return Population(
        noun="request",
        text=text,
        values=np.zeros(1000),
        scope=1000,
        seconds=1.0,
        missing=Missing(),
        worst=lambda _count, _largest: [],
        traces_beyond=lambda _limit, _over: 0,
        why_empty=lambda: "",
    )
