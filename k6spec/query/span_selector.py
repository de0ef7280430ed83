"""Selectors of spans that stand alone, to be combined with ``&``, ``|`` and ``~`` and given to ``run.spans``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, final

from k6spec.errors import UsageError
from k6spec.query.combining import Combinable
from k6spec.query.conventions import read
from k6spec.query.logic import Conditions, negated
from k6spec.query.matching import Match, Scalar, matching, words_of
from k6spec.query.selectors import Condition
from k6spec.query.span_language import SpanLanguage, Text
from k6spec.units import Duration


@final
class SpanSelector(Combinable, SpanLanguage):
    """Which spans are meant, of any run. ``span.db() & ~span(service="orders")``.

    ``&`` is both, ``|`` either, ``~`` not: what has no such value is not it.
    """

    __slots__ = ()

    _noun = "spans"
    _like = "span(...), attr(...) == ... and their like"

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
    ) -> SpanSelector:
        """Narrowed by what is given, as ``run.spans(...)``."""
        return self._where(name, service, kind, status, scope, attributes, resource, longer_than, shorter_than)

    def _choose(self, conditions: Conditions, words: str, tail: str = "") -> SpanSelector:
        return SpanSelector((*self._conditions, *conditions), phrase(self._described, words, tail))


@final
class Attribute:
    """An attribute to compare: ``attr("http.response.status_code") >= 500``, ``attr("user.id").exists``.

    Old and new names of the semantic conventions mean the same. ``<``, ``<=``, ``>`` and ``>=`` compare numbers
    and never meet what is not one; ``==`` takes a text, glob, ``re.compile(...)`` or number; ``!=`` is its not,
    so it is met where the attribute is absent too.
    """

    __slots__ = ("_column", "_key", "_map")

    def __init__(self, map_column: str, key: str) -> None:
        self._map = map_column
        self._key = key
        self._column = read(map_column, key)

    @property
    def exists(self) -> SpanSelector:
        """It is there, whatever its value."""
        condition = Condition(
            sql=f"({self._column}) IS NOT NULL",
            column=self._column,
            what=self._key,
            asked="of any value",
            keys=self._map,
        )
        return SpanSelector((condition,), f"spans with {self._key}")

    @property
    def absent(self) -> SpanSelector:
        """It is not there."""
        return SpanSelector((negated(self.exists.conditions[0]),), f"spans without {self._key}")

    def one_of(self, *values: Scalar | re.Pattern[str]) -> SpanSelector:
        """It is equal to, or matches, one of these."""
        return self == values

    def __eq__(self, value: Match) -> SpanSelector:  # type: ignore[override]
        condition = matching(self._column, value, what=self._key, keys=self._map)
        return SpanSelector((condition,), f"{self._key}={words_of(value)} spans")

    def __ne__(self, value: Match) -> SpanSelector:  # type: ignore[override]
        return ~(self == value)

    def __lt__(self, number: float) -> SpanSelector:
        return self._compared("<", number)

    def __le__(self, number: float) -> SpanSelector:
        return self._compared("<=", number)

    def __gt__(self, number: float) -> SpanSelector:
        return self._compared(">", number)

    def __ge__(self, number: float) -> SpanSelector:
        return self._compared(">=", number)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<attribute {self._key}>"

    def _compared(self, sign: str, number: float) -> SpanSelector:
        if isinstance(number, bool) or not isinstance(number, (int, float)) or number != number:
            raise UsageError(f"{self._key} {sign} {number!r}: compare an attribute with a number")
        value = f"TRY_CAST({self._column} AS DOUBLE)"
        condition = Condition(
            # DuckDB holds NaN for the largest number.
            sql=f"({value} {sign} ? AND NOT isnan({value}))",
            parameters=(float(number),),
            column=self._column,
            what=self._key,
            asked=f"{sign} {number}",
            keys=self._map,
            state=True,
        )
        return SpanSelector((condition,), f"{self._key} {sign} {number} spans")


span: Final = SpanSelector()
"""All spans of the system; call it to narrow, or use ``span.db()``, ``span.http_server()`` …"""


def attr(key: str) -> Attribute:
    """A span attribute, to compare."""
    return Attribute("s.attributes", key)


def resource(key: str) -> Attribute:
    """A resource attribute, to compare: ``resource("k8s.pod.name") == "orders-*"``."""
    return Attribute("s.resource", key)


def phrase(described: str, words: str, tail: str) -> str:
    """``orders spans`` and ``db`` are ``orders db spans``; what follows ``spans`` stays behind it."""
    head, noun, rest = described.partition("spans")
    if not noun or described.startswith("("):
        return ", ".join(part for part in (described + tail, words) if part)
    return f"{' '.join(part for part in (head.strip(), words) if part)} spans{rest}{tail}".strip()
