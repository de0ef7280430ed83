"""Declared texts and JSON values as JavaScript expressions.

Everything that comes from the declaration is embedded as a JSON literal, which is a JavaScript literal too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

from k6spec.declare.flow.template import Json, Placeholder, parse

_AUTHORITY: Final = re.compile(r"https?://[^/?#]*")
_LONE_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_IN_URLS: Final = "%/:?#[]@!$&'()*+,;="  # RFC 3986's reserved characters, and what was encoded already
_IDENTIFIER: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def literal(value: object) -> str:
    """A value as a literal."""
    return json.dumps(value, allow_nan=False)


def value_of(placeholder: Placeholder) -> str:
    """What a placeholder stands for."""
    if placeholder.secret:
        return f"secrets.{placeholder.name}"
    return f"values.{placeholder.name}" + "".join(
        f".{key}" if _IDENTIFIER.fullmatch(key) else f"[{literal(key)}]" for key in placeholder.path
    )


def text(template: str) -> str:
    """A text with placeholders."""
    parts = parse(template)
    operands = [literal(part) if isinstance(part, str) else value_of(part) for part in parts]
    return _joined(operands, text_first=bool(parts) and isinstance(parts[0], str))


def path(template: str) -> str:
    """A path or a whole URL with placeholders.

    What a URL can't hold is percent-encoded, and so are values, but for one at the very beginning: an address.
    """
    operands: list[str] = []
    parts = parse(template)
    for number, part in enumerate(parts):
        if isinstance(part, str):
            operands.append(literal(_encoded(part)))
        else:
            operands.append(f"encodeURIComponent({value_of(part)})" if number else value_of(part))
    return _joined(operands, text_first=bool(parts) and isinstance(parts[0], str))


def json_value(value: Json) -> str:
    """A JSON value; a text that is only a placeholder keeps the value's type."""
    if isinstance(value, str):
        parts = parse(value)
        whole = parts[0] if len(parts) == 1 else None
        return value_of(whole) if isinstance(whole, Placeholder) else text(value)
    if isinstance(value, Mapping):
        return object_of({key: json_value(item) for key, item in value.items()})
    if isinstance(value, Sequence):
        return f"[{', '.join(json_value(item) for item in value)}]"
    return literal(value)


def texts(values: Mapping[str, str]) -> str:
    """An object of texts with placeholders."""
    return object_of({name: text(value) for name, value in values.items()})


def _joined(operands: list[str], *, text_first: bool) -> str:
    """Operands joined by +, of which the first must be a text."""
    return " + ".join(operands if text_first else ['""', *operands])


def _encoded(part: str) -> str:
    authority = _AUTHORITY.match(part)
    begin = authority.end() if authority else 0
    return part[:begin] + quote(_LONE_PERCENT.sub("%25", part[begin:]), safe=_IN_URLS)


def object_of(items: Mapping[str, str]) -> str:
    """An object literal of expressions. A plain ``__proto__`` key in one would set the prototype."""
    pairs = (
        f"{'[' + literal(key) + ']' if key == '__proto__' else literal(key)}: {value}"
        for key, value in items.items()
    )
    return f"{{ {', '.join(pairs)} }}" if items else "{}"
