"""The words with which spans are chosen: the same for ``run.spans`` and for selectors that stand alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Self

from k6spec.errors import UsageError
from k6spec.query import structure
from k6spec.query.conventions import read
from k6spec.query.events import raised
from k6spec.query.logic import Conditions, negated
from k6spec.query.matching import Match, matching, of_status, words_of
from k6spec.query.propagation import REACHING_ENTRY
from k6spec.query.selectors import Condition
from k6spec.query.spans import db_conditions
from k6spec.units import Duration

Text = str | re.Pattern[str] | Collection[str | re.Pattern[str]]
"""An exact text, a glob (``*``, ``?``, ``[``), ``re.compile(...)``, or several of them."""

KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
STATUSES = ("unset", "ok", "error")


class SpanLanguage:
    """Narrowing by what a span is, how it went, and where it stands in its trace. Every step gives a new object.

    Names of attributes are tried under old and new semantic conventions. An argument named ``other`` is a
    selector (``span.db()``), or the name of a span.
    """

    @property
    def conditions(self) -> Conditions:
        """What is asked of a span."""
        raise NotImplementedError

    @property
    def described(self) -> str:
        """It in words: ``orders db spans``."""
        raise NotImplementedError

    def _choose(self, conditions: Conditions, words: str, tail: str = "") -> Self:
        raise NotImplementedError

    def _where(
        self,
        name: Text | SpanLanguage | None,
        service: Text | None,
        kind: Text | None,
        status: Text | None,
        scope: Text | None,
        attributes: Mapping[str, Match] | None,
        resource: Mapping[str, Match] | None,
        longer_than: Duration | None,
        shorter_than: Duration | None,
    ) -> Self:
        found: list[Condition] = []
        words: list[str] = []
        tail = ""
        if isinstance(name, SpanLanguage):
            found += name.conditions
            inner, _, tail = name.described.partition("spans")
            words.append(inner.strip())
            name = None
        for column, what, value in (
            ("s.service", "service", service),
            ("s.name", "name", name),
            ("s.scope_name", "scope", scope),
            ("s.kind", "kind", _each_of("kind", kind, KINDS)),
            ("s.status", "status", _each_of("status", status, STATUSES)),
        ):
            if value is not None:
                found.append(matching(column, value, what=what, state=what == "status"))
                words.append(words_of(value))
        for map_column, pairs in (("s.attributes", attributes), ("s.resource", resource)):
            for key, wanted in (pairs or {}).items():
                found.append(_keyed(map_column, key, wanted))
                words.append(f"{key}={words_of(wanted)}")
        for sign, said, length in ((">", "longer than", longer_than), ("<", "shorter than", shorter_than)):
            if length is not None:
                found.append(_lasting(sign, length))
                words.append(f"{said} {length},")
        return self._choose(tuple(found), " ".join(word for word in words if word).rstrip(","), tail)

    def db(
        self, *, service: Text | None = None, operation: Text | None = None, statement: Text | None = None
    ) -> Self:
        """Database client spans, by old and new semantic conventions; an ORM's and its driver's count once.

        Args:
            service: the service that calls the database.
            operation: ``SELECT``, ``INSERT`` …
            statement: the query text; a glob finds a part: ``"*FROM stock*"``.
        """
        found = [*db_conditions(queries=False)]
        if service is not None:
            found.append(matching("s.service", service, what="service"))
        if operation is not None:
            found.append(matching("s.db_operation", operation, what="operation", upper=True))
        if statement is not None:
            found.append(matching("s.db_statement", statement, what="statement"))
        words = [words_of(word) for word in (service,) if word is not None]
        words += ["db", *(words_of(word) for word in (operation, statement) if word is not None)]
        return self._choose(tuple(found), " ".join(words))

    def http_server(
        self,
        *,
        service: Text | None = None,
        route: Text | None = None,
        method: Text | None = None,
        status: Match | None = None,
    ) -> Self:
        """Spans of HTTP requests that a service answers.

        Args:
            route: ``http.route``, as in ``/orders/{id}``.
            method: ``GET``, ``POST`` …
            status: the HTTP status: a number, a glob (``"5*"``), ``range(500, 600)``, or several in a list.
        """
        return self._category(
            "http_server", service, {"route": route, "method": _upper(method), "http status": status}
        )

    def http_client(
        self,
        *,
        service: Text | None = None,
        host: Text | None = None,
        method: Text | None = None,
        status: Match | None = None,
    ) -> Self:
        """Spans of HTTP requests that a service makes; ``host``: the server's address."""
        return self._category(
            "http_client", service, {"host": host, "method": _upper(method), "http status": status}
        )

    def rpc(self, *, service: Text | None = None, method: Text | None = None, system: Text | None = None) -> Self:
        """Spans of remote procedure calls, of both sides (``kind=`` tells them apart).

        Args:
            method: ``package.Service/Method``.
            system: ``grpc`` …
        """
        return self._category("rpc", service, {"rpc method": method, "rpc system": system})

    def messaging(
        self,
        *,
        service: Text | None = None,
        destination: Text | None = None,
        operation: Text | None = None,
        system: Text | None = None,
    ) -> Self:
        """Spans of messages sent and received: ``destination`` is a queue or topic, ``system`` as in ``kafka``."""
        return self._category(
            "messaging",
            service,
            {"destination": destination, "messaging operation": operation, "messaging system": system},
        )

    def cache(
        self, *, service: Text | None = None, operation: Text | None = None, system: Text | None = None
    ) -> Self:
        """Calls of Redis and Memcached, which ``db()`` leaves out."""
        return self._category("cache", service, {"operation": _upper(operation), "db system": system})

    def raising(self, exception: Text | None = None) -> Self:
        """Those that recorded an exception, of this ``exception.type`` (``"*TimeoutError"``) if one is given."""
        said = f" raising {words_of(exception)}" if exception is not None else " raising an exception"
        return self._choose((raised(exception),), "", said)

    def originating_errors(self) -> Self:
        """Those that fail while none of their children does: where an error began.

        ``run.spans.originating_errors().by("service")`` tells which services errors come from.
        """
        failing = matching("s.status", "error", what="status", state=True)
        below = structure.parent_of((failing,), "parent of a failing span")
        return self._choose((failing, negated(below)), "originating error")

    def reaching_entry(self) -> Self:
        """Those that fail, and so does all above them, up to the entry span: nobody caught that error."""
        return self._choose((REACHING_ENTRY,), "", " failing up to the entry")

    def child_of(self, other: SpanLanguage | str) -> Self:
        """Those whose parent is one of ``other``."""
        return self._structure(structure.child_of, "child of", other)

    def parent_of(self, other: SpanLanguage | str) -> Self:
        """Those with a child among ``other``."""
        return self._structure(structure.parent_of, "parent of", other)

    def under(self, other: SpanLanguage | str) -> Self:
        """Those with an ancestor among ``other``. ``run.spans(b).under(a).count <= 0``: never b under a."""
        return self._structure(structure.under, "under", other)

    def above(self, other: SpanLanguage | str) -> Self:
        """Those with a descendant among ``other``."""
        return self._structure(structure.above, "above", other)

    def sibling_of(self, other: SpanLanguage | str) -> Self:
        """Those that share their parent with another span, one of ``other``."""
        return self._structure(structure.sibling_of, "sibling of", other)

    def followed_by(self, other: SpanLanguage | str) -> Self:
        """Those after whose end one of ``other`` starts, in the same trace.

        Order is read from one clock: both spans are of one service (and of one ``service.instance.id`` and
        ``host.name``, where the resource has them). Where ``other`` is only elsewhere, the claim is inconclusive.
        """
        then, text = _other(other)
        words = f"followed by {text}"
        return self._choose((structure.followed_by(self.conditions, then, words),), "", f" {words}")

    def not_child_of(self, other: SpanLanguage | str) -> Self:
        """Those whose parent is none of ``other``; a root has no parent."""
        return self._structure(structure.child_of, "child of", other, negative=True)

    def not_parent_of(self, other: SpanLanguage | str) -> Self:
        """Those without a child among ``other``."""
        return self._structure(structure.parent_of, "parent of", other, negative=True)

    def not_under(self, other: SpanLanguage | str) -> Self:
        """Those without an ancestor among ``other``."""
        return self._structure(structure.under, "under", other, negative=True)

    def not_above(self, other: SpanLanguage | str) -> Self:
        """Those without a descendant among ``other``."""
        return self._structure(structure.above, "above", other, negative=True)

    def not_sibling_of(self, other: SpanLanguage | str) -> Self:
        """Those that share their parent with none of ``other``."""
        return self._structure(structure.sibling_of, "sibling of", other, negative=True)

    def not_followed_by(self, other: SpanLanguage | str) -> Self:
        """Those after whose end none of ``other`` starts; order as in :meth:`followed_by`."""
        then, text = _other(other)
        words = f"not followed by {text}"
        relation = structure.followed_by(self.conditions, then, f"followed by {text}")
        return self._choose((negated(relation),), "", f" {words}")

    def _structure(
        self, relation: structure.Relation, words: str, other: SpanLanguage | str, *, negative: bool = False
    ) -> Self:
        conditions, text = _other(other)
        condition = relation(conditions, f"{words} {text}")
        said = f" not {words} {text}" if negative else f" {words} {text}"
        return self._choose((negated(condition) if negative else condition,), "", said)

    def _category(self, category: str, service: Text | None, more: Mapping[str, Match | None]) -> Self:
        found = [matching("s.category", category, what="category")]
        words = [category.replace("_", " ")]
        if service is not None:
            found.append(matching("s.service", service, what="service"))
            words.insert(0, words_of(service))
        for what, value in more.items():
            if value is not None:
                state = what == "http status"
                wanted = of_status(value, what=what) if state else value
                found.append(matching(_COLUMNS[what], wanted, what=what, state=state))
                words.append(words_of(value))
        return self._choose(tuple(found), " ".join(words))


_COLUMNS = {
    "route": "s.http_route",
    "method": "s.http_method",
    "http status": "s.http_status::VARCHAR",
    "host": "s.server_address",
    "rpc method": "s.rpc_method",
    "rpc system": "s.rpc_system",
    "destination": "s.messaging_destination",
    "messaging operation": "s.messaging_operation",
    "messaging system": "s.messaging_system",
    "operation": "s.db_operation",
    "db system": "s.db_system",
}


def _keyed(map_column: str, key: str, wanted: Match) -> Condition:
    return matching(read(map_column, key), wanted, what=key, keys=map_column)


def _lasting(sign: str, length: Duration) -> Condition:
    if not isinstance(length, Duration):
        raise UsageError(f"{length!r} is not a duration; write ms(200) or seconds(1)")
    return Condition(sql=f"s.duration_ns {sign} ?", parameters=(length.ns,), state=True)


def _other(other: SpanLanguage | str) -> tuple[Conditions, str]:
    if isinstance(other, str):
        return (matching("s.name", other, what="name"),), other
    if isinstance(other, SpanLanguage):
        return other.conditions, other.described
    raise UsageError(f"{other!r} is not a selector of spans; write span.db(), span(service=...) or a span's name")


def _upper(match: Text | None) -> Text | None:
    if isinstance(match, str):
        return match.upper()
    if match is None or isinstance(match, re.Pattern):
        return match
    return tuple(option.upper() if isinstance(option, str) else option for option in match)


def _each_of(field: str, given: Text | None, possible: tuple[str, ...]) -> Text | None:
    if given is None or isinstance(given, re.Pattern):
        return given
    for value in (given,) if isinstance(given, str) else given:
        if isinstance(value, str) and value not in possible:
            raise UsageError(f"{field}={value!r}: use one of {', '.join(possible)}")
    return given
