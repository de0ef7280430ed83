"""What specs select: requests, spans and traces, narrowed step by step. Every step gives a new selection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TypeVar, final

from k6spec.errors import UsageError
from k6spec.judge.bench import Bench
from k6spec.judge.series import Series, Share, count, over, per_second
from k6spec.judge.stat import Stat
from k6spec.query.population import Population
from k6spec.query.requests import read_failures, read_requests
from k6spec.query.selector import Selector
from k6spec.query.selectors import Condition, attribute, either, equals
from k6spec.query.spans import db_conditions, read_spans
from k6spec.query.traces import read_calls
from k6spec.query.window import Level
from k6spec.units import Duration

S = TypeVar("S", bound="Selection")


class Selection:
    """What all selections have: narrowing to a part of the load."""

    def __init__(self, bench: Bench, selector: Selector) -> None:
        self._bench = bench
        self._selector = selector

    def during(
        self: S,
        *,
        vus: Level | None = None,
        rate: Level | None = None,
        at_least: float | None = None,
        at_most: float | None = None,
        stage: str | None = None,
    ) -> S:
        """Only requests that began while the profile planned this; spans follow their request.

        Args:
            vus: planned VUs, a number or (from, to).
            rate: planned iterations per second, a number or (from, to).
            at_least: the lowest planned level.
            at_most: the highest planned level.
            stage: the name of a stage.
        """
        window = self._selector.window.during(vus=vus, rate=rate, at_least=at_least, at_most=at_most, stage=stage)
        return self._with(replace(self._selector, window=window))

    def between(self: S, start: str | Duration, end: str | Duration) -> S:
        """Only requests that began from ``start`` to before ``end`` of their scenario's time."""
        return self._with(replace(self._selector, window=self._selector.window.between(start, end)))

    def after_warmup(self: S) -> S:
        """Only what follows the declared warm-up."""
        return self._with(replace(self._selector, window=self._selector.window.after_warmup()))

    def _with(self: S, selector: Selector) -> S:
        return type(self)(self._bench, selector)

    def _narrowed(self: S, conditions: list[Condition], text: str) -> S:
        selector = replace(self._selector, conditions=(*self._selector.conditions, *conditions), text=text)
        return self._with(selector)


class Timed(Selection):
    """What selections of things with a duration have."""

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

    @property
    def _population(self) -> Population:
        raise NotImplementedError


@final
class Requests(Timed):
    """HTTP requests that k6 made in scenarios (setup and teardown left out)."""

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

    @cached_property
    def _population(self) -> Population:
        return read_requests(self._bench.database, self._selector)

    @cached_property
    def _failures(self) -> Population:
        return read_failures(self._bench.database, self._selector)

    def _timing(self, name: str) -> Series[Duration]:
        read = lambda: read_requests(self._bench.database, self._selector, name)  # noqa: E731
        return Series(self._bench, read, label=name, unit="ns")


@final
class Spans(Timed):
    """Spans of the system under test that belong to the load's requests.

    Call it to narrow: ``run.spans("GET /orders", service="orders", attributes={"http.route": "/orders"})``.
    """

    def __call__(
        self,
        name: str | None = None,
        *,
        service: str | None = None,
        kind: str | None = None,
        status: str | None = None,
        scope: str | None = None,
        attributes: Mapping[str, object] | None = None,
        resource: Mapping[str, object] | None = None,
        root: str | None = None,
    ) -> Spans:
        """Narrowed by what is given; ``*`` and ``?`` in a text make it a glob.

        Args:
            kind: internal, server, client, producer or consumer.
            status: unset, ok or error.
            scope: the name of the instrumentation scope.
            attributes: span attributes, compared as text.
            resource: resource attributes, compared as text.
            root: the request that began the trace, as in ``run.http(name)``.
        """
        conditions = _span_conditions(name, service, kind, scope, attributes, resource)
        if status is not None:
            conditions.append(equals("s.status", _one_of("status", status, _STATUSES), state=True))
        words = [word for word in (service, name, kind, status) if word is not None]
        words += [f"{key}={value}" for key, value in {**(attributes or {}), **(resource or {})}.items()]
        narrowed = self._narrowed(conditions, " ".join([*words, "spans"]))
        return narrowed if root is None else narrowed._rooted(root)

    def db(
        self, *, service: str | None = None, operation: str | None = None, statement: str | None = None
    ) -> Spans:
        """Database client spans, by old and new semantic conventions; an ORM's and its driver's count once.

        Args:
            service: the service that calls the database.
            operation: ``SELECT``, ``INSERT`` …
            statement: the query text; a glob finds a part: ``"*FROM stock*"``.
        """
        conditions = [*db_conditions(queries=False)]
        if service is not None:
            conditions.append(equals("s.service", service))
        if operation is not None:
            conditions.append(equals("s.db_operation", operation.upper()))
        if statement is not None:
            conditions.append(equals("s.db_statement", statement))
        words = [word for word in (service, "db", operation, statement, "spans") if word is not None]
        return self._narrowed(conditions, " ".join(words))

    @cached_property
    def _population(self) -> Population:
        return read_spans(self._bench.database, self._selector)

    def _rooted(self, root: str) -> Spans:
        selector = replace(self._selector, root=(*self._selector.root, request_named(root)))
        return self._with(replace(selector, text=f"{selector.text} of {root}"))


