"""How surely a change in a series of nights is found, and how often nothing is called a change.

Series are drawn with noise between nights (normally distributed logarithms, Student's t with 3 degrees of freedom,
or normal ones with one night ten deviations off). A regression of 10 % begins at some night of thirty; nine other
series stay as they are, as false discoveries are controlled over all of them.
"""

from __future__ import annotations

import os

import numpy as np

from k6spec.history.changes import find_changes
from k6spec.query.population import Floats

_NIGHTS = 30


def measure() -> dict[str, float]:
    """Per cent of so many drawn histories."""
    histories = int(os.environ.get("HISTORIES", "500"))
    figures: dict[str, float] = {}
    for noise in (0.01, 0.02, 0.03, 0.05):
        for after in (10, 5, 3):
            exact, near = _found(histories, noise, after)
            said = f"noise {100 * noise:g} %, {after} nights after"
            figures[f"{said}: at the night, %"] = exact
            figures[f"{said}: within a night, %"] = near
    for kind in ("normal", "t3", "one night off"):
        figures[f"unchanged, {kind}: any alarm in 30 nights, 20 series, %"] = _alarms(histories // 2, kind)
    return figures


def _found(histories: int, noise: float, after: int) -> tuple[float, float]:
    begin = _NIGHTS - after
    distances = []
    for seed in range(histories):
        source = np.random.default_rng(seed)
        series = {str(number): _drawn(source, noise, "normal") for number in range(10)}
        series["0"][begin:] *= 1.1
        changes = find_changes(series).get("0", [])
        distances.append(min((abs(change.at - begin) for change in changes), default=_NIGHTS))
    found = np.array(distances)
    return 100 * float(np.mean(found == 0)), 100 * float(np.mean(found <= 1))


def _alarms(histories: int, kind: str) -> float:
    """Every night all series so far are looked at, as a nightly job would."""
    alarms = 0
    for seed in range(histories):
        source = np.random.default_rng(10_000 + seed)
        series = {str(number): _drawn(source, 0.03, kind) for number in range(20)}
        alarms += any(
            find_changes({name: values[:night] for name, values in series.items()})
            for night in range(8, _NIGHTS + 1)
        )
    return 100 * alarms / histories


def _drawn(source: np.random.Generator, noise: float, kind: str) -> Floats:
    deviations = source.normal(size=_NIGHTS) if kind != "t3" else source.standard_t(3, size=_NIGHTS) / np.sqrt(3)
    if kind == "one night off":
        deviations[source.integers(_NIGHTS)] += 10
    series: Floats = 100 * np.exp(noise * deviations)
    return series
