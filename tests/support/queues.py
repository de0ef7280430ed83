"""Samples whose truth is known (independent, AR(1), an M/M/1 queue), and how often intervals contain it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from k6spec.judge.intervals import TooFew, interval
from k6spec.query.population import Missing, Population
from k6spec.query.reducers import Mean, Percentile, Reducer, ShareOver

Floats = NDArray[np.float64]

MODELS = [
    ("independent", 300),
    ("independent", 5_000),
    ("AR(1) 0.5", 2_000),
    ("AR(1) 0.9", 5_000),
    ("AR(1) 0.9", 20_000),
    ("M/M/1 0.5", 5_000),
    ("M/M/1 0.8", 10_000),
    ("M/M/1 0.8", 30_000),
    ("M/M/1 0.8", 100_000),
]
"""Kinds of samples and how many: independent exponential times, log-normal times with an autoregressive exponent,
times in a queue at that load."""


@dataclass
class Coverage:
    """Counts over many runs, and their shares."""

    runs: int = 0
    with_interval: int = 0
    held: int = 0

    @property
    def given(self) -> float:
        """Runs with an interval, of all."""
        return self.with_interval / self.runs

    @property
    def holds(self) -> float:
        """Intervals that contain the truth, of all intervals."""
        return self.held / max(1, self.with_interval)

    @property
    def misses(self) -> float:
        """Runs with an interval that does not contain the truth, of all runs."""
        return (self.with_interval - self.held) / self.runs


def coverage(model: str, length: int, runs: int, *, seed: int, level: float = 0.95) -> dict[str, Coverage]:
    """How often the intervals of p50, p95, p99, the mean and a share of 7 % contain the truth."""
    rng = np.random.default_rng(seed)
    quantile = _quantile(model)
    limit = quantile(0.93)
    statistics: list[tuple[str, Reducer, float]] = [
        *((f"p{q}", Percentile(q), quantile(q / 100)) for q in (50, 95, 99)),
        ("mean", Mean(), _mean(model)),
        ("share", ShareOver(limit), 0.07),
    ]
    found = {name: Coverage() for name, _reducer, _truth in statistics}
    for _ in range(runs):
        samples = draw(model, length, rng)
        population = population_of(samples)
        for name, reducer, truth in statistics:
            counted = found[name]
            counted.runs += 1
            result = interval(reducer, population, level)
            if not isinstance(result, TooFew):
                lowest, highest = result.ends(lambda end, samples=samples: (end(samples), end(samples)))
                counted.with_interval += 1
                counted.held += lowest <= truth <= highest
    return found


def draw(model: str, length: int, rng: np.random.Generator) -> Floats:
    """That many samples, in the order of time."""
    if model == "independent":
        return rng.exponential(1, length)
    kind, parameter = model.split()
    if kind == "AR(1)":
        return np.exp(0.5 * _autoregressive(float(parameter), length, rng))
    return _times_in_queue(float(parameter), length, rng)


def population_of(samples: Floats) -> Population:
    """Requests of which nothing is missing, one every millisecond."""
    return Population(
        noun="request",
        text="requests",
        values=samples,
        starts=np.arange(len(samples)) * 1e6,
        scope=len(samples),
        seconds=len(samples) / 1e3,
        missing=Missing(),
        worst=lambda _count, _largest: [],
        traces_beyond=lambda _limit, _over: 0,
        why_empty=lambda: "",
    )


def _autoregressive(memory: float, length: int, rng: np.random.Generator) -> Floats:
    """x[i] = memory · x[i - 1] + noise, standard normal from the first on: in blocks, to stay in numpy."""
    noise = rng.standard_normal(length) * sqrt(1 - memory**2)
    block = 64
    powers = memory ** np.arange(block)
    kernel = np.tril(memory ** np.clip(np.subtract.outer(np.arange(block), np.arange(block)), 0, None))
    padded = np.concatenate([noise, np.zeros(-length % block)]).reshape(-1, block) @ kernel.T
    carried = rng.standard_normal()
    for row in padded:
        row += carried * memory * powers
        carried = row[-1]
    return padded.reshape(-1)[:length]


def _times_in_queue(load: float, length: int, rng: np.random.Generator) -> Floats:
    """Waiting plus service (mean 1), by Lindley's recursion, begun in the steady state."""
    service, between = rng.exponential(1, length), rng.exponential(1 / load, length)
    waited = rng.exponential(1 / (1 - load)) if rng.random() < load else 0.0
    walk = np.concatenate([[0.0], np.cumsum(service[:-1] - between[1:])])
    return np.maximum(waited + walk, walk - np.minimum.accumulate(walk)) + service


def _quantile(model: str) -> Callable[[float], float]:
    if model == "independent":
        return lambda q: -log(1 - q)
    kind, parameter = model.split()
    if kind == "AR(1)":
        return lambda q: exp(0.5 * NormalDist().inv_cdf(q))
    return lambda q: -log(1 - q) / (1 - float(parameter))


def _mean(model: str) -> float:
    if model == "independent":
        return 1.0
    kind, parameter = model.split()
    return exp(0.125) if kind == "AR(1)" else 1 / (1 - float(parameter))
