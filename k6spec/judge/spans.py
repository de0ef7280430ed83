"""Spans of the system under test, narrowed step by step, and what is claimed of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Self, final

from k6spec.errors import Inconclusive, UsageError
from k6spec.judge.reading import reading
from k6spec.judge.selection import Timed
from k6spec.judge.series import Series
from k6spec.query.forest import Forest, Ints
from k6spec.query.logic import Conditions
from k6spec.query.matching import Match
from k6spec.query.measured import read_measured_spans
from k6spec.query.measures import client_gap
from k6spec.query.population import Population
from k6spec.query.request_selector import RequestSelector, rooted
from k6spec.query.scope import missing_traces
from k6spec.query.selector import Selector
from k6spec.query.span_language import SpanLanguage, Text
from k6spec.query.span_selector import phrase
from k6spec.query.spans import Measure, read_spans
from k6spec.units import Duration, Ratio


@final
class Spans(Timed, SpanLanguage):
    """Spans of the system under test that belong to the load's requests.

    Call it to narrow: ``run.spans("GET /orders", service="orders", attributes={"http.route": "/orders"})``, or
    with a selector: ``run.spans(span.db() & ~span(service="stock"))``.
    """

    _table = "spans"

    def __call__(
        self,
        name: Text | SpanLanguage | None = None,
        *,
        service: Text | None = None,
        kind: Text | None = None,
        status: Text | None = None,
        scope: Text | None = None,
        attributes: Mapping[str, Match] | None = None,
        resource: Mapping[str, Match] | None = None,
        longer_than: Duration | None = None,
        shorter_than: Duration | None = None,
        root: Text | RequestSelector | None = None,
    ) -> Spans:
        """Narrowed by what is given; ``*``, ``?`` and ``[`` in a text make it a glob.

        A text may also be ``re.compile(...)`` (found anywhere in it; RE2's syntax) or several texts in a tuple.

        Args:
            name: the span's name, or a selector.
            service: its resource's ``service.name``.
            kind: internal, server, client, producer or consumer.
            status: unset, ok or error.
            scope: the name of the instrumentation scope.
            attributes: span attributes, compared as text, numbers by value.
            resource: resource attributes, likewise.
            longer_than: how long it lasted at least; that none did is a finding.
            shorter_than: how long it lasted at most.
            root: the request that began the trace, as in ``run.http(name)``, or a selector of requests.
        """
        narrowed = self._where(name, service, kind, status, scope, attributes, resource, longer_than, shorter_than)
        return narrowed if root is None else narrowed._rooted(root)

    @property
    def self_time(self) -> Series[Duration]:
        """How long each lasted while none of its children did.

        Overlapping children count once, and only where they lie within the span; of a child on another host only
        the length is taken. Members of incomplete traces are missing.
        """
        return self._series("self", "self time")

    @property
    def share_of_trace(self) -> Series[Ratio]:
        """How long each lasted, as a share of the time that its trace's requests took at the client.

        Over 1 where a span outlived its request.
        """
        read = lambda: self._read("share")  # noqa: E731
        return Series(self._bench, read, label="share of the trace", unit="fraction")

    @property
    def critical_path(self) -> Series[Duration]:
        """How long the end of the request waited for each, and for what it called.

        From the end of a request back to its start, the child that ended last was waited for (as in Jaeger's view
        of the critical path): children side by side are not counted twice, and 0 is what nobody waited for.
        Children are taken only as far as they lie within their parents; of one on another host only the length is
        taken. Members of incomplete traces are missing.
        """
        return self._series("critical", "time on the critical path")

    @property
    def critical_self_time(self) -> Series[Duration]:
        """Of :attr:`critical_path` each span's own part, outside what it called; in a trace they add up to its
        request's time.
        """
        return self._series("critical_self", "own time on the critical path")

    @property
    def gap(self) -> Series[Duration]:
        """By how much each that a server answers lasted longer than that server's span: network and queueing.

        Lengths only are compared, for two clocks say nothing of one another; where several answered, the longest
        counts. Spans below which there is no server span have no gap. Members of incomplete traces are missing.
        """
        why = (
            "none of these spans has a server span below it: what they call is not instrumented, or does not take "
            "its caller's context"
        )
        return self._measured(client_gap, "gap to the server", why)

    @property
    def conditions(self) -> Conditions:
        """What is asked of a span.

        Raises:
            UsageError: it is narrowed to a part of the load too, which a relation between spans can't be.
            Inconclusive: it is of a group that was not seen.
        """
        if self._selector.unseen:
            raise Inconclusive(
                f"{self._selector.named('spans')}: it cannot be said what is related to spans that were not seen; "
                "claim it of the groups that were, as in: for value, group in spans.by(...).items()"
            )
        if self._selector.root or self._selector.window.conditions:
            raise UsageError(
                f"{self._selector.named('spans')}: a selection with root=, during(), between() or after_warmup() "
                "can't be related to another; narrow the load last, and give a selector such as span.db()"
            )
        return self._selector.conditions

    @property
    def described(self) -> str:
        """It in words."""
        return self._selector.text

    @property
    def _population(self) -> Population:
        return self._bench.database.once(self, lambda: self._read("duration"))

    def _unseen(self, key: str) -> Self | None:
        lost = self._bench.spans_dropped or missing_traces(self._bench.database, self._selector).traces
        if not lost or self._selector.unseen or self._bench.rehearsal is not None:
            return None
        text = f"{self._selector.text or 'spans'}, any {key} that was not seen"
        return self._with(replace(self._selector, unseen=True, text=text))

    def _read(self, measure: Measure) -> Population:
        return reading(lambda selector: read_spans(self._bench.database, selector, measure), self._selector)

    def _series(self, measure: Measure, label: str) -> Series[Duration]:
        return Series(self._bench, lambda: self._read(measure), label=label, unit="ns")

    def _measured(self, measure: Callable[[Forest], Ints], label: str, unless: str = "") -> Series[Duration]:
        def read(selector: Selector) -> Population:
            return read_measured_spans(self._bench.database, selector, measure, unless)

        return Series(self._bench, lambda: reading(read, self._selector), label=label, unit="ns")

    def _choose(self, conditions: Conditions, words: str, tail: str = "") -> Self:
        selector = replace(
            self._selector,
            conditions=(*self._selector.conditions, *conditions),
            text=phrase(self._selector.text, words, tail),
        )
        return self._with(selector)

    def _rooted(self, root: Text | RequestSelector) -> Spans:
        condition, words = rooted(root)
        selector = replace(self._selector, root=(*self._selector.root, condition))
        return self._with(replace(selector, text=f"{selector.text} of {words}"))
