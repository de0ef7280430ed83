"""Intervals of ``.sure(0.95)`` against known truth: how often the truth lies outside, by kind of samples.

``given`` is the share of runs for which there is an interval at all (the others are inconclusive); ``holds`` the
share of those that contain the truth; ``misses`` the share of all runs with an interval that does not.
"""

from __future__ import annotations

import os

from tests.support.queues import MODELS, Coverage, coverage

_REPLICATIONS = int(os.environ.get("REPLICATIONS", "2000"))


def measure() -> dict[str, float]:
    """Per cent, for every model, length and statistic."""
    figures = {}
    for model, length in MODELS:
        for statistic, found in coverage(model, length, _REPLICATIONS, seed=20261122).items():
            figures |= _figures(f"{model} {length:,} {statistic}", found)
    return figures


def _figures(name: str, found: Coverage) -> dict[str, float]:
    return {f"{name}: {kind}": getattr(found, kind) * 100 for kind in ("given", "holds", "misses")}
