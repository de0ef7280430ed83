"""What a JavaScript module imports, requires and opens: enough of its grammar to find that, and no more.

Strings, comments, templates and regular expressions are told apart, so text that only looks like an import isn't
taken for one. TypeScript will do as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final
from urllib.parse import unquote, urlsplit

_TOKEN: Final = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*|/\*(?s:.*?)\*/)
    |(?P<string>"(?:[^"\\\n]|\\(?s:.))*"|'(?:[^'\\\n]|\\(?s:.))*')
    |(?P<name>[A-Za-z_$][\w$]*)
    |(?P<number>\d[\w.]*)
    |(?P<template>`)
    |(?P<sign>[^\w\s])
    """,
    re.VERBOSE,
)
_TEMPLATE_TEXT: Final = re.compile(r"(?:[^`\\$]|\\(?s:.)|\$(?!\{))*")
_REGEX: Final = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
# After these a slash begins a regular expression; after a value it divides.
_BEFORE_REGEX: Final = frozenset(
    {"return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "instanceof", "else", "do"}
    | {"yield", "await"}
)
_VALUE_ENDS: Final = frozenset(")]")

MODULES: Final = frozenset({".js", ".mjs", ".cjs", ".ts"})
"""Suffixes of files that are modules."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token that means something: no white space, no comment. ``kind``: string, name, number, sign or regex."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """Where the token ends in the source."""
        return self.start + len(self.text)

    @property
    def content(self) -> str:
        """A string's content; escapes stay as they are written."""
        return self.text[1:-1]


def tokens(source: str) -> Iterator[Token]:
    """The tokens of a module. What can't be read is skipped: k6 will say what is wrong with it."""
    position = 0
    last: Token | None = None
    depths: list[int] = []  # of braces, for each template that is open
    while position < len(source):
        found = _TOKEN.match(source, position)
        if found is None or found.lastgroup is None:
            position += 1
            continue
        kind, text = found.lastgroup, found[0]
        if kind == "space":
            position = found.end()
            continue
        if text == "/" and _begins_regex(last) and (regex := _REGEX.match(source, position)):
            kind, text = "regex", regex[0]
        elif kind == "template":
            depths.append(0)
            position = _template(source, position + 1, depths)
            continue
        elif depths and text == "{":
            depths[-1] += 1
        elif depths and text == "}":
            if depths[-1] == 0:
                position = _template(source, position + 1, depths)
                last = None
                continue
            depths[-1] -= 1
        last = Token(kind=kind, text=text, start=position)
        yield last
        position = last.end


def specifiers(source: str) -> Iterator[Token]:
    """The strings that name modules in ``import``, ``export … from`` and ``require()``."""
    third = second = first = ""
    for token in tokens(source):
        called = first == "(" and second in {"require", "import"} and third != "."
        if token.kind == "string" and "\\" not in token.text and (called or first in {"from", "import"}):
            yield token
        third, second, first = second, first, token.text


def opened(source: str) -> Iterator[str]:
    """Paths that stand as text in ``open()`` and ``import.meta.resolve()``."""
    third = second = first = ""
    for token in tokens(source):
        if (
            token.kind == "string"
            and first == "("
            and (second == "open" or (second == "resolve" and third == "."))
        ):
            yield token.content
        third, second, first = second, first, token.text


def local_path(specifier: str, folder: Path) -> Path | None:
    """The file that a specifier names, seen from a module in ``folder``; None where it names no file."""
    if specifier.startswith("file://"):
        return Path(unquote(urlsplit(specifier).path))
    if specifier.startswith((".", "/")):
        return (folder / unquote(specifier)).resolve()
    return None


def _begins_regex(last: Token | None) -> bool:
    if last is None:
        return True
    if last.kind == "name":
        return last.text in _BEFORE_REGEX
    return last.kind == "sign" and last.text not in _VALUE_ENDS


def _template(source: str, position: int, depths: list[int]) -> int:
    """Skips a template's text, to the code of its next placeholder or behind its end."""
    found = _TEMPLATE_TEXT.match(source, position)
    position = found.end() if found else position
    if source.startswith("${", position):
        return position + 2
    depths.pop()
    return position + 1
