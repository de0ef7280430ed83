"""Secrets within texts: URLs, messages, log lines. What is replaced is a value; what names it stays readable."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, Final, final
from urllib.parse import quote, unquote

from k6spec.collect.secret_names import SecretNames, takes_the_line

# Each is bounded, and begins where a word does: a value of a megabyte costs no more than its length.
_SETS: Final = re.compile(
    r"(?<![\w.%\[\]-])(?P<name>[\w.%\[\]-]{1,128})"
    r"(?P<set>\\?[\"']?\s{0,3}(?:=(?!=)|:(?!//))\s{0,3})(?P<quote>\\?[\"'])?"
)
_WORD: Final = re.compile(r"(?:(?:bearer|basic|digest|token)\s+)?[^\s&;,#\"'<>\\)}\]]+", re.IGNORECASE)
_LINE: Final = re.compile(r"[^\r\n\"'<>\\]+")
_USER: Final = re.compile(r"(?<=://)[^/@\s?#:]{0,256}:[^/@\s?#]{1,1024}(?=@)")
_PLACEHOLDER: Final = re.compile(r"\$?\{[^{}]+\}|\*+")
"""What stands for a password in code."""
_BEARER: Final = re.compile(r"(?<=\bbearer\s)(?=\S*[0-9._-])[\w.~+/=-]{8,}", re.IGNORECASE)
_JWT: Final = re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?")
# What stands where a value would: parameters of statements, templates, masks of others, and our own mark.
_STAND_IN: Final = re.compile(r"\?|%s|\$\d+|:\w+|[*x•…]+|null|none|undefined|\[?redacted.*|[{<$].*", re.IGNORECASE)
_OTHERS: Final = (r"://[^/@\s?#]+@", r"\bbearer\s", "eyJ")
_NESTED: Final = '{"values":['
_SHORTEST_VALUE: Final = 6


@final
class TextRedactor:
    """Finds secrets in texts.

    Args:
        names: of values that are secret.
        values: secrets that are known: wherever one comes, it is replaced; very short ones are not looked for.
        mark: what takes the place of a secret.
    """

    def __init__(self, names: SecretNames, values: Iterable[str], mark: Callable[[str], str]) -> None:
        self._names = names
        self._mark = mark
        known = {value for value in values if len(value) >= _SHORTEST_VALUE}
        spelt = sorted({form for value in known for form in (value, quote(value), quote(value, safe=""))})
        spelt.sort(key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, spelt)) or "(?!)")
        self.hint = "(?i)" + "|".join([*names.hints(), *_OTHERS, *map(_re2, spelt)])
        """A regular expression (RE2): a text that it does not find holds no secret."""

    def known(self, text: str) -> str:
        """``text`` less the known values."""
        return self._known.sub(self._marked, text)

    def code(self, text: str) -> str:
        """``text`` less the known values and passwords of addresses: what names secrets is code, and stays."""
        return _USER.sub(self._user, self.known(text))

    def text(self, text: str) -> str:
        """``text`` less all secrets; the OTLP JSON of an array or kvlist is read as such."""
        if text.startswith(_NESTED):
            try:
                return json.dumps(self._nested(json.loads(text)), ensure_ascii=False, separators=(",", ":"))
            except (ValueError, RecursionError):
                pass  # it only looks like one
        text = self._settings(self.code(text))
        return _JWT.sub(self._marked, _BEARER.sub(self._marked, text))

    def _user(self, found: re.Match[str]) -> str:
        if _PLACEHOLDER.fullmatch(found[0].partition(":")[2]):
            return found[0]
        # No brackets: in the place of a user they would make it an address that nobody can read.
        return self._mark(found[0]).strip("[]").replace(" ", "-")

    def _marked(self, found: re.Match[str]) -> str:
        return self._mark(found[0])

    def _settings(self, text: str) -> str:
        """``name=value``, ``"name": "value"``, ``Name: value``."""
        parts = []
        done = 0
        for found in _SETS.finditer(text):
            name = found["name"]
            if found.start() < done or not self._names.has(unquote(name) if "%" in name else name):
                continue
            value = self._value(text, found)
            if value and not _STAND_IN.fullmatch(value):
                parts += [text[done : found.end()], self._mark(value)]
                done = found.end() + len(value)
        return "".join([*parts, text[done:]])

    def _value(self, text: str, found: re.Match[str]) -> str:
        if found["quote"]:
            end = text.find(found["quote"], found.end())
            return text[found.end() : end if end >= 0 else len(text)]
        value = (_LINE if takes_the_line(found["name"]) else _WORD).match(text, found.end())
        return value[0] if value else ""

    def _nested(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._nested(item) for item in value]
        if isinstance(value, dict):
            if isinstance(value.get("key"), str) and self._names.has(value["key"]) and "value" in value:
                return {**value, "value": {"stringValue": self._mark(json.dumps(value["value"]))}}
            return {key: self._nested(item) for key, item in value.items()}
        return self.text(value) if isinstance(value, str) else value


def shown_address(url: str) -> str:
    """``url`` less where secrets stand: user and password, query and fragment."""
    return re.sub(r"(://)(?:[^/@\s?#]*@)?([^\s?#]*)\S*", r"\1\2", url)


def _re2(text: str) -> str:
    """``text`` as a regular expression for RE2, which takes fewer escapes than Python gives."""
    return re.sub(r"[^A-Za-z0-9_\s]", lambda found: f"\\x{{{ord(found[0]):x}}}", text)
