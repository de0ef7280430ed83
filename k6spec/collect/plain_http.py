"""One HTTP request to what is expected to be near: no proxy, no redirect, no connection that stays.

Readiness is asked for many times a second, by sessions that need httpx for nothing else: it takes 0.1 s to import,
and 30 ms a request to read certificates that only https needs.

Whether a certificate is to be trusted is k6's to say, by its script's options: here it matters only to a password.
"""

from __future__ import annotations

import ssl
from base64 import b64encode
from dataclasses import dataclass
from http.client import HTTP_PORT, HTTPS_PORT, HTTPConnection, HTTPException, HTTPSConnection
from string import punctuation
from typing import Final, Literal, final
from urllib.parse import SplitResult, quote, unquote, urlsplit

UNANSWERED: Final = (OSError, HTTPException, ValueError)
"""What :func:`ask` raises: nothing answers there, what answers is no HTTP, the URL is none."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Of an HTTP server."""

    status: int
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the status is one of success."""
        return self.status // 100 == 2


def ask(url: str, *, timeout: float, method: Literal["GET", "POST"] = "GET") -> Answer:
    """The answer of ``url``, whatever its status.

    Args:
        url: its user and password are sent along, its fragment is not.
        timeout: seconds, to connect and for each part of the answer.

    Raises:
        UNANSWERED: there is none.
    """
    parts = urlsplit(url)
    connection = _connection(parts, timeout)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {}
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {b64encode(user.encode()).decode()}"
    try:
        connection.request(method, quote(target, safe=punctuation), headers=headers)
        response = connection.getresponse()
        return Answer(status=response.status, body=response.read())
    except (ConnectionResetError, BrokenPipeError) as error:
        # Which one is a race, and so are Python's words for it.
        raise ConnectionResetError("the connection was ended without an answer") from error
    finally:
        connection.close()


def _connection(parts: SplitResult, timeout: float) -> HTTPConnection:
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address begins with http:// or https://, and a host")
    if parts.scheme == "http":
        return HTTPConnection(parts.hostname, parts.port or HTTP_PORT, timeout=timeout)
    context = _unverified() if parts.username is None else _verified()
    return HTTPSConnection(parts.hostname, parts.port or HTTPS_PORT, timeout=timeout, context=context)


def _unverified() -> ssl.SSLContext:
    """Without certificates, which take long to read and would serve nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _verified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:  # as with python.org's Python on macOS
        import certifi

        context.load_verify_locations(certifi.where())
    return context
