"""Texts with ``{placeholders}``, and what JSON can hold of them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from k6spec.declare.location import reject
from k6spec.declare.secret import Secret

Json = None | bool | int | float | str | Secret | Sequence["Json"] | Mapping[str, "Json"]
"""A JSON value; its texts may hold ``{placeholders}``."""

Text = str | int | float | Secret
"""A text that may hold ``{placeholders}``; numbers are written out."""

BUILT_IN: Final = ("vu", "iteration")
"""Placeholders that every flow has: k6's VU id in the test, and the VU's iteration in the scenario."""

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLACEHOLDER: Final = re.compile(
    r"""\{\{|\}\}|\{(?:secret:(?P<secret>[A-Za-z_]\w*)|(?P<name>[A-Za-z_]\w*)(?P<path>(?:\.[^{}."'\n]+)*))\}""",
    re.ASCII,
)
_EXACT: Final = 2**53


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholder:
    """``{name}``, ``{name.field}`` or a secret."""

    name: str
    path: tuple[str, ...] = ()
    secret: bool = False

    def __str__(self) -> str:
        return f"{{secret:{self.name}}}" if self.secret else "{" + ".".join((self.name, *self.path)) + "}"


def parse(text: str) -> list[str | Placeholder]:
    """The parts of a text in order: literal texts, with ``{{`` and ``}}`` read as braces, and placeholders."""
    parts: list[str | Placeholder] = []
    literal = ""
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        literal += text[end : match.start()]
        end = match.end()
        if match[0] in {"{{", "}}"}:
            literal += match[0][0]
            continue
        if literal:
            parts.append(literal)
            literal = ""
        if match["secret"]:
            parts.append(Placeholder(name=match["secret"], secret=True))
        else:
            parts.append(Placeholder(name=match["name"], path=tuple(match["path"].split(".")[1:])))
    literal += text[end:]
    return [*parts, literal] if literal else parts


def placeholders(text: str) -> list[Placeholder]:
    """The placeholders of a text."""
    return [part for part in parse(text) if isinstance(part, Placeholder)]


def literal(text: str) -> str:
    """``text`` as it stands, with nothing in it read as a placeholder."""
    return text.replace("{", "{{").replace("}", "}}")


def text_of(where: str, value: Text) -> str:
    """A declared text with placeholders."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Secret)):
        reject(f"{where}: {_short(value)} is not a text")
    return _checked(where, str(value))


def texts_of(where: str, values: Mapping[str, Text] | None) -> dict[str, str]:
    """Declared texts with placeholders, by name."""
    if values is not None and not isinstance(values, Mapping):
        reject(f'{where}={_short(values)}: write a mapping, as in {where}={{"name": "value"}}')
    return {text_of(where, key): text_of(f"{where} {key!r}", value) for key, value in (values or {}).items()}


def json_of(where: str, value: object, *, secrets: bool = True) -> Json:
    """A value as k6 sends it in JSON, texts with placeholders included.

    Args:
        secrets: whether it may hold some.

    Raises:
        DeclarationError: JSON, or JavaScript's numbers, can't hold it.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Secret) and not secrets:
        reject(f"{where}: rows are archived, so {value.name} has no place in them; put it into a step")
    if isinstance(value, (str, Secret)):
        return _checked(where, str(value))
    if isinstance(value, int):
        if abs(value) > _EXACT:
            reject(f"{where}: k6 would round {value}, it holds whole numbers up to 2**53; send it as a text")
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            reject(f"{where}: {value} cannot be sent as JSON")
        return value
    if isinstance(value, Mapping):
        if wrong := [key for key in value if not isinstance(key, str)]:
            reject(f"{where}: the key {_short(wrong[0])} cannot be sent as JSON: keys are texts")
        return {_checked(where, key): json_of(where, item, secrets=secrets) for key, item in value.items()}
    if not isinstance(value, (list, tuple)):
        kind = type(value).__name__
        reject(f"{where}: {kind} {_short(value)} cannot be sent as JSON; make a text or a dict of it")
    return [json_of(where, item, secrets=secrets) for item in value]


def json_texts(value: Json) -> Iterator[str]:
    """Every text in a JSON value that :func:`json_of` gave, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from json_texts(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from json_texts(item)


def _checked(where: str, text: str) -> str:
    """A text that UTF-8 can hold."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        reject(f"{where}: {_short(text)} holds half of a surrogate pair, which cannot be sent as UTF-8")
    return text


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
