"""Jaeger, asked for each trace by its id: its search gives the newest so many, never all.

Source: jaegertracing/jaeger ``cmd/jaeger/internal/extension/jaegerquery``; seen in 2.0.0-rc2 and 2.13. Jaeger
answers paths that it does not have with its UI's page and status 200, and others answer with a 404 of their own.
So an answer counts only if it reads as the API's, and that a trace is not there is believed in its words only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, final

import httpx
import pyarrow as pa

from k6spec.collect.access import Access, checked_url, read_access
from k6spec.collect.jaeger_link import jaeger_link
from k6spec.collect.sources.asking import Backend
from k6spec.collect.sources.base import WantedTraces
from k6spec.collect.sources.by_id import NOT_THERE, Answer, TraceDecoder
from k6spec.collect.sources.jaeger_api import JaegerApi
from k6spec.collect.sources.jaeger_legacy import LEGACY_API
from k6spec.collect.sources.jaeger_v3 import API_V3
from k6spec.options import Options
from k6spec.units import Duration, seconds

_LAG: Final = seconds(2)
_CONCURRENCY: Final = 8
_APIS: Final = {"v3": API_V3, "legacy": LEGACY_API}
_NOBODYS_TRACE: Final = "0" * 31 + "1"
_WHERE: Final = "check that the source's url is that of Jaeger's UI (port 16686 by default), with its base_path"


def make(options: Options, root: Path) -> JaegerSource:
    """The source that a table of settings describes.

    Beside those of every endpoint (``tenant`` goes into x-tenant): ``api`` (``auto``, ``v3`` or ``legacy``),
    ``concurrency`` (8 requests at once), ``lag`` (2 s) and ``ui`` (the UI's URL in links; else it is ``url``).

    Raises:
        ConfigError: a value is missing or wrong.
    """
    access = read_access(options, root)
    ui = options.text("ui")
    if ui is not None:
        ui = checked_url(options, "ui", ui, "write an address with scheme, as in https://jaeger.example")
    return JaegerSource(
        access,
        api=options.choice("api", ("auto", *_APIS)),
        concurrency=options.number("concurrency", _CONCURRENCY, lowest=1, highest=100),
        lag=options.duration("lag", _LAG),
        ui=ui,
    )


@final
class JaegerSource:
    """A :class:`~k6spec.collect.sources.base.TraceSource` over Jaeger's query service.

    Args:
        api: ``v3``, ``legacy``, or ``auto``: v3 if it is there.
        ui: of links; where Jaeger is asked if None.
    """

    name: Final = "jaeger"
    by_id: Final = True

    def __init__(
        self,
        access: Access,
        *,
        api: str = "auto",
        concurrency: int = _CONCURRENCY,
        lag: Duration = _LAG,
        ui: str | None = None,
    ) -> None:
        self._backend = Backend("Jaeger", access, tenant_header="x-tenant", concurrency=concurrency)
        self._api = _APIS.get(api)
        self._lag = lag
        self._ui = ui or access.shown
        self._decoder = TraceDecoder()

    @property
    def address(self) -> str:
        """Its URL."""
        return self._backend.address

    @property
    def lag(self) -> Duration:
        """2 s, unless set."""
        return self._lag

    def check(self) -> None:
        """Asks for a trace that nobody has, so that Jaeger says so in its own words.

        Raises:
            StackFault: it does not answer, refuses us, or is no Jaeger.
        """
        self._api = self._find_api()

    def fetch(self, wanted: WantedTraces) -> Iterator[pa.RecordBatch]:
        """All spans that are there now of the wanted traces, some megabytes of traces a batch.

        Raises:
            StackFault: it does not answer, refuses us, or answers something else.
        """
        if self._api is None:
            self._api = self._find_api()
        get = partial(self._get, self._api, self._api.parameters(wanted))
        yield from self._decoder.batches(wanted.trace_ids, self._backend.each(get, wanted.trace_ids))

    def truncated(self) -> frozenset[bytes]:
        """The traces that Jaeger had cut, or that held undecodable spans, when they were last asked for."""
        return self._decoder.truncated

    def trace_url(self, trace_id: str, span_id: str | None = None) -> str | None:
        """The trace in Jaeger's UI; the search for the span's id puts it in focus."""
        return jaeger_link(self._ui, trace_id, span_id)

    def close(self) -> None:
        """Ends connections. Safe to call again."""
        self._backend.close()

    def _find_api(self) -> JaegerApi:
        """The first of those that may be used that is there."""
        answers = []
        for api in _APIS.values() if self._api is None else (self._api,):
            answers.append(self._ask(api, _NOBODYS_TRACE, {}))
            if _is_own(api, answers[-1]):
                return api
        raise self._backend.strange(answers[0], "Jaeger's API", advice=_WHERE)

    def _get(self, api: JaegerApi, parameters: dict[str, str], trace_id: bytes) -> Answer:
        response = self._ask(api, trace_id.hex(), parameters)
        if response.status_code == httpx.codes.NOT_FOUND:
            if not _is_own(api, response):
                raise self._backend.strange(response, "Jaeger's API", advice=_WHERE)
            return NOT_THERE
        try:
            answer = api.read(response.text)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise self._backend.strange(response, "a trace of this API", advice=_WHERE) from None
        if answer.message and trace_id not in answer.message:
            # Ids in another encoding, as gateways to gRPC gave them before 1.53.
            raise self._backend.strange(response, "the trace asked for", advice='set api = "legacy"')
        return answer

    def _ask(self, api: JaegerApi, trace_id: str, parameters: dict[str, str]) -> httpx.Response:
        response = self._backend.ask(
            "GET", api.path + trace_id, absent=(), fine=(httpx.codes.NOT_FOUND,), params=parameters
        )
        assert response is not None
        return response


def _is_own(api: JaegerApi, response: httpx.Response) -> bool:
    """Whether it says, as this API does, that a trace is not there; or gives one."""
    try:
        if response.is_success:
            api.read(response.text)
            return True
        answer: Any = json.loads(response.text)
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    return api.is_error(answer)
