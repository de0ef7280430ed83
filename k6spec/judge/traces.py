"""Traces, and what is claimed of them: calls, repeated calls, and how many spans of a kind each has."""

from __future__ import annotations

from dataclasses import replace
from typing import final

from k6spec.judge.bench import Bench
from k6spec.judge.having import Having, quantity
from k6spec.judge.selection import Selection
from k6spec.judge.series import Series, count
from k6spec.judge.stat import Stat
from k6spec.query.request_selector import RequestSelector, rooted
from k6spec.query.selector import Selector
from k6spec.query.span_language import SpanLanguage, Text
from k6spec.query.span_selector import span
from k6spec.query.spans import db_conditions
from k6spec.query.traces import read_calls


@final
class Traces(Selection):
    """Traces that the load's requests began."""

    @property
    def count(self) -> Stat[float]:
        """How many traces are complete."""
        return count(self._bench, lambda: read_calls(self._bench.database, self._selector, repeated=False))

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
        return self._per_trace("calls", False, name, service, kind, db)

    def repeated(
        self,
        name: Text | SpanLanguage | None = None,
        *,
        service: Text | None = None,
        kind: Text | None = None,
        db: bool = False,
    ) -> Series[float]:
        """The most frequent identical call of each trace: same service, same statement (else same name)."""
        return self._per_trace("repeated calls", True, name, service, kind, db)

    def _per_trace(
        self,
        label: str,
        repeated: bool,
        name: Text | SpanLanguage | None,
        service: Text | None,
        kind: Text | None,
        db: bool,
    ) -> Series[float]:
        chosen = span(name, service=service, kind=kind)
        conditions = (*chosen.conditions, *db_conditions(queries=True)) if db else chosen.conditions
        words = [chosen.described.removesuffix("spans").strip(), "db" if db else ""]
        selector = replace(self._selector, conditions=conditions)
        read = lambda: read_calls(self._bench.database, selector, repeated=repeated)  # noqa: E731
        said = " ".join(word for word in (*words, label, "a trace") if word)
        return Series(self._bench, read, label=said, unit="count")


def select_traces(bench: Bench, root: Text | RequestSelector | None) -> Traces:
    """Traces by the request that began them."""
    if root is None:
        return Traces(bench, Selector(text="traces"))
    condition, words = rooted(root)
    return Traces(bench, Selector(root=(condition,), text=f"traces of {words}"))
