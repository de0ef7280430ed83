"""Secrets within texts: URLs, messages, log lines. What is replaced is a value; what names it stays readable."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, final
from urllib.parse import unquote

from k6spec.collect.secret_forms import in_base64, spelt
from k6spec.collect.secret_names import SecretNames, takes_the_line

# Each is bounded, and begins where a word does: a value of a megabyte costs no more than its length.
_SETS: Final = re.compile(
    r"(?<![\w.%\[\]-])(?P<escape>(?<=\\)[nrt])?(?P<name>[\w.%\[\]-]{1,128})"  # or an escaped line break before
    r"(?P<set>\\?[\"']?\s{0,3}(?:=(?!=)|:(?!//))\s{0,3})(?P<quote>\\?[\"'])?"
)
# A URL within a URL's query.
_ENCODED: Final = re.compile(
    r"(?<=%26|%3F|%23)(?P<name>[\w.-]{1,128})%3D(?P<value>(?:(?!%26|%23)[^\s&;,#\"'<>\\)}\]])+)", re.IGNORECASE
)
# How Python shows a header, and what a command line has.
_PAIR: Final = re.compile(r"\(b?(?P<q>[\"'])(?P<name>[\w.-]{1,128})(?P=q), ?b?[\"'](?P<value>[^\"']+)")
_FLAG: Final = re.compile(r"(?<![\w-])--(?P<name>\w[\w.-]{0,127})\s{1,3}(?P<value>[^\s-][^\s\"'\\]*)")
_WORD: Final = re.compile(r"(?:(?:bearer|basic|digest|token)\s+)?[^\s&;,#\"'<>\\)}\]]+", re.IGNORECASE)
_LINE: Final = re.compile(r"[^\r\n\"'<>\\]+")
_LIST: Final = re.compile(
    r"""\[(?!redacted )(?:\\"(?:[^\\]|\\\\(?:\\.|[^\\]))*\\"|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'"""
    r"""|\\[^"']|[^]"'\\])*\]?""",
    re.DOTALL,
)
_QUOTED: Final = {
    '"': re.compile(r'(?:[^"\\]|\\.)*', re.DOTALL),
    "'": re.compile(r"(?:[^'\\]|\\.)*", re.DOTALL),
    # Within a text that is quoted itself, each backslash is written twice.
    '\\"': re.compile(r"(?:[^\\]|\\\\(?:\\.|[^\\]))*", re.DOTALL),
    "\\'": re.compile(r"(?:[^\\]|\\\\(?:\\.|[^\\]))*", re.DOTALL),
}
"""What goes on to a quotation mark's other end, which no backslash escapes."""
_USER: Final = re.compile(
    r"(?<=://)(?:[^/@\s?#:]{0,256}:[^/@\s?#]{1,1024}(?:@[^/@\s?#\"'<>,;&)]{1,256}){0,4}"
    r"|[^/@\s?#:]{20,256})(?=@)"  # a token stands alone
)
_PLACEHOLDER: Final = re.compile(r"\$?\{[^{}]+\}|\*+")
"""What stands for a password in code."""
_BEARER: Final = re.compile(r"(?<=\bbearer\s)(?=\S*[0-9._-])[\w.~+/=-]{8,}", re.IGNORECASE)
_BASIC: Final = re.compile(r"(?<=\bbasic\s)[A-Za-z0-9+/]{6,}={0,2}", re.IGNORECASE)
_JWT: Final = re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?")
_KEY: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----(?:(?!-----END)[\s\S])*(?:-----END [A-Z0-9 ]{0,60}-----)?"
)
# What stands where a value would: parameters of statements, templates, masks of others, and our own mark.
_STAND_IN: Final = re.compile(
    r"\?|%s|\$\d+|:\w+|[*x•…]+|null|none|undefined|\[\s*\]|\[?redacted.*|[{<$].*", re.IGNORECASE
)
_OTHERS: Final = (r"://[^/@\s?#]+@", r"\bbearer\s", r"\bbasic\s", "eyJ", "PRIVATE KEY-----")
_NESTED: Final = '{"values":['
_SHORTEST_VALUE: Final = 6
_HINT: Final = 24
"""Characters: RE2 has no room for whole keys and certificates."""


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
        forms = sorted({form for value in known for form in spelt(value)}, key=lambda form: (-len(form), form))
        packed = sorted({form for value in known for form in in_base64(value)})
        ways = [*map(re.escape, forms), *(f"{re.escape(form)}[A-Za-z0-9+/=_-]{{0,4}}" for form in packed)]
        self._known = re.compile("|".join(ways) or "(?!)")
        begun = sorted({form[:_HINT] for form in (*forms, *packed)})
        self.hint = "(?i)" + "|".join([*names.hints(), *_OTHERS, *map(_re2, begun)])
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
        text = _KEY.sub(self._marked, self.code(text))
        for pattern in (_ENCODED, _PAIR, _FLAG):
            text = pattern.sub(self._named, text)
        text = _BASIC.sub(self._basic, self._settings(text))
        return _JWT.sub(self._marked, _BEARER.sub(self._marked, text))

    def _user(self, found: re.Match[str]) -> str:
        user, colon, password = found[0].partition(":")
        if _PLACEHOLDER.fullmatch(password if colon else user):
            return found[0]
        # No brackets: in the place of a user they would make it an address that nobody can read.
        return self._mark(found[0]).strip("[]").replace(" ", "-")

    def _marked(self, found: re.Match[str]) -> str:
        return self._mark(found[0])

    def _named(self, found: re.Match[str]) -> str:
        value = found["value"]
        if not self._names.has(found["name"]) or _STAND_IN.fullmatch(value):
            return found[0]
        return found[0].removesuffix(value) + self._mark(value)

    def _basic(self, found: re.Match[str]) -> str:
        """Base64 of ``user:password``; the word may be followed by another one as well."""
        text = found[0].rstrip("=")
        decoded = base64.b64decode(text + "=" * (-len(text) % 4)) if len(text) % 4 != 1 else b""
        return self._mark(found[0]) if b":" in decoded else found[0]

    def _settings(self, text: str) -> str:
        """``name=value``, ``"name": "value"``, ``Name: value``."""
        parts = []
        done = 0
        for found in _SETS.finditer(text):
            names = (found["name"], f"{found['escape'] or ''}{found['name']}")
            if found.start() < done or not any(map(self._is_secret, names)):
                continue
            value = self._value(text, found)
            if value and not _STAND_IN.fullmatch(value):
                parts += [text[done : found.end()], self._mark(value)]
                done = found.end() + len(value)
        return "".join([*parts, text[done:]])

    def _is_secret(self, name: str) -> bool:
        name = unquote(name) if "%" in name else name
        # The last is of Go's map[Authorization:[…]] and of user[auth]=… in a form.
        return self._names.has(name) or ("[" in name and self._names.has(name.rpartition("[")[2].rstrip("]")))

    def _value(self, text: str, found: re.Match[str]) -> str:
        if found["quote"]:
            quoted = _QUOTED[found["quote"]].match(text, found.end())
            return quoted[0] if quoted else ""
        if several := _LIST.match(text, found.end()):
            return several[0]
        value = (_LINE if takes_the_line(found["name"]) else _WORD).match(text, found.end())
        return value[0] if value else ""

    def _nested(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._nested(item) for item in self._less_flags(value)]
        if isinstance(value, dict):
            if isinstance(value.get("key"), str) and self._names.has(value["key"]) and "value" in value:
                return {**value, "value": {"stringValue": self._mark(json.dumps(value["value"]))}}
            return {key: self._nested(item) for key, item in value.items()}
        return self.text(value) if isinstance(value, str) else value

    def _less_flags(self, items: list[Any]) -> Iterator[Any]:
        """A command line's arguments less what follows ``--password``."""
        secret = False
        for item in items:
            argument = str(item.get("stringValue", "")) if isinstance(item, dict) else ""
            flag = argument.startswith("--")
            yield {"stringValue": self._mark(argument)} if secret and argument and not flag else item
            secret = flag and self._names.has(argument[2:])


def shown_address(url: str) -> str:
    """``url`` less where secrets stand: user and password, query and fragment."""
    return re.sub(r"(://)(?:[^/@\s?#]*@)?([^\s?#]*)\S*", r"\1\2", url)


def _re2(text: str) -> str:
    """``text`` as a regular expression for RE2, which takes fewer escapes than Python gives."""
    return re.sub(r"[^A-Za-z0-9_\s]", lambda found: f"\\x{{{ord(found[0]):x}}}", text)
