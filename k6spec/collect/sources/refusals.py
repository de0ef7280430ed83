"""Why a backend gives no answer, in words: what was seen, and which setting to look at."""

from __future__ import annotations

import re
from typing import Final

import httpx

from k6spec.collect.access import Access
from k6spec.errors import StackFault

_SHOWN_BODY: Final = 200
_NOT_FOR_ALL: Final = re.compile(r"[?#].*|(?<=//)[^/]*@")
_WHOSE: Final = "[tool.k6spec.source]"
_WRONG_URL: Final = "check that the source's url is that of its API, and its kind"

_TLS: Final = (
    ("CERTIFICATE_VERIFY_FAILED", "set ca to a file with the certificate of the authority that signed its own"),
    ("CERTIFICATE_REQUIRED", "it wants a client's certificate: set client_cert (and client_key)"),
    ("HANDSHAKE_FAILURE", "it may want a client's certificate: set client_cert (and client_key)"),
    ("UNKNOWN_CA", "it does not trust the client's certificate: see client_cert"),
    ("WRONG_VERSION_NUMBER", "it does not speak TLS at this port: write http:// in url"),
    ("RECORD_LAYER_FAILURE", "it does not speak TLS at this port: write http:// in url"),
)
"""What OpenSSL says in its errors, and what it most often means."""


def unreachable(name: str, access: Access, error: httpx.RequestError) -> StackFault:
    """The fault of a request that got no answer.

    Args:
        name: the backend's, for people.
    """
    said = access.hide(str(error)) or type(error).__name__
    where = f"{name} at {access.shown}"
    if isinstance(error, httpx.ConnectTimeout):
        return StackFault(
            f"{where} does not answer: no connection within {access.timeout}",
            advice=f"check url and proxy of {_WHOSE}, and what is between here and there",
        )
    if isinstance(error, httpx.TimeoutException):
        return StackFault(
            f"{where} took longer than {access.timeout} to answer",
            advice=f"raise timeout of {_WHOSE}, or see why it is slow",
        )
    if isinstance(error, httpx.ProxyError):
        return StackFault(
            f"{name} at {access.shown} is not reached: the proxy says {said}",
            advice=f"check proxy of {_WHOSE}, or HTTP_PROXY, HTTPS_PROXY, NO_PROXY where it is not set",
        )
    if isinstance(error, httpx.RemoteProtocolError):
        return StackFault(
            f"what listens at {access.shown} does not answer as HTTP wants it: {said}",
            advice=f"check the port in url of {_WHOSE}: is it one for gRPC?",
        )
    advice = f"check url, proxy and certificates (ca, client_cert) of {_WHOSE}"
    for sign, meaning in _TLS:
        if sign in said:
            advice = f"in {_WHOSE}: {meaning}"
            break
    return StackFault(f"{where} does not answer: {said}", advice=advice)


def refused(name: str, access: Access, response: httpx.Response) -> StackFault:
    """The fault of an answer that is an error."""
    status = response.status_code
    cause = f"{name} at {access.shown} answered {_asked(response)} with {status}"
    if response.has_redirect_location:
        target = _NOT_FOR_ALL.sub("", response.headers["location"])
        return StackFault(
            access.hide(f"{cause}, a redirect to {target}"),
            advice=f"write the address behind it as url of {_WHOSE}; if it is a page to sign in at, set headers",
        )
    advice = "see its log"
    if status in {401, 403}:
        advice = f"set headers (or tenant) of {_WHOSE} to what it wants to see"
    elif status in {404, 405}:
        advice = _WRONG_URL
    elif status == 400:
        advice = f"check url, headers and tenant of {_WHOSE}; see its log"
    return StackFault(f"{cause}: {_beginning(access, response)}", advice=advice)


def strange(name: str, access: Access, response: httpx.Response, expected: str, advice: str = "") -> StackFault:
    """The fault of an answer that is not what this API gives."""
    return StackFault(
        f"{name} at {access.shown} answered {_asked(response)} with something else than {expected}: "
        f"{_beginning(access, response)}",
        advice=advice or _WRONG_URL,
    )


def _asked(response: httpx.Response) -> str:
    return response.request.url.path


def _beginning(access: Access, response: httpx.Response) -> str:
    text = " ".join(access.hide(response.text[: 10 * _SHOWN_BODY]).split())
    return text[:_SHOWN_BODY] or "nothing"
