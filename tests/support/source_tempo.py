"""Tempo for tests. NOT the real one, which cannot be had here: answers made after its source, replayed.

After grafana/tempo: ``modules/frontend/combiner/trace_by_id_v2.go`` (an id that is not there: 200 and an empty
trace), ``trace_by_id.go`` (v1: 404), ``combiner/common.go`` (Accept chooses between protobuf and gogo's JSON),
``modules/querier/http.go`` (a trace that is too large), dskit's authentication ("no org id").
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from k6spec.collect.sources.registry import make_source
from k6spec.collect.sources.tempo import TempoSource
from tests.support.answering import Answer, Asked, answering
from tests.support.golden import GOLDEN

TENANT = "team-a"
_PROTOBUF = "application/protobuf"
_NO_PAGE = Answer(b"404 page not found\n", 404)


class Tempo:
    """What it has: messages by trace id in hex.

    ``partial`` are the traces that exceed the most that it gives, ``hidden`` those which it has, but does not show
    yet; each is shown ``delay`` seconds after it came first. ``asked`` are the requests so far.

    Args:
        v2: whether it has the API that says PARTIAL (2.6 and newer).
    """

    def __init__(self, *, v2: bool = True) -> None:
        self._v2 = v2
        self._traces: dict[str, list[bytes]] = {}
        self.partial: set[str] = set()
        self.hidden: set[str] = set()
        self.delay = 0.0
        self._came: dict[str, float] = {}
        self.asked: list[Asked] = []
        self.url = ""

    def take(self, *messages: bytes) -> None:
        """Takes in an export: each trace gets a message with its spans of it."""
        for message in messages:
            for trace_id, part in _by_trace(message):
                self._came.setdefault(trace_id, time.monotonic())
                self._traces.setdefault(trace_id, []).append(part)

    def answer(self, asked: Asked) -> Answer:
        """What it answers."""
        self.asked.append(asked)
        if asked.path == "/api/echo":
            return Answer(b"echo")
        version, _, trace_id = asked.path.rpartition("/")
        if version not in {"/api/traces", "/api/v2/traces"} or (version == "/api/v2/traces" and not self._v2):
            return _NO_PAGE
        if asked.headers["X-Scope-OrgID"] != TENANT:
            return Answer(b"no org id\n", 401)
        early = time.monotonic() < self._came.get(trace_id, 0.0) + self.delay
        found = [] if early or trace_id in self.hidden else self._traces.get(trace_id, [])
        if version == "/api/traces":
            return self._v1_answer(asked, trace_id, found)
        partial = trace_id in self.partial
        trace = _trace(found[:1] if partial else found)
        if asked.headers["Accept"] == _PROTOBUF:
            return Answer(_response(trace, partial), kind=_PROTOBUF)
        body = {"trace": MessageToDict(trace), "status": "PARTIAL" if partial else "COMPLETE", "metrics": {}}
        return Answer(json.dumps(body).encode(), kind="application/json")

    def source(self, **settings: Any) -> TempoSource:
        """A source that reads it."""
        table = {"kind": "tempo", "url": self.url, "tenant": TENANT, **settings}
        source = make_source(table, root=Path(), environ={})
        assert isinstance(source, TempoSource)
        return source

    def _v1_answer(self, asked: Asked, trace_id: str, found: list[bytes]) -> Answer:
        if trace_id in self.partial:
            return Answer(b"trace exceeds max size (max bytes: 5000000)", 500)
        if not found:
            return Answer(b"", 404)
        trace = _trace(found)
        if asked.headers["Accept"] == _PROTOBUF:
            return Answer(trace.SerializeToString(), kind=_PROTOBUF)
        batches = {"batches": MessageToDict(trace)["resourceSpans"]}
        return Answer(json.dumps(batches).encode(), kind="application/json")


@contextmanager
def tempo(**how: Any) -> Iterator[Tempo]:
    """It while the block runs."""
    backend = Tempo(**how)
    with answering(backend.answer) as url:
        backend.url = url
        yield backend


@contextmanager
def loaded_tempo(_folder: Path) -> Iterator[tuple[TempoSource, Collection[str]]]:
    """One that holds the golden traces: it keeps all there is."""
    with tempo() as backend:
        backend.take(*GOLDEN)
        yield backend.source(), ()


@contextmanager
def loaded_tempo_v1(_folder: Path) -> Iterator[tuple[TempoSource, Collection[str]]]:
    """An old one."""
    with tempo(v2=False) as backend:
        backend.take(*GOLDEN)
        yield backend.source(), ()


LOADED = {"tempo": loaded_tempo, "tempo v1": loaded_tempo_v1}
"""For tests/support/sources.py."""


def _by_trace(message: bytes) -> Iterator[tuple[str, bytes]]:
    data = TracesData.FromString(message)
    spans = [s for r in data.resource_spans for scope in r.scope_spans for s in scope.spans]
    for trace_id in dict.fromkeys(span.trace_id for span in spans):
        part = TracesData.FromString(message)
        for resource_spans in part.resource_spans:
            for scope_spans in resource_spans.scope_spans:
                kept = [span for span in scope_spans.spans if span.trace_id == trace_id]
                del scope_spans.spans[:]
                scope_spans.spans.extend(kept)
        yield trace_id.hex(), part.SerializeToString()


def _trace(messages: list[bytes]) -> TracesData:
    # On the wire, messages of repeated fields one behind the other are one.
    return TracesData.FromString(b"".join(messages))


def _response(trace: TracesData, partial: bool) -> bytes:
    """tempopb.TraceByIDResponse: trace = 1, metrics = 2 (inspectedBytes = 1), status = 3, message = 4."""
    body = trace.SerializeToString()
    answer = b"\x0a" + _varint(len(body)) + body + bytes.fromhex("1202") + bytes.fromhex("0805")
    if partial:
        words = b"Trace exceeds maximum size of 5000000 bytes, a partial trace is returned"
        answer += bytes.fromhex("1801") + b"\x22" + _varint(len(words)) + words
    return answer


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])
