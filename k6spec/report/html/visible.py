"""Text from the system under test, made fit to be shown.

Span names and attributes are whatever somebody sent. Characters that would act instead of being seen
(controls, bidirectional overrides, lone surrogates) are replaced by a visible stand-in, and very long values
are cut; escaping for the medium is the medium's own business.
"""

from __future__ import annotations

import re
from typing import Final

_BLOCK: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_LINE: Final = re.compile(f"[\t\n]|{_BLOCK.pattern}")


def visible_block(text: str) -> str:
    """``text`` with every acting character shown; tabs and line feeds kept."""
    return _BLOCK.sub(_stand_in, text.replace("\r\n", "\n"))


def visible_line(text: str) -> str:
    """``text`` on one line, with every acting character shown."""
    return _LINE.sub(_stand_in, text)


def one_line(text: str) -> str:
    """``text`` with runs of white space, line breaks included, as single spaces: for statements."""
    return visible_line(" ".join(text.split()))


def shorten(text: str, length: int, *, ellipsis: str = "…") -> str:
    """At most ``length`` characters of ``text``, the cut marked."""
    return text if len(text) <= length else text[: max(0, length - len(ellipsis))] + ellipsis


def short_line(text: str, length: int) -> str:
    """The beginning of ``text`` on one line, at most ``length`` characters, with every acting character shown."""
    return shorten(visible_line(text[: length + 1]), length)


def _stand_in(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)  # Unicode's "Control Pictures"
    return "\u2421" if code == 0x7F else f"⟨U+{code:04X}⟩"
