"""What all selections have: narrowing to a part of the load, and statistics of how long things took."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from k6spec.judge.bench import Bench
from k6spec.judge.equality import NoNumber
from k6spec.judge.groups import Groups
from k6spec.judge.series import Series, Share, apdex, count, over, per_second
from k6spec.judge.stat import Stat
from k6spec.judge.windowed import Windowed
from k6spec.query.grouping import values_of
from k6spec.query.matching import exactly
from k6spec.query.population import Population
from k6spec.query.selector import Selector
from k6spec.query.window import Window
from k6spec.units import Duration


class Selection(Windowed):
    """What selections of requests, spans and traces have."""

    def __init__(self, bench: Bench, selector: Selector) -> None:
        self._bench = bench.about(selector.window)
        self._selector = selector

    def in_flight(self, *, at_least: int | None = None, at_most: int | None = None) -> Self:
        """Only requests that began while so many were in flight, themselves included; spans follow their request.

        This is observed, not planned: where the system stalls it rises, so a claim that leaves high numbers out
        leaves stalls out. The message says so. Zero-length requests are in flight at their own moment only.
        """
        return self._in(self._window.in_flight(at_least=at_least, at_most=at_most))

    @property
    def _window(self) -> Window:
        return self._selector.window

    def _in(self, window: Window) -> Self:
        return self._with(replace(self._selector, window=window))

    def _with(self, selector: Selector) -> Self:
        return type(self)(self._bench, selector)


class Timed(NoNumber, Selection):
    """What selections of things with a duration have."""

    _numbers = ".duration.p95, .count or .rate"
    _table: str

    @property
    def duration(self) -> Series[Duration]:
        """How long each lasted: of a request k6's ``http_req_duration`` (sending + waiting + receiving)."""
        return Series(self._bench, lambda: self._population, label="duration", unit="ns")

    @property
    def count(self) -> Stat[float]:
        """How many."""
        return count(self._bench, lambda: self._population)

    @property
    def rate(self) -> Stat[float]:
        """How many a second."""
        return per_second(self._bench, lambda: self._population)

    def over(self, limit: Duration) -> Share:
        """Those whose ``duration`` is over the limit."""
        return over(self._bench, lambda: self._population, limit)

    def apdex(self, satisfied: Duration, tolerated: Duration | None = None) -> Stat[float]:
        """The Apdex score from 0 to 1 of ``duration``: satisfied + half of the tolerated, as a share of all.

        Args:
            satisfied: up to this long one satisfies.
            tolerated: up to this long it is tolerated; four times ``satisfied`` if not given, as Apdex has it.

        A failed request frustrates, however fast it was.
        """
        return apdex(self._bench, lambda: self._endured, satisfied, tolerated)

    def by(self, key: str) -> Groups[Self]:
        """One selection for each value of a column, an attribute or a tag; what has none is a group too.

        Args:
            key: of spans ``service``, ``name``, ``kind``, ``category``, ``http_route`` and the other columns
                of the span table, else an attribute such as ``http.route``; of requests ``name``, ``method``,
                ``status``, ``scenario``, ``group``, ``stage``, else a tag of the script's own.
        """

        def split() -> dict[str | None, Self]:
            if self._selector.unseen:
                return {None: self}
            most = self._bench.tolerated.groups
            column, found = values_of(self._bench.database, self._table, self._selector, key, most=most)
            return {
                value: self._with(
                    replace(
                        self._selector,
                        conditions=(*self._selector.conditions, exactly(column, value, what=key)),
                        text=f"{self._selector.text}, {key} {value!r}"
                        if value is not None
                        else f"{self._selector.text} without {key}",
                    )
                )
                for value in found
            }

        return Groups(split, lambda: self._unseen(key), self)

    def _unseen(self, _key: str) -> Self | None:
        """Whatever may be of groups that were not seen, if anything may; k6 knows all requests."""
        return None

    @property
    def _endured(self) -> Population:
        return self._population

    @property
    def _population(self) -> Population:
        raise NotImplementedError
