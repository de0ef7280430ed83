"""Asking a backend over HTTP: again where it is busy, in parallel up to a limit, its refusals in words."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, TypeVar, final

import httpx

from k6spec.collect.access import Access
from k6spec.errors import StackFault

_A = TypeVar("_A")
_B = TypeVar("_B")

_BUSY: Final = frozenset({429, 502, 503, 504})
_ATTEMPTS: Final = 5
_LONGEST_PAUSE: Final = 5.0
_SHOWN_BODY: Final = 200


@final
class Backend:
    """A backend's HTTP API. Safe to use by several threads.

    Args:
        name: for people: ``Jaeger``.
        tenant_header: the header in which it takes the tenant.
        concurrency: the most requests at once.
    """

    def __init__(
        self, name: str, access: Access, *, tenant_header: str | None = None, concurrency: int = 8
    ) -> None:
        self._name = name
        self._access = access
        self._client = access.client(tenant_header=tenant_header, connections=concurrency)
        self._concurrency = concurrency

    @property
    def address(self) -> str:
        """Its URL, without credentials."""
        return self._access.shown

    def ask(
        self, method: str, path: str, *, absent: Collection[int] = (404,), **more: Any
    ) -> httpx.Response | None:
        """The answer to a request, or None where the status says that there is nothing.

        Args:
            absent: statuses that mean so.
            more: as httpx takes it: ``params``, ``headers``, ``json``, ``content``.

        Raises:
            StackFault: it does not answer, refuses us, or fails.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                response = self._client.request(method, path, **more)
            except httpx.TransportError as error:
                if attempt < _ATTEMPTS and isinstance(error, (httpx.RemoteProtocolError, httpx.ReadError)):
                    continue  # a connection that the backend had closed meanwhile
                raise self._unreachable(error) from error
            if response.status_code in absent:
                return None
            if response.is_success:
                return response
            if response.status_code not in _BUSY or attempt == _ATTEMPTS:
                break
            time.sleep(_pause(response, attempt))
        raise self._refused(response)

    def each(self, function: Callable[[_A], _B], arguments: Iterable[_A]) -> Iterator[_B]:
        """``function`` of each argument, in order, as many at once as the backend is asked; not all ahead."""
        waiting: deque[Future[_B]] = deque()
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="k6spec-source") as pool:
            try:
                for argument in arguments:
                    waiting.append(pool.submit(function, argument))
                    if len(waiting) >= 4 * self._concurrency:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def close(self) -> None:
        """Ends its connections. Safe to call again."""
        self._client.close()

    def strange(self, response: httpx.Response, expected: str) -> StackFault:
        """The fault of an answer that is not what this API gives."""
        return StackFault(
            f"{self._name} at {self.address} answered {response.request.url.path} with something else than "
            f"{expected}: {_beginning(response)}",
            advice="check that the source's url is that of its API, and its kind",
        )

    def _unreachable(self, error: httpx.TransportError) -> StackFault:
        return StackFault(
            f"{self._name} does not answer at {self.address}: {error or type(error).__name__}",
            advice="check url, proxy and certificates (ca, client_cert) of [tool.k6spec.source]",
        )

    def _refused(self, response: httpx.Response) -> StackFault:
        status = response.status_code
        advice = "see its log"
        if status in {401, 403}:
            advice = "set headers (or tenant) of [tool.k6spec.source] to what it wants to see"
        elif status in {404, 405}:
            advice = "check that the source's url is that of its API, and its kind"
        return StackFault(
            f"{self._name} at {self.address} answered {response.request.url.path} with {status}: "
            f"{_beginning(response)}",
            advice=advice,
        )


def _pause(response: httpx.Response, attempt: int) -> float:
    """Seconds to wait before asking again: what it says, within reason."""
    asked = 0.0
    with suppress(ValueError):
        asked = float(response.headers.get("retry-after", "0"))
    return min(_LONGEST_PAUSE, max(asked, 0.1 * (1 << attempt)))


def _beginning(response: httpx.Response) -> str:
    return " ".join(response.text.split())[:_SHOWN_BODY] or "nothing"
