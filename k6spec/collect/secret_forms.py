"""How a secret that is known may be spelt where it comes: as it is, percent-encoded, escaped, in base64."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, quote_plus

_ESCAPED_AT_MOST: Final = 3
"""JSON in JSON in a line of a log."""
_LONG_LINE: Final = 12
_MOST_LINES: Final = 64
_HEX: Final = re.compile("%[0-9A-F]{2}")
_IN_HTML_JSON: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
_TO_URL_SAFE: Final = str.maketrans("+/", "-_")


def spelt(value: str) -> set[str]:
    """The texts that stand for ``value``; of one with several lines, its first long lines by themselves as well.

    A differ and a wrapping log show such lines alone; those that only say what follows (``-----BEGIN …``) stay.
    """
    lines = [line.strip() for line in value.splitlines()[:_MOST_LINES]] if "\n" in value.strip() else []
    alone = {line for line in lines if len(line) >= _LONG_LINE and not line.startswith("-----")}
    return {form for text in (value, *alone) for form in (*_percent_encoded(text), *_escaped(text))}


def in_base64(value: str) -> set[str]:
    """What base64 of anything that ends with ``value`` holds, such as ``user:value`` of Basic authentication.

    The characters that ``value`` alone decides, wherever in a group of three bytes it begins.
    """
    whole = value.encode(errors="surrogatepass")
    found = set()
    for before in range(3):
        bits = (before + len(whole)) * 8
        text = base64.b64encode(bytes(before) + whole).decode()[-(-before * 8 // 6) : bits // 6]
        found |= {text, text.translate(_TO_URL_SAFE)}
    return found


def _percent_encoded(text: str) -> Iterator[str]:
    raw = text.encode(errors="surrogatepass")
    # The last as JavaScript's encodeURIComponent has it.
    for form in {quote(raw), quote(raw, safe=""), quote_plus(raw), quote(raw, safe="!'()*")}:
        yield form
        yield _HEX.sub(lambda found: found[0].lower(), form)


def _escaped(text: str) -> Iterator[str]:
    """As Python's ``repr``, HTML and JSON have it; JSON in ASCII only, with all letters, and as Go writes it."""
    yield text
    yield html.escape(text)
    for form in (repr(text)[1:-1], text):
        yield form
        ascii_only, letters, go = form, form, form
        for _ in range(_ESCAPED_AT_MOST):
            ascii_only, letters = _in_json(ascii_only), _in_json(letters, ascii_only=False)
            go = _in_json(go, ascii_only=False).translate(_IN_HTML_JSON)
            yield from (ascii_only, letters, go)


def _in_json(text: str, *, ascii_only: bool = True) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]
