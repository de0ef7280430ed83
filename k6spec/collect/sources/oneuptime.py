"""OneUptime, asked by its span list API for a hundred traces at once, page by page.

Source: OneUptime/oneuptime (12.0 and before): ``Common/Server/API/BaseAnalyticsAPI.ts``,
``Common/Types/BaseDatabase/Includes.ts``, ``Common/Server/Utils/AnalyticsDatabase/StatementGenerator.ts``,
``Common/Models/AnalyticsModels/Span.ts``, ``App/FeatureSet/Telemetry/Services/OtelTracesIngestService.ts``. All of
this is verified against that source only: OneUptime itself could not be run against, and the tests replay answers
made after it.

- It answers an export before it takes it in, and inserts without waiting: hence the lag.
- ``count`` is a lower bound. Where a list says that it is at its end and has fewer spans than that (a query that
  took too long gives a part and no error), its traces are truncated.
- Sorting is by one column: of two it makes SQL that is none.
- Attributes of spans, resources (``resource.…``) and scopes (``scope.…``) share one map of texts; its own stamps
  (``oneuptime.…``) are in it too, and left out here. Types are lost, kvlists are flattened, bytes are dropped.
- Times went through a double: start and duration are multiples of 256 ns. A kind that is unspecified is internal.
  Span flags, links' trace states and counts of what SDKs dropped are not kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, final

import httpx
import pyarrow as pa

from k6spec.collect.access import Access, read_access
from k6spec.collect.decode import decode
from k6spec.collect.sources.asking import Backend
from k6spec.collect.sources.base import WantedTraces
from k6spec.collect.sources.oneuptime_spans import SELECTED, otlp_of
from k6spec.errors import StackFault
from k6spec.options import Options
from k6spec.units import Duration, seconds

_LAG: Final = seconds(15)
_CHUNK: Final = 100
_PAGE: Final = 10_000
_LIST: Final = "/api/span/get-list"
_ADVICE: Final = (
    'set headers = { apikey = "${…}" } of [tool.k6spec.source] to an API key that may read traces, and project'
)


def make(options: Options, root: Path) -> OneUptimeSource:
    """The source that a table of settings describes.

    Beside those of every endpoint (the API key goes into the header ``apikey``): ``project``, the project's id
    (``tenant`` means the same), without which there are no links; ``page``, the spans of one answer (10,000, which
    is the most that OneUptime gives); and ``lag``.

    Raises:
        ConfigError: a value is missing or wrong.
    """
    access = read_access(options, root)
    return OneUptimeSource(
        access,
        project=options.text("project", access.tenant),
        lag=options.duration("lag", _LAG),
        page=options.number("page", _PAGE, lowest=1, highest=_PAGE),
    )


@final
class OneUptimeSource:
    """A :class:`~k6spec.collect.sources.base.TraceSource` over OneUptime's API."""

    name: Final = "oneuptime"
    by_id: Final = True

    def __init__(
        self, access: Access, *, project: str | None = None, lag: Duration = _LAG, page: int = _PAGE
    ) -> None:
        self._backend = Backend("OneUptime", access, concurrency=4)
        self._project = project
        self._headers = {} if project is None else {"projectid": project}
        self._lag = lag
        self._page = page
        self._truncated: set[bytes] = set()

    @property
    def address(self) -> str:
        """Its URL."""
        return self._backend.address

    @property
    def lag(self) -> Duration:
        """15 s, unless set."""
        return self._lag

    def check(self) -> None:
        """Asks for the spans of a trace that nobody has.

        Raises:
            StackFault: it does not answer, or refuses us.
        """
        self._list([b"k6spec asks here"], skip=0, limit=1)

    def fetch(self, wanted: WantedTraces) -> Iterator[pa.RecordBatch]:
        """All spans that are there now of the wanted traces, a hundred traces a batch.

        Raises:
            StackFault: it does not answer, refuses us, or answers something else.
        """
        chunks = [wanted.trace_ids[at : at + _CHUNK] for at in range(0, len(wanted.trace_ids), _CHUNK)]
        for chunk, (spans, whole) in zip(chunks, self._backend.each(self._all, chunks), strict=True):
            self._truncated.difference_update(chunk)
            batch, undecodable = decode([otlp_of(spans)])
            if undecodable or not whole:
                self._truncated.update(chunk)
            if batch.num_rows:
                yield batch

    def truncated(self) -> frozenset[bytes]:
        """Traces that were asked for where it counted more spans than it gave in the end."""
        return frozenset(self._truncated)

    def trace_url(self, trace_id: str, span_id: str | None = None) -> str | None:
        """The trace in its dashboard, where the project is known."""
        if self._project is None:
            return None
        focus = "" if span_id is None else f"?spanId={span_id}"
        return f"{self.address}/dashboard/{self._project}/traces/view/{trace_id}{focus}"

    def close(self) -> None:
        """Ends connections. Safe to call again."""
        self._backend.close()

    def _all(self, trace_ids: Sequence[bytes]) -> tuple[list[Mapping[str, Any]], bool]:
        """The spans of some traces, each once, and whether those are all that it knows of."""
        spans: dict[tuple[str, str], Mapping[str, Any]] = {}
        given = counted = 0
        while True:
            page, count, more = self._list(trace_ids, skip=given, limit=self._page)
            given += len(page)
            counted = max(counted, count)
            for span in page:
                spans.setdefault((span["traceId"], span["spanId"]), span)
            if not (more and page):
                return list(spans.values()), not more and given >= counted

    def _list(
        self, trace_ids: Sequence[bytes], *, skip: int, limit: int
    ) -> tuple[list[Mapping[str, Any]], int, bool]:
        """A page of spans, how many it counts in all (or fewer), and whether more come after."""
        response = self._ask(
            {
                "query": {"traceId": {"_type": "Includes", "value": [trace_id.hex() for trace_id in trace_ids]}},
                "select": dict.fromkeys(SELECTED, True),
                "sort": {"spanId": "ASC"},
            },
            {"skip": skip, "limit": limit},
        )
        try:
            reply = response.json()
            page, count = reply["data"], int(reply["count"])
            more = bool(reply.get("hasMore", len(page) >= limit))
            if not all(isinstance(span["traceId"] + span["spanId"], str) for span in page):
                raise TypeError
        except (ValueError, KeyError, TypeError, AttributeError):
            raise self._backend.strange(response, "a list of spans in JSON") from None
        return page, count, more

    def _ask(self, body: Mapping[str, Any], params: Mapping[str, int]) -> httpx.Response:
        try:
            response = self._backend.ask("POST", _LIST, json=body, params=params, headers=self._headers, absent=())
        except StackFault as fault:
            # A wrong API key is a 400 to it.
            about_key = "API Key" in fault.cause or "ProjectID" in fault.cause
            raise StackFault(fault.cause, advice=_ADVICE if about_key else fault.advice) from None
        assert response is not None
        return response
