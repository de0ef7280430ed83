"""An endpoint that takes OTLP: where it is, and over which protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, final
from urllib.parse import urlsplit

from k6spec.collect.access import Access, checked_url, read_access
from k6spec.options import Options

Wire = Literal["http", "grpc"]
"""OTLP's protocols, both with protobuf."""

TRACES: Final = "/v1/traces"
"""Where OTLP over HTTP takes spans."""

_GRPC: Final = {"grpc": "http", "grpcs": "https"}
_GRPC_PORT: Final = 4317
_HINT: Final = "write an address with scheme, as in http://127.0.0.1:4318, or for gRPC grpc://127.0.0.1:4317"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An endpoint.

    Attributes:
        access: its URL has the scheme http, or https for TLS, with either protocol.
    """

    access: Access
    wire: Wire

    @property
    def shown(self) -> str:
        """Its address for people."""
        if self.wire == "http":
            return self.access.shown
        tls = urlsplit(self.access.url).scheme == "https"
        return ("grpcs" if tls else "grpc") + self.access.shown[self.access.shown.index(":") :]

    @property
    def http_url(self) -> str:
        """The URL of traces."""
        url = self.access.url.rstrip("/")
        return url if url.endswith(TRACES) else url + TRACES

    @property
    def grpc_address(self) -> str:
        """Host and port."""
        parts = urlsplit(self.access.url)
        host = parts.netloc.rpartition("@")[2]
        return host if parts.port else f"{host}:{_GRPC_PORT}"


def make_target(
    url: str, *, where: str, headers: Mapping[str, str], root: Path, environ: Mapping[str, str], **settings: object
) -> Target:
    """The endpoint at a URL with scheme ``http``, ``https``, ``grpc`` or ``grpcs``.

    Args:
        where: names what is set, in errors.
        headers: may hold ``${NAME}``, which stands for the variable's value in ``environ``.
        root: relative paths start there.
        settings: more of :func:`~k6spec.collect.access.read_access`: ``ca``, ``client_cert``, ``client_key``,
            ``proxy``.

    Raises:
        ConfigError: the URL, a header or a file is not what it should be.
    """
    scheme = url.partition("://")[0].lower()
    wire: Wire = "grpc" if scheme in _GRPC else "http"
    http = _GRPC.get(scheme, scheme) + url[len(scheme) :]
    table = {"url": http, "headers": dict(headers), **{name: value for name, value in settings.items() if value}}
    options = Options(table, where=where, environ=environ)
    as_given = Options({"url": url}, where=where, environ=environ)
    checked = checked_url(as_given, "url", options.required("url"), _HINT)
    if wire == "grpc" and urlsplit(checked).path:
        raise as_given.wrong("url", "write it without a path: gRPC knows none")
    access = read_access(options, root)
    options.end()
    return Target(access=access, wire=wire)
