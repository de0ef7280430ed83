"""The functions with which flows declare requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypedDict, Unpack

from k6spec.declare.flow.answers import Check, Source, json, statuses_of
from k6spec.declare.flow.auth import Auth, Basic, Bearer, check_headers
from k6spec.declare.flow.bodies import File, body_of
from k6spec.declare.flow.steps import Request
from k6spec.declare.flow.template import BUILT_IN, NAME, Json, Text, texts_of
from k6spec.declare.keywords import check_keywords
from k6spec.declare.location import duration_of, reject, whole_number
from k6spec.units import Duration

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


class Options(TypedDict, total=False):
    """What every request takes.

    ``name``: k6's ``name`` tag; by default ``"METHOD path"`` with the placeholders as written. ``query``: added
    to the path, encoded. ``cookies``: beside those that earlier answers set, which k6 keeps for the iteration.
    ``auth``: :func:`basic` or :func:`bearer`. ``expect``: the status or statuses that count as success; by
    default k6's 200-399. ``extract``: name -> where its value is in the answer, :func:`json` (or just its path),
    :func:`header`, :func:`cookie`, :func:`regex`; a missing value ends the iteration with a failed check.
    ``check``: label -> k6 check, as in ``flow.json("items").exists()``. ``timeout``: k6's, 60 s by default.
    ``redirects``: how many to follow, 10 by default.
    """

    name: str | None
    headers: Mapping[str, Text] | None
    query: Mapping[str, Text] | None
    cookies: Mapping[str, Text] | None
    auth: Auth | None
    expect: int | tuple[int, ...]
    extract: Mapping[str, str | Source] | None
    check: Mapping[str, Check] | None
    timeout: str | Duration | None
    redirects: int | None


class WithBody(Options, total=False):
    """What a request with a body takes: one of these, and what every request takes.

    ``json``: sent as JSON; a text that is nothing but a placeholder keeps the value's type. ``form``: URL-encoded
    fields. ``multipart``: fields, with at least one :func:`file`. ``text``: any text; it is ``text/plain`` unless
    a header says otherwise.
    """

    json: Json
    form: Mapping[str, Text] | None
    multipart: Mapping[str, Text | File] | None
    text: Text | None


def request(method: str, path: str, **options: Unpack[WithBody]) -> Request:
    """An HTTP request.

    Args:
        method: GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS.
        path: relative to the system's base URL, or a whole URL. Values of placeholders are encoded, but for one
            at the very beginning, which is an address.
        options: see :class:`WithBody` and :class:`Options`.
    """
    check_keywords("a request", options, WithBody.__annotations__)
    verb = method.upper() if isinstance(method, str) else reject(f"method={method!r}: write it as a string")
    if verb not in _METHODS:
        reject(f"method={method!r}: use one of {', '.join(_METHODS)}")
    if not isinstance(path, str) or not path.startswith(("/", "http://", "https://", "{")):
        reject(f'path={path!r}: begin with "/" (relative to the base URL) or with http:// or https://')
    name = options.get("name") or f"{verb} {path.partition('?')[0]}"
    headers = texts_of("headers", options.get("headers"))
    check_headers(headers)
    auth = options.get("auth")
    if auth is not None and not isinstance(auth, (Basic, Bearer)):
        reject('auth: write flow.basic("user", secret("PASSWORD")) or flow.bearer(secret("TOKEN"))')
    if auth is not None and any(header.lower() == "authorization" for header in headers):
        reject(f"{name}: auth and the header Authorization say the same; leave one away")
    expect = options.get("expect", ())
    timeout, redirects = options.get("timeout"), options.get("redirects")
    return Request(
        method=verb,
        path=path,
        name=name,
        headers=headers,
        query=texts_of("query", options.get("query")),
        cookies=texts_of("cookies", options.get("cookies")),
        auth=auth,
        body=body_of(
            json=options.get("json"),
            form=options.get("form"),
            multipart=options.get("multipart"),
            text=options.get("text"),
        ),
        expect=statuses_of("expect", (expect,) if isinstance(expect, int) else tuple(expect)),
        extract=_extract(options.get("extract") or {}),
        check=_check(options.get("check") or {}),
        timeout=None if timeout is None else duration_of("timeout", timeout),
        redirects=None if redirects is None else whole_number("redirects", redirects, least=0),
    )


def get(path: str, **options: Unpack[Options]) -> Request:
    """A GET request; see :func:`request`."""
    return request("GET", path, **options)


def head(path: str, **options: Unpack[Options]) -> Request:
    """A HEAD request; see :func:`request`."""
    return request("HEAD", path, **options)


def post(path: str, **options: Unpack[WithBody]) -> Request:
    """A POST request; see :func:`request`."""
    return request("POST", path, **options)


def put(path: str, **options: Unpack[WithBody]) -> Request:
    """A PUT request; see :func:`request`."""
    return request("PUT", path, **options)


def patch(path: str, **options: Unpack[WithBody]) -> Request:
    """A PATCH request; see :func:`request`."""
    return request("PATCH", path, **options)


def delete(path: str, **options: Unpack[WithBody]) -> Request:
    """A DELETE request; see :func:`request`."""
    return request("DELETE", path, **options)


def _extract(extract: Mapping[str, str | Source]) -> dict[str, Source]:
    if not isinstance(extract, Mapping):
        reject(f'extract={extract!r}: name what is taken, as in extract={{"id": "items.0.id"}}')
    sources = {}
    for name, where in extract.items():
        if not isinstance(name, str) or not NAME.fullmatch(name) or name in BUILT_IN:
            reject(f"extract {name!r}: use a plain name other than {' and '.join(BUILT_IN)}")
        source = json(where) if isinstance(where, str) else where
        if not isinstance(source, Source):
            reject(f'extract {name!r}: write a JSON path, or flow.header("Location") and the like')
        sources[name] = source
    return sources


def _check(check: Mapping[str, Check]) -> dict[str, Check]:
    if not isinstance(check, Mapping):
        reject(f'check={check!r}: name each check, as in check={{"has items": flow.json("items").exists()}}')
    for label, item in check.items():
        if not isinstance(label, str) or not label:
            reject(f"check {label!r}: name each check with a text")
        if "::" in label:
            reject(f"check {label!r}: k6 takes no :: in a check's name")
        if not isinstance(item, Check):
            reject(f'check {label!r}: write flow.json("items").exists() and the like')
    return dict(check)
