"""Any metric of k6 that is not of a request: custom ones, checks, iterations, data sent …"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, final

from k6spec.errors import Inconclusive, UsageError
from k6spec.judge.bench import Bench
from k6spec.judge.reading import reading
from k6spec.judge.series import Statistics
from k6spec.judge.stat import Stat
from k6spec.judge.verdict import Unit
from k6spec.judge.windowed import Windowed
from k6spec.query.logic import Conditions
from k6spec.query.matching import Match, matching, words_of
from k6spec.query.metrics import MetricKind, kind_of, read_samples, why_no_metric
from k6spec.query.population import Population
from k6spec.query.reducers import Count, Growth, Last, Reducer, ShareOver, Sum
from k6spec.query.selector import Selector
from k6spec.query.span_language import Text
from k6spec.query.window import Window


@final
class Metric(Statistics[Any], Windowed):
    """Samples of one metric. Trends that hold times are compared with durations, others with plain numbers."""

    def __init__(
        self, bench: Bench, name: str, conditions: Conditions, text: str, window: Window | None = None
    ) -> None:
        # Spans that were dropped can't change what k6 measured.
        self._bench = replace(bench.about(window or Window()), spans_dropped=0)
        self._name = name
        self._conditions = conditions
        self._text = text
        self._part = window or Window()

    @property
    def count(self) -> Stat[float]:
        """Of a counter its total; of any other metric the number of samples."""
        reducer: Reducer = Sum("count") if self._kind.type == "counter" else Count()
        return self._of(reducer, "count", "count")

    @property
    def rate(self) -> Stat[Any]:
        """Of a rate the share of samples that are not zero (compare it with ``percent``); of a counter its growth
        a second, over the time of the requests in the claim's part of the load.

        Raises:
            UsageError: it is a trend or a gauge.
            Inconclusive: of a counter, where no time passed.
        """
        if self._kind.type == "rate":
            return self._of(ShareOver(0.0), "rate", "fraction")
        if self._kind.type == "counter":
            return Stat(
                self._bench,
                lambda: self._population,
                _growth,
                label="rate",
                unit="per second",
            )
        raise UsageError(f"{self._name} is a {self._kind.type}: it has no rate; use .p95, .mean, .max or .count")

    @property
    def last(self) -> Stat[Any]:
        """Its latest sample: the value of a gauge."""
        return self._stat(Last())

    def _stat(self, reducer: Reducer) -> Stat[Any]:
        return self._of(reducer, reducer.name, "ns" if self._kind.contains == "time" else "count")

    def _of(self, reducer: Reducer, label: str, unit: Unit) -> Stat[Any]:
        return Stat(self._bench, lambda: self._population, lambda _found: reducer, label=label, unit=unit)

    @property
    def _window(self) -> Window:
        return self._part

    def _in(self, window: Window) -> Metric:
        return Metric(self._bench, self._name, self._conditions, self._text, window)

    @cached_property
    def _kind(self) -> MetricKind:
        found = kind_of(self._bench.database, self._name)
        if found is None:
            raise Inconclusive(why_no_metric(self._bench.database, self._name))
        return found

    @property
    def _population(self) -> Population:
        def read(selector: Selector) -> Population:
            return read_samples(self._bench.database, self._name, self._kind, selector)

        chosen = Selector(conditions=self._conditions, window=self._part, text=self._text)
        return self._bench.database.once(self, lambda: reading(read, chosen))


def _growth(found: Population) -> Growth:
    if len(found.values) and not found.seconds:
        raise Inconclusive(f"{found.text}: no time passed in this part of the load, so nothing has a rate")
    return Growth(found.seconds)


def select_metric(
    bench: Bench,
    name: str,
    *,
    scenario: Text | None = None,
    group: Text | None = None,
    check: Text | None = None,
    tags: Mapping[str, Match] | None = None,
) -> Metric:
    """Samples of the metric, by what is given."""
    found = []
    words = [name]
    for column, what, value in (
        ("scenario", "scenario", scenario),
        ('"group"', "group", group),
        ('"check"', "check", check),
    ):
        if value is not None:
            found.append(matching(column, value, what=what))
            words.append(words_of(value))
    for key, wanted in (tags or {}).items():
        column = "tags['" + key.replace("'", "''") + "']"
        found.append(matching(column, wanted, what=key, keys="tags"))
        words.append(f"{key}={words_of(wanted)}")
    return Metric(bench, name, tuple(found), " ".join(words))
