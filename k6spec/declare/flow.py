"""Flows written in Python: the steps of a scenario that needs no k6 script.

::

    from k6spec import Scenario, flow

    buy = Scenario.http(
        flow.get("/products", extract={"sku": "products.0.sku"}),
        flow.think("500ms"),
        flow.post("/checkout", json={"customer": "c{vu}", "items": [{"sku": "{sku}", "quantity": 1}]}, expect=201),
    )

``{name}`` in a path, header, query or JSON text stands for a value extracted by an earlier step, or for one
of ``{vu}`` and ``{iteration}``; a JSON text that is nothing but ``{name}`` keeps the value's type. ``{{`` and
``}}`` are literal braces. What goes beyond this is a k6 script: ``Scenario.script``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, final

from k6spec.declare.location import duration_of, reject
from k6spec.units import Duration

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""A JSON body; its texts may hold ``{placeholders}``."""

BUILT_IN: Final = ("vu", "iteration")
"""Placeholders that every flow has: k6's VU id in the test, and the VU's iteration in the scenario."""

PLACEHOLDER: Final = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}")
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request of a flow.

    ``expect`` holds the statuses that count as success; ``extract`` maps names to paths in the JSON answer,
    in the syntax of k6's ``Response.json(selector)``.
    """

    method: str
    path: str
    name: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    json: Json = None
    expect: tuple[int, ...] = ()
    extract: Mapping[str, str] = field(default_factory=dict)
    timeout: Duration | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Think:
    """Think time, uniformly distributed between ``least`` and ``most``."""

    least: Duration
    most: Duration


Step = Request | Think
"""A step of a flow."""


def request(
    method: str,
    path: str,
    *,
    name: str | None = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    json: Json = None,
    expect: int | tuple[int, ...] = (),
    extract: Mapping[str, str] | None = None,
    timeout: str | Duration | None = None,
) -> Request:
    """An HTTP request.

    Args:
        path: relative to the system's base URL, or a whole URL.
        name: k6's ``name`` tag; by default ``"METHOD path"`` with the placeholders as written.
        expect: the status or statuses that count as success; by default k6's 200-399.
        extract: name -> path in the JSON answer; a missing value ends the iteration as failed.
        timeout: k6's request timeout, 60 s by default.
    """
    verb = method.upper() if isinstance(method, str) else reject(f"method={method!r}: write it as a string")
    if verb not in _METHODS:
        reject(f"method={method!r}: use one of {', '.join(_METHODS)}")
    if not path.startswith(("/", "http://", "https://", "{")):
        reject(f'path={path!r}: begin with "/" (relative to the base URL) or with http:// or https://')
    statuses = (expect,) if isinstance(expect, int) else tuple(expect)
    for status in statuses:
        if isinstance(status, bool) or not isinstance(status, int) or not 100 <= status <= 599:
            reject(f"expect={status!r}: an HTTP status lies between 100 and 599")
    for key in extract or {}:
        if not _NAME.fullmatch(key) or key in BUILT_IN:
            reject(f"extract {key!r}: use a plain name other than {' and '.join(BUILT_IN)}")
    return Request(
        method=verb,
        path=path,
        name=name or f"{verb} {path.partition('?')[0]}",
        headers=dict(headers or {}),
        query=dict(query or {}),
        json=json,
        expect=statuses,
        extract=dict(extract or {}),
        timeout=None if timeout is None else duration_of("timeout", timeout),
    )


def get(
    path: str,
    *,
    name: str | None = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    expect: int | tuple[int, ...] = (),
    extract: Mapping[str, str] | None = None,
) -> Request:
    """A GET request; see :func:`request`."""
    return request("GET", path, name=name, headers=headers, query=query, expect=expect, extract=extract)


def post(
    path: str,
    *,
    json: Json = None,
    name: str | None = None,
    headers: Mapping[str, str] | None = None,
    expect: int | tuple[int, ...] = (),
    extract: Mapping[str, str] | None = None,
) -> Request:
    """A POST request with a JSON body; see :func:`request`."""
    return request("POST", path, json=json, name=name, headers=headers, expect=expect, extract=extract)


def think(least: str | Duration, most: str | Duration | None = None) -> Think:
    """Think time: ``least``, or uniformly between ``least`` and ``most``."""
    low = duration_of("think", least)
    high = low if most is None else duration_of("think", most)
    if high < low:
        reject(f"think({least!r}, {most!r}): the longest time is shorter than the shortest")
    return Think(least=low, most=high)


def check_placeholders(steps: tuple[Step, ...]) -> None:
    """Raises a DeclarationError for a placeholder that no earlier step extracts."""
    known = set(BUILT_IN)
    for step in steps:
        if not isinstance(step, Request):
            continue
        for text in _texts(step):
            for match in PLACEHOLDER.finditer(text):
                if match[1] and match[1] not in known:
                    reject(
                        f"{step.name}: {{{match[1]}}} is not known here; known are "
                        f"{', '.join(sorted(known))} (extract it in an earlier step, or write {{{{ for a brace)"
                    )
        known |= set(step.extract)


def _texts(step: Request) -> Iterator[str]:
    yield step.path
    yield from step.headers.values()
    yield from step.query.values()
    yield from json_texts(step.json)


def json_texts(value: Json) -> Iterator[str]:
    """Every text in a JSON body, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from json_texts(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from json_texts(item)
