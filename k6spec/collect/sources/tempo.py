"""Tempo, asked for each trace by its id: its search gives the first so many that it finds, never all.

Source: grafana/tempo ``modules/frontend`` (the handlers and combiners of traces by id),
``modules/querier/http.go``, ``pkg/tempopb/tempo.proto`` and its API's documentation. Tempo itself could not be run
against (docs/how-to/tempo.md says why): a server of the tests answers, written after that source.

- v2 answers an id that it does not have with 200 and an empty trace, v1 with 404. Servers before 2.6 have v1 only.
- v2 cuts what exceeds ``max_bytes_per_trace`` and says PARTIAL, which it also says of traces that it pruned; v1
  fails instead. Both are a truncated trace here.
- Tempo 3 hides the newest 30 seconds (``query_end_cutoff``) from its queries, and what was just written takes its
  time besides: hence the lag.
- ``start`` and ``end`` choose the blocks that are looked into, so they are widened by what clocks may be apart.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, final

import httpx
import pyarrow as pa
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from k6spec.collect.access import Access, read_access
from k6spec.collect.sources.asking import Backend
from k6spec.collect.sources.base import WantedTraces
from k6spec.collect.sources.by_id import NOT_THERE, Answer, TraceDecoder
from k6spec.collect.sources.grafana import Explore, read_explore
from k6spec.errors import StackFault
from k6spec.options import Options
from k6spec.units import Duration, seconds

_LAG: Final = seconds(35)
_PROTOBUF: Final = "application/protobuf"
_PROTOBUF_KINDS: Final = frozenset({_PROTOBUF, "application/x-protobuf", "application/octet-stream"})
_TOO_LARGE: Final = "exceeds max size"
_PARTIAL: Final = 1
_NOBODYS_TRACE: Final = b"k6spec asks here"


def make(options: Options, root: Path) -> TempoSource:
    """The source that a table of settings describes.

    Beside those of every endpoint (``tenant`` goes into X-Scope-OrgID): ``lag``; and for links to Grafana's
    Explore, ``grafana`` (its URL), ``datasource`` (Tempo's uid there) and ``org`` (1).

    Raises:
        ConfigError: a value is missing or wrong.
    """
    return TempoSource(
        read_access(options, root), lag=options.duration("lag", _LAG), explore=read_explore(options)
    )


@final
class TempoSource:
    """A :class:`~k6spec.collect.sources.base.TraceSource` over Tempo's query frontend."""

    name: Final = "tempo"
    by_id: Final = True

    def __init__(self, access: Access, *, lag: Duration = _LAG, explore: Explore | None = None) -> None:
        self._backend = Backend("Tempo", access, tenant_header="X-Scope-OrgID")
        self._lag = lag
        self._explore = explore
        self._has_v2: bool | None = None
        self._decoder = TraceDecoder()
        self._range_ns: tuple[int, int] | None = None

    @property
    def address(self) -> str:
        """Its URL."""
        return self._backend.address

    @property
    def lag(self) -> Duration:
        """35 s, unless set."""
        return self._lag

    def check(self) -> None:
        """Asks for a trace that nobody has; where that says nothing, whether this is Tempo at all.

        Raises:
            StackFault: it does not answer, or refuses us.
        """
        now = int(time.time())
        self._get(_NOBODYS_TRACE, {"start": now - 60, "end": now})
        if not self._has_v2:
            self._backend.ask("GET", "/api/echo", absent=())

    def fetch(self, wanted: WantedTraces) -> Iterator[pa.RecordBatch]:
        """All spans that are there now of the wanted traces, some megabytes of traces a batch.

        Raises:
            StackFault: it does not answer, refuses us, or answers something else.
        """
        self._range_ns = (wanted.begin_ns, wanted.end_ns)
        begin, end = wanted.widened
        window = {"start": begin // 10**9, "end": -(-end // 10**9)}
        answers = self._backend.each(partial(self._get, window=window), wanted.trace_ids)
        yield from self._decoder.batches(wanted.trace_ids, answers)

    def truncated(self) -> frozenset[bytes]:
        """The traces that were PARTIAL or too large when they were last asked for."""
        return self._decoder.truncated

    def trace_url(self, trace_id: str, span_id: str | None = None) -> str | None:
        """The trace in Grafana's Explore, where its address is set."""
        return None if self._explore is None else self._explore.url(trace_id, span_id, self._range_ns)

    def close(self) -> None:
        """Ends connections. Safe to call again."""
        self._backend.close()

    def _get(self, trace_id: bytes, window: dict[str, int]) -> Answer:
        try:
            if self._has_v2 is not False:
                response = self._ask(f"/api/v2/traces/{trace_id.hex()}", window)
                if response is not None:
                    self._has_v2 = True
                    return self._read_v2(response)
                if self._has_v2:
                    return NOT_THERE
            response = self._ask(f"/api/traces/{trace_id.hex()}", window)
        except StackFault as fault:
            if _TOO_LARGE in fault.cause:
                return Answer(message=b"", cut=True)
            raise
        if response is None:
            return NOT_THERE
        if self._has_v2 is None:
            self._has_v2 = False
        return Answer(message=self._checked(response).content, cut=False)

    def _ask(self, path: str, window: dict[str, int]) -> httpx.Response | None:
        return self._backend.ask("GET", path, params=window, headers={"Accept": _PROTOBUF})

    def _checked(self, response: httpx.Response) -> httpx.Response:
        if response.headers.get("content-type", _PROTOBUF).partition(";")[0] not in _PROTOBUF_KINDS:
            raise self._backend.strange(response, "a trace in protobuf")
        return response

    def _read_v2(self, response: httpx.Response) -> Answer:
        try:
            answer: Any = _response_class().FromString(self._checked(response).content)
        except DecodeError:
            raise self._backend.strange(response, "a TraceByIDResponse") from None
        return Answer(message=answer.trace, cut=answer.status == _PARTIAL)


@cache
def _response_class() -> type[Message]:
    """``tempopb.TraceByIDResponse``, its trace left as bytes, its status (an enum) as the number."""
    file = FileDescriptorProto(name="k6spec/tempo.proto", package="k6spec.tempo", syntax="proto3")
    message = file.message_type.add(name="TraceByIDResponse")
    optional = FieldDescriptorProto.LABEL_OPTIONAL
    message.field.add(name="trace", number=1, label=optional, type=FieldDescriptorProto.TYPE_BYTES)
    message.field.add(name="status", number=3, label=optional, type=FieldDescriptorProto.TYPE_INT32)
    pool = DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return GetMessageClass(pool.FindMessageTypeByName("k6spec.tempo.TraceByIDResponse"))
