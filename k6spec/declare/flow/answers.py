"""What a step takes out of an answer, and what it checks of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, final

from k6spec.declare.flow.template import Json, Text, json_of, text_of
from k6spec.declare.location import reject

_PYTHON_ONLY: Final = re.compile(r"\(\?(?:P|#|>|[aiLmsux-]+[:)])|\\[AZ]|[*+?}]\+")
_NAMED_GROUP: Final = re.compile(r"\(\?<(?=[A-Za-z_])")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A k6 check of an answer. ``value`` is what the source is compared with."""

    source: Source
    operator: Literal["exists", "equals", "contains", "one of"]
    value: Json = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A place in an answer: a value to extract, or to check."""

    kind: Literal["json", "header", "regex", "cookie", "body", "status"]
    argument: str = ""

    def exists(self) -> Check:
        """It is there, and not null."""
        return Check(source=self, operator="exists")

    def equals(self, value: Json) -> Check:
        """It equals a JSON value; texts may hold placeholders."""
        return Check(source=self, operator="equals", value=json_of("equals", value))

    def contains(self, text: Text) -> Check:
        """It contains a text; placeholders are filled in."""
        return Check(source=self, operator="contains", value=text_of("contains", text))

    def __str__(self) -> str:
        """As in messages: ``products.0.sku``, ``header Location``."""
        if self.kind == "json":
            return self.argument
        return f"{self.kind} {self.argument}".rstrip()


def json(path: str) -> Source:
    """The value at ``path`` in a JSON answer, in the syntax of k6's ``Response.json(selector)``."""
    if _named("json", path).startswith(("$.", "$[")):
        plain = re.sub(r"\[['\"]?([^\]'\"]*)['\"]?\]", r".\1", path.removeprefix("$")).removeprefix(".")
        reject(f"json({path!r}): that is JSONPath, which k6 does not know; write json({plain!r})")
    return Source(kind="json", argument=path)


def header(name: str) -> Source:
    """A header of the answer, whatever its letter case."""
    return Source(kind="header", argument=_named("header", name))


def cookie(name: str) -> Source:
    """A cookie that the answer sets."""
    return Source(kind="cookie", argument=_named("cookie", name))


def regex(pattern: str) -> Source:
    """What a JavaScript regular expression finds in the body: its first group, or all of it without a group."""
    _named("regex", pattern)
    try:
        re.compile(_NAMED_GROUP.sub("(?P<", pattern))
    except re.error as error:
        reject(f"regex({pattern!r}): {error}")
    if found := _PYTHON_ONLY.search(pattern):
        reject(f"regex({pattern!r}): k6 runs JavaScript's regular expressions, which have no {found[0]}")
    return Source(kind="regex", argument=pattern)


def body() -> Source:
    """The whole body as a text."""
    return Source(kind="body")


def status(*statuses: int) -> Check:
    """The answer has one of these statuses; unlike ``expect``, it doesn't change what counts as failed."""
    return Check(source=Source(kind="status"), operator="one of", value=statuses_of("status", statuses))


def statuses_of(where: str, statuses: tuple[int, ...]) -> tuple[int, ...]:
    """Declared HTTP statuses."""
    for code in statuses:
        if isinstance(code, bool) or not isinstance(code, int) or not 100 <= code <= 599:
            reject(f"{where}={code!r}: an HTTP status lies between 100 and 599")
    return statuses


def _named(function: str, argument: str) -> str:
    if not isinstance(argument, str) or not argument:
        reject(f"{function}({argument!r}): write a text that is not empty")
    return argument
