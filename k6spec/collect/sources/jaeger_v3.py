"""Jaeger's API v3: traces as OTLP in JSON.

Source: jaegertracing/jaeger ``…/jaegerquery/internal/apiv3/{http_gateway,query_parser}.go``, ``internal/jptrace``;
seen in 2.0 and 2.13 besides.

- Up to 2.18 parameters are in snake_case, from 2.19 on in camelCase. Names that are not known do no harm, so both
  are sent.
- Raw traces are asked for: else Jaeger would sort, merge and correct spans (up to 2.20 those that it keeps, for
  good) and cut traces of more than ``max_trace_size`` of them.
- An answer is one object today. It is meant to be streamed one day, as gateways to gRPC do: an object a line.
- What Jaeger itself has to say of a span is among its attributes, as ``@jaeger@…``.
- Stores that keep Jaeger's old model of a span (in memory up to 2.7) lose flags, counts of what was dropped, and
  attributes and trace states of links; arrays and kvlists come as text; a span without status gets one by its
  ``http.status_code``. Others lose nothing, but a span that took no time gets a nanosecond (from 2.7 on).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from k6spec.collect.otlp_json import spans_of, traces_from_object
from k6spec.collect.sources.base import WantedTraces
from k6spec.collect.sources.by_id import Answer
from k6spec.collect.sources.jaeger_api import JaegerApi, says_cut

_OWN: Final = "@jaeger@"
_DECODER: Final = json.JSONDecoder()


def _parameters(wanted: WantedTraces) -> dict[str, str]:
    begin, end = (_rfc3339(ns) for ns in wanted.widened)
    return {
        "startTime": begin,
        "start_time": begin,
        "endTime": end,
        "end_time": end,
        "rawTraces": "true",
        "raw_traces": "true",
    }


def _rfc3339(ns: int) -> str:
    return datetime.fromtimestamp(ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(text: str) -> Answer:
    resources: list[Any] = []
    for answer in _objects(text):
        result = answer.get("result")
        if not isinstance(result, dict):
            raise ValueError("no result")
        resources += result.get("resourceSpans") or ()
    request = {"resourceSpans": resources}
    cut = _OWN in text and _take_own_words(request)
    return Answer(message=traces_from_object(request) if resources else b"", cut=cut)


def _objects(text: str) -> list[dict[str, Any]]:
    found = []
    position, end = 0, len(text.rstrip())
    while position < end:
        answer, position = _DECODER.raw_decode(text, position)
        if not isinstance(answer, dict):
            raise ValueError("not an object")
        found.append(answer)
        while position < end and text[position].isspace():
            position += 1
    if not found:
        raise ValueError("nothing")
    return found


def _take_own_words(request: dict[str, Any]) -> bool:
    """Takes Jaeger's own attributes off the spans. Whether they say that spans are missing."""
    cut = False
    for span in spans_of(request):
        attributes = span.get("attributes") or ()
        own = [one for one in attributes if one.get("key", "").startswith(_OWN)]
        if own:
            span["attributes"] = [one for one in attributes if one not in own]
            cut = cut or says_cut(json.dumps(own))
    return cut


def _is_error(answer: Any) -> bool:
    return isinstance(answer, dict) and isinstance(answer.get("error"), dict)


API_V3: Final = JaegerApi(path="/api/v3/traces/", parameters=_parameters, read=_read, is_error=_is_error)
