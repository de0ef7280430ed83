"""Names whose values are secret: of attributes, headers, query parameters, and within texts (``password=…``)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, final

DEFAULT_NAMES: Final = (
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-auth*",
    "auth",
    "jwt",
    "pwd",
    "sig",
    "signature",
    "x-amz-signature",
    "x-goog-signature",
    "awsaccesskeyid",
    "jsessionid",
    "phpsessid",
    "sessionid",
    "*password*",
    "*passwd*",
    "*passphrase*",
    "*secret*",
    "*token*",
    "*api-key*",
    "*apikey*",
    "*access-key*",
    "*accesskey*",
    "*private-key*",
    "*privatekey*",
    "*credential*",
)
"""Secret wherever they come, in the notation of the setting ``redact``."""

_WHOLE_LINE: Final = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})


@final
class SecretNames:
    """Patterns of names: ``*`` stands for any text, ``_`` and ``-`` are the same, and so is upper and lower case.

    A pattern is met by a whole name or by what follows its last dot: ``cookie`` by ``http.request.header.cookie``.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = tuple(_folded(pattern) for pattern in patterns)
        ways = "|".join(".*".join(map(re.escape, pattern.split("*"))) for pattern in self._patterns)
        self._regex = re.compile(ways or "(?!)", re.DOTALL)
        self.has = lru_cache(maxsize=4096)(self._has)
        """Whether the name is a secret's."""

    def hints(self) -> list[str]:
        """For each pattern a regular expression (RE2) of the longest text that a name of it holds."""
        longest = (max(pattern.split("*"), key=len) for pattern in self._patterns)
        return ["[-_]".join(map(re.escape, part.split("-"))) for part in longest]

    def _has(self, name: str) -> bool:
        folded = _folded(name)
        tail = folded.rpartition(".")[2]
        return bool(self._regex.fullmatch(folded) or self._regex.fullmatch(tail))


def takes_the_line(name: str) -> bool:
    """Whether the value of this header goes on to the end of its line: it holds blanks or semicolons."""
    return _folded(name).rpartition(".")[2] in _WHOLE_LINE


def _folded(name: str) -> str:
    return name.lower().replace("_", "-")
