"""OTLP attribute values as text, with the name of the type that the text had.

- int: decimal; bool: ``true`` or ``false``; bytes: base64
- double: the shortest text that reads back as the same number (Python's ``repr``: ``1.0``, ``1e+16``), and
  ``NaN``, ``Infinity``, ``-Infinity`` as in protobuf's JSON mapping
- array and kvlist: the OTLP JSON of the ArrayValue or KeyValueList, compact, ``{"values":[{"intValue":"1"}]}``
- a value that is set to nothing: null, without a type
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from google.protobuf.json_format import Parse, ParseError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValueList

TYPE_NAMES: Final = ("bool", "int", "double", "bytes", "array", "kvlist")
"""Names in the ``*_types`` maps, of every value that is not a string."""

_DEEPEST: Final = 1_000


def render(value: AnyValue) -> tuple[str | None, str | None]:
    """The text and the type's name; no name for strings, neither for a value that is set to nothing."""
    which = value.WhichOneof("value")
    match which:
        case "string_value":
            return value.string_value, None
        case "int_value":
            return str(value.int_value), "int"
        case "bool_value":
            return "true" if value.bool_value else "false", "bool"
        case "double_value":
            return double_text(value.double_value), "double"
        case "bytes_value":
            return bytes_text(value.bytes_value), "bytes"
        case "array_value":
            return array_text(value.array_value), "array"
        case "kvlist_value":
            return kvlist_text(value.kvlist_value), "kvlist"
        case _:
            return None, None


def parse(text: str | None, kind: str | None) -> AnyValue:
    """The value of a text and its type's name, as ``render`` gives them; what is not of its type stays a text."""
    if text is None:
        return AnyValue()
    with suppress(ValueError, KeyError, ParseError, RecursionError):
        match kind:
            case "int":
                return AnyValue(int_value=int(text))
            case "bool":
                return AnyValue(bool_value={"true": True, "false": False}[text])
            case "double":
                return AnyValue(double_value=float(text))
            case "bytes":
                return AnyValue(bytes_value=base64.b64decode(text, validate=True))
            case "array":
                return AnyValue(array_value=Parse(text, ArrayValue(), max_recursion_depth=_DEEPEST))
            case "kvlist":
                return AnyValue(kvlist_value=Parse(text, KeyValueList(), max_recursion_depth=_DEEPEST))
    return AnyValue(string_value=text)


def double_text(value: float) -> str:
    """A double's text."""
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def bytes_text(value: bytes) -> str:
    """Bytes in base64, padded."""
    return base64.b64encode(value).decode()


def array_text(value: ArrayValue) -> str:
    """An array as compact OTLP JSON."""
    return _compact(_list_json(value.values))


def kvlist_text(value: KeyValueList) -> str:
    """A kvlist as compact OTLP JSON."""
    return _compact(_kvlist_json(value))


def _json(value: AnyValue) -> dict[str, Any]:
    which = value.WhichOneof("value")
    match which:
        case "string_value":
            return {"stringValue": value.string_value}
        case "int_value":
            return {"intValue": str(value.int_value)}
        case "bool_value":
            return {"boolValue": value.bool_value}
        case "double_value":
            number = value.double_value
            return {"doubleValue": number if math.isfinite(number) else double_text(number)}
        case "bytes_value":
            return {"bytesValue": bytes_text(value.bytes_value)}
        case "array_value":
            return {"arrayValue": _list_json(value.array_value.values)}
        case "kvlist_value":
            return {"kvlistValue": _kvlist_json(value.kvlist_value)}
        case _:
            return {}


def _list_json(values: Sequence[AnyValue]) -> dict[str, Any]:
    return {"values": [_json(item) for item in values]}


def _kvlist_json(value: KeyValueList) -> dict[str, Any]:
    return {"values": [{"key": item.key, "value": _json(item.value)} for item in value.values]}


def _compact(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
