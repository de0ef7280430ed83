"""OTLP/JSON to OTLP/protobuf.

Protobuf's own JSON mapping with OTLP's exceptions (OTLP specification, "JSON Protobuf Encoding"): trace and span
ids are hexadecimal, in either case; enums are integers, never names.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any, Final

from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from k6spec.collect.otlp_objects import quick_request

_IDS: Final = ("traceId", "spanId", "parentSpanId")


def traces_from_json(body: bytes | str) -> bytes:
    """An ExportTraceServiceRequest (or TracesData) in JSON, as protobuf.

    An id that is not hexadecimal becomes an empty one: decode drops and counts such a span, and its siblings
    are kept. Characters that UTF-8 cannot carry (halves of surrogate pairs) become U+FFFD.

    Raises:
        ValueError: it is not such a message.
    """
    return traces_from_object(_load(body))


def traces_from_object(request: dict[str, Any]) -> bytes:
    """The same for JSON that is read already; ``request`` may be changed.

    Raises:
        ValueError: it is not such a message.
    """
    quick = quick_request(request)
    if quick is not None:
        return quick.SerializeToString()
    try:
        for span in spans_of(request):
            _hex_ids_to_base64(span)
            for link in span.get("links") or ():
                _hex_ids_to_base64(link)
            for enum in (span.get("kind"), (span.get("status") or {}).get("code")):
                if isinstance(enum, str):
                    raise ValueError(f"enums are integers in OTLP/JSON, not names: {enum!r}")
    except (AttributeError, TypeError):
        raise ValueError("not an ExportTraceServiceRequest in JSON") from None
    return _parse(request, ExportTraceServiceRequest())


def message_from_json(body: bytes | str, empty: Message) -> bytes:
    """Metrics or logs in JSON, as protobuf of ``empty``'s type; ids in them are not cared for.

    Raises:
        ValueError: it is not such a message.
    """
    return _parse(_load(body), empty)


def _load(body: bytes | str) -> dict[str, Any]:
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(request, dict):
        raise ValueError("not a JSON object")
    return request


def _parse(request: dict[str, Any], message: Message) -> bytes:
    try:
        try:
            ParseDict(request, message, ignore_unknown_fields=True)
        except (ParseError, UnicodeEncodeError, SystemError):  # the last from half a surrogate pair in a key
            scrubbed = _scrub(request)
            if scrubbed == request:
                raise
            message.Clear()
            ParseDict(scrubbed, message, ignore_unknown_fields=True)
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError, ParseError) as error:
        raise ValueError(f"not a {message.DESCRIPTOR.name} in JSON: {error}") from None
    return message.SerializeToString()


def spans_of(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The spans in an ExportTraceServiceRequest, wherever they are."""
    for resource in request.get("resourceSpans") or ():
        for scope in resource.get("scopeSpans") or ():
            yield from scope.get("spans") or ()


def _hex_ids_to_base64(holder: dict[str, Any]) -> None:
    for name in _IDS:
        if text := holder.get(name):
            try:
                raw = bytes.fromhex(text)
            except ValueError:
                # Not a root either: a parent that cannot be read makes the span undecodable, as its id would.
                raw = b"?" if name == "parentSpanId" else b""
            holder[name] = base64.b64encode(raw).decode()


def _scrub(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_scrub(item) for item in value]
    if isinstance(value, dict):
        return {_scrub(key): _scrub(item) for key, item in value.items()}
    return value
