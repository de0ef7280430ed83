"""HTTP requests, and what is claimed of them."""

from __future__ import annotations

from dataclasses import replace
from typing import final

import numpy as np

from k6spec.judge.bench import Bench
from k6spec.judge.breaking import BreakingRate
from k6spec.judge.reading import reading
from k6spec.judge.selection import Timed
from k6spec.judge.series import Series, Share
from k6spec.query.population import Population
from k6spec.query.request_selector import RequestSelector
from k6spec.query.requests import read_failures, read_requests
from k6spec.query.selector import Selector
from k6spec.units import Duration, Ratio


@final
class Requests(Timed):
    """HTTP requests that k6 made in scenarios (setup and teardown left out)."""

    _table = "requests"

    @property
    def total(self) -> Series[Duration]:
        """``duration`` + blocked (which takes in connecting and TLS handshaking): all that the user waited."""
        return self._timing("total")

    @property
    def waiting(self) -> Series[Duration]:
        """k6's ``http_req_waiting``: the time to the first byte."""
        return self._timing("waiting")

    @property
    def blocked(self) -> Series[Duration]:
        """k6's ``http_req_blocked``: until a connection was there, with connecting and TLS handshaking."""
        return self._timing("blocked")

    @property
    def failed(self) -> Share:
        """k6's ``http_req_failed``."""
        return Share(self._bench, lambda: self._failures, limit=0.5, label="failed share")

    def breaking_rate(
        self, *, failed: Ratio | None = None, p95: Duration | None = None, p99: Duration | None = None
    ) -> BreakingRate:
        """The planned rate, in iterations per second, up to which these limits held: see ``presets.breakpoint``.

        Looked at in some fifty windows along the load, each of a second and of a hundred requests at least: the
        first that breaks a limit is where it broke. What was never asked is inconclusive, and so is a rate that k6
        could not make.

        ::

            assert run.http().breaking_rate() >= 400

        Args:
            failed: the largest share of failed requests in a window.
            p95: the longest 95th percentile of durations in a window.
            p99: the longest 99th percentile.

        Without limits here those of the load's ``stop_when`` hold.

        Raises:
            UsageError: there are no limits, or the requests are of several scenarios.
        """
        return BreakingRate(self._bench, self._selector, failed, p95, p99)

    @property
    def _population(self) -> Population:
        database = self._bench.database
        return database.once(
            (self, "all"), lambda: reading(lambda selector: read_requests(database, selector), self._selector)
        )

    @property
    def _endured(self) -> Population:
        population = self._population
        assert population.succeeded is not None
        endured = np.where(population.succeeded, population.values, np.inf)
        return replace(population, values=endured, succeeded=None)

    @property
    def _failures(self) -> Population:
        database = self._bench.database
        return database.once(
            (self, "failed"), lambda: reading(lambda selector: read_failures(database, selector), self._selector)
        )

    def _timing(self, name: str) -> Series[Duration]:
        def read(selector: Selector) -> Population:
            return read_requests(self._bench.database, selector, name)

        return Series(self._bench, lambda: reading(read, self._selector), label=name, unit="ns")


def select_requests(bench: Bench, chosen: RequestSelector) -> Requests:
    """The requests that a selector means."""
    return Requests(
        bench,
        Selector(conditions=chosen.conditions, text=chosen.described, at_any_time=bench.rehearsal is not None),
    )
