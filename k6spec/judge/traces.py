"""Traces, and what is claimed of them: calls, repeated calls, and how many spans of a kind each has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, final

from k6spec.judge.bench import Bench
from k6spec.judge.having import Having, quantity
from k6spec.judge.operations import Operations
from k6spec.judge.reading import reading
from k6spec.judge.selection import Selection
from k6spec.judge.series import Series, count
from k6spec.judge.stat import Stat
from k6spec.judge.verdict import Unit
from k6spec.query.measured import TraceMeasure, read_measured_traces
from k6spec.query.measures import CONCURRENCY, CRITICAL_SHARE, CRITICAL_TIME, DEPTH, ENTRY_GAP, FAN_OUT
from k6spec.query.population import Population
from k6spec.query.request_selector import RequestSelector, rooted
from k6spec.query.selector import Selector
from k6spec.query.span_language import SpanLanguage, Text
from k6spec.query.span_selector import span
from k6spec.query.spans import db_conditions
from k6spec.query.traces import read_calls
from k6spec.units import Duration, Ratio


@final
class Traces(Selection):
    """Traces that the load's requests began."""

    _root: str | None = None
    """The one operation that they all began with, if that is all that is asked of them."""

    @property
    def count(self) -> Stat[float]:
        """How many traces are complete."""
        return count(self._bench, lambda: self._read_calls(self._selector, repeated=False))

    @property
    def operations(self) -> Operations:
        """What they are made of, to compare with earlier runs: ``traces.operations <= baseline()``."""
        return Operations(self._bench, self._selector, self._root)

    @property
    def critical_operations(self) -> Operations:
        """Those of :attr:`operations` that the end of the request waited for, see ``run.spans.critical_path``."""
        return Operations(self._bench, self._selector, self._root, critical=True)

    def having(
        self,
        spans: SpanLanguage | str,
        *,
        exactly: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
    ) -> Having:
        """Traces with so many of these spans; without a number at least one. Chain it to ask for more.

        ``run.traces(root="POST /checkout").having(span("charge"), exactly=1).rate >= percent(99.9)``

        Args:
            spans: a selector, or the name of a span.
        """
        wanted = quantity(spans, exactly=exactly, at_least=at_least, at_most=at_most)
        return Having(self._bench, self._selector, (wanted,))

    def calls(
        self,
        name: Text | SpanLanguage | None = None,
        *,
        service: Text | None = None,
        kind: Text | None = None,
        db: bool = False,
    ) -> Series[float]:
        """Spans a trace; ``db=True``: database queries (spans with a statement or an operation)."""
        return self._calls("", False, self._chosen(name, service, kind, db))

    def repeated(
        self,
        name: Text | SpanLanguage | None = None,
        *,
        service: Text | None = None,
        kind: Text | None = None,
        db: bool = False,
    ) -> Series[float]:
        """The most frequent identical call of each trace: same service, same statement (else same name)."""
        return self._calls("repeated", True, self._chosen(name, service, kind, db))

    def critical_path(
        self,
        name: Text | SpanLanguage | None = None,
        *,
        service: Text | None = None,
        kind: Text | None = None,
        db: bool = False,
    ) -> Series[Duration]:
        """How long the end of each trace's request waited for these spans, and for what they called.

        What ran side by side counts once, and so does one of them below another. See ``run.spans.critical_path``.
        """
        return self._measured(CRITICAL_TIME, "critical path in", "ns", self._chosen(name, service, kind, db))

    def critical_share(
        self,
        name: Text | SpanLanguage | None = None,
        *,
        service: Text | None = None,
        kind: Text | None = None,
        db: bool = False,
    ) -> Series[Ratio]:
        """:meth:`critical_path` as a share of the time that the trace's requests took at the client."""
        return self._measured(
            CRITICAL_SHARE, "share of the critical path in", "fraction", self._chosen(name, service, kind, db)
        )

    @property
    def depth(self) -> Series[float]:
        """The most spans of the system that stand above one another, from the entry span down."""
        return self._measured(DEPTH, "depth", "count", self._selector)

    @property
    def gap(self) -> Series[Duration]:
        """By how much k6's requests of each trace lasted longer than the entry spans below: network and queueing.

        Lengths only are compared. As k6's client span has it, connecting and TLS handshaking count too.
        """
        return self._measured(ENTRY_GAP, "gap to the entry", "ns", self._selector)

    def fan_out(
        self,
        name: Text | SpanLanguage | None = None,
        *,
        service: Text | None = None,
        kind: Text | None = None,
        db: bool = False,
    ) -> Series[float]:
        """The most children that one of these spans has; of all spans, if none are named."""
        return self._measured(FAN_OUT, "fan-out of", "count", self._chosen(name, service, kind, db))

    def concurrency(
        self,
        name: Text | SpanLanguage | None = None,
        *,
        service: Text | None = None,
        kind: Text | None = None,
        db: bool = False,
    ) -> Series[float]:
        """The most of these spans that ran at once within a trace.

        Spans are placed within their parents as for the critical path: clocks of two hosts are not compared.
        """
        return self._measured(CONCURRENCY, "concurrency of", "count", self._chosen(name, service, kind, db))

    def _chosen(
        self, name: Text | SpanLanguage | None, service: Text | None, kind: Text | None, db: bool
    ) -> tuple[Selector, str]:
        """The selector with these spans' conditions, and the words for them."""
        chosen = span(name, service=service, kind=kind)
        conditions = (*chosen.conditions, *db_conditions(queries=True)) if db else chosen.conditions
        words = (chosen.described.removesuffix("spans").strip(), "db" if db else "")
        return replace(self._selector, conditions=conditions), " ".join(word for word in words if word)

    def _calls(self, label: str, repeated: bool, chosen: tuple[Selector, str]) -> Series[float]:
        selector, words = chosen
        read = lambda: self._read_calls(selector, repeated=repeated)  # noqa: E731
        said = " ".join(word for word in (label, words, "calls a trace") if word)
        return Series(self._bench, read, label=said, unit="count")

    def _read_calls(self, selector: Selector, *, repeated: bool) -> Population:
        return reading(lambda part: read_calls(self._bench.database, part, repeated=repeated), selector)

    def _measured(
        self, measure: TraceMeasure, label: str, unit: Unit, chosen: tuple[Selector, str] | Selector
    ) -> Series[Any]:
        selector, words = (
            (chosen, "") if isinstance(chosen, Selector) else (chosen[0], f"{chosen[1]} spans".strip())
        )

        def read(part: Selector) -> Population:
            return read_measured_traces(self._bench.database, part, measure)

        return Series(
            self._bench, lambda: reading(read, selector), label=f"{label} {words.strip()}".strip(), unit=unit
        )


def select_traces(bench: Bench, root: Text | RequestSelector | None) -> Traces:
    """Traces by the request that began them."""
    early = bench.rehearsal is not None
    if root is None:
        return Traces(bench, Selector(text="traces", at_any_time=early))
    condition, words = rooted(root)
    traces = Traces(bench, Selector(root=(condition,), text=f"traces of {words}", at_any_time=early))
    traces._root = root if isinstance(root, str) else None
    return traces
