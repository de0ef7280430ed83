"""Asking a backend over HTTP: again where it is busy, in parallel up to a limit."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar, final

import httpx

from k6spec.collect.access import Access
from k6spec.collect.sources import refusals
from k6spec.errors import StackFault

_A = TypeVar("_A")
_B = TypeVar("_B")

_BUSY: Final = frozenset({429, 502, 503, 504})
_CUT_OFF: Final = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
_ATTEMPTS: Final = 5
_LONGEST_PAUSE: Final = 15.0


@final
class Backend:
    """A backend's HTTP API. Safe to use by several threads.

    Args:
        name: for people: ``Jaeger``.
        tenant_header: the header in which it takes the tenant.
        concurrency: the most requests at once.

    Raises:
        ConfigError: a certificate cannot be read, or the proxy is none.
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
        self,
        method: str,
        path: str,
        *,
        absent: Collection[int] = (404,),
        fine: Collection[int] = (),
        **more: Any,
    ) -> httpx.Response | None:
        """The answer to a request, or None where the status says that there is nothing.

        Args:
            absent: statuses that mean so.
            fine: statuses of answers to give as they are, besides those of success.
            more: as httpx takes it: ``params``, ``headers``, ``json``, ``content``.

        Raises:
            StackFault: it does not answer, refuses us, or fails.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                response = self._client.request(method, path, **more)
            except httpx.RequestError as error:
                if attempt < _ATTEMPTS and isinstance(error, _CUT_OFF):
                    continue  # a connection that the backend had closed meanwhile
                raise refusals.unreachable(self._name, self._access, error) from None
            if response.is_success or response.status_code in fine:
                return response
            if response.status_code in absent:
                return None
            if response.status_code not in _BUSY or attempt == _ATTEMPTS:
                break
            time.sleep(_pause(response, attempt))
        raise refusals.refused(self._name, self._access, response)

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

    def strange(self, response: httpx.Response, expected: str, *, advice: str = "") -> StackFault:
        """The fault of an answer that is not what this API gives."""
        return refusals.strange(self._name, self._access, response, expected, advice)


def _pause(response: httpx.Response, attempt: int) -> float:
    """Seconds to wait before asking again: what it says, within reason."""
    return min(_LONGEST_PAUSE, max(_retry_after(response), 0.1 * (1 << attempt)))


def _retry_after(response: httpx.Response) -> float:
    """Seconds; RFC 9110 has a number of them, or a date."""
    text = response.headers.get("retry-after", "")
    if text.isdecimal():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    # An HTTP date without its zone is in UTC all the same.
    return (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