@final
class Traces(Selection):
    """Traces that the load's requests began."""

    @property
    def count(self) -> Stat[float]:
        """How many traces are complete."""
        return count(self._bench, lambda: read_calls(self._bench.database, self._selector, repeated=False))

    def calls(
        self,
        name: str | None = None,
        *,
        service: str | None = None,
        kind: str | None = None,
        db: bool = False,
    ) -> Series[float]:
        """Spans a trace; ``db=True``: database queries (spans with a statement or an operation)."""
        return self._per_trace("calls", False, name, service, kind, db)

    def repeated(
        self,
        name: str | None = None,
        *,
        service: str | None = None,
        kind: str | None = None,
        db: bool = False,
    ) -> Series[float]:
        """The most frequent identical call of each trace: same service, same statement (else same name)."""
        return self._per_trace("repeated calls", True, name, service, kind, db)

    def _per_trace(
        self, label: str, repeated: bool, name: str | None, service: str | None, kind: str | None, db: bool
    ) -> Series[float]:
        conditions = _span_conditions(name, service, kind, None, None, None)
        if db:
            conditions += db_conditions(queries=True)
        words = [word for word in (service, "db" if db else None, name, kind) if word is not None]
        selector = replace(self._selector, conditions=tuple(conditions))
        read = lambda: read_calls(self._bench.database, selector, repeated=repeated)  # noqa: E731
        return Series(self._bench, read, label=" ".join([*words, label, "a trace"]), unit="count")


def select_requests(
    bench: Bench,
    name: str | None,
    method: str | None,
    scenario: str | None,
    group: str | None,
    status: int | None,
    tags: Mapping[str, str] | None,
) -> Requests:
    """Requests by what is given; see ``Run.http``."""
    conditions = [] if name is None else [request_named(name)]
    for column, value in (("method", method and method.upper()), ("scenario", scenario), ('"group"', group)):
        if value is not None:
            conditions.append(equals(column, value))
    if status is not None:
        conditions.append(equals("status", status, state=True))
    conditions += [attribute("tags", key, value) for key, value in (tags or {}).items()]
    words = [str(word) for word in (name, method, scenario, group, status) if word is not None]
    words += [f"{key}={value}" for key, value in (tags or {}).items()]
    return Requests(bench, Selector(conditions=tuple(conditions), text=" ".join([*words, "requests"])))


def select_traces(bench: Bench, root: str | None) -> Traces:
    """Traces by the request that began them."""
    conditions = () if root is None else (request_named(root),)
    return Traces(bench, Selector(root=conditions, text="traces" if root is None else f"traces of {root}"))


def request_named(name: str) -> Condition:
    """A request by k6's name, or by ``METHOD /path``."""
    return either(("operation", "name"), name)


_KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATUSES = ("unset", "ok", "error")


def _span_conditions(
    name: str | None,
    service: str | None,
    kind: str | None,
    scope: str | None,
    attributes: Mapping[str, object] | None,
    resource: Mapping[str, object] | None,
) -> list[Condition]:
    conditions = []
    for column, value in (("s.service", service), ("s.name", name), ("s.scope_name", scope)):
        if value is not None:
            conditions.append(equals(column, value))
    if kind is not None:
        conditions.append(equals("s.kind", _one_of("kind", kind, _KINDS)))
    conditions += [attribute("s.attributes", key, value) for key, value in (attributes or {}).items()]
    conditions += [attribute("s.resource", key, value) for key, value in (resource or {}).items()]
    return conditions


def _one_of(field: str, value: str, possible: tuple[str, ...]) -> str:
    if value not in possible:
        raise UsageError(f"{field}={value!r}: use one of {', '.join(possible)}")
    return value
