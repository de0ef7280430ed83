"""How an endpoint that is not ours is reached: address, headers, certificates, tenant, proxy."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import final
from urllib.parse import urlsplit, urlunsplit

import httpx

from k6spec.errors import ConfigError
from k6spec.options import Options
from k6spec.units import Duration, seconds


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """An endpoint.

    Attributes:
        url: with scheme; a path is kept; without a trailing slash.
        headers: sent with every request; secret: never shown, logged or archived.
        ca: a file of certificates to trust in place of the system's.
        client_cert, client_key: files of the client's certificate and its key (PEM; the key may be in the first).
        tenant: whose data; which header carries it depends on the backend.
        proxy: ``http://host:port``; default: the environment's. A loopback address is never proxied.
        timeout: of one request.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    tenant: str | None = None
    proxy: str | None = field(default=None, repr=False)
    timeout: Duration = seconds(10)

    @property
    def shown(self) -> str:
        """The URL for people, without user and password."""
        parts = urlsplit(self.url)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

    def client(self, *, tenant_header: str | None = None, connections: int = 10) -> httpx.Client:
        """A client whose relative URLs are below :attr:`url`.

        Args:
            tenant_header: the header in which this backend takes the tenant.
            connections: the most at once.

        Raises:
            ConfigError: a certificate file cannot be read.
        """
        headers = dict(self.headers)
        if self.tenant is not None and tenant_header is not None:
            headers.setdefault(tenant_header, self.tenant)
        loopback = is_loopback(self.url)
        return httpx.Client(
            base_url=self.url,
            headers=headers,
            verify=self.tls(),
            proxy=None if loopback else self.proxy,
            trust_env=not loopback,
            timeout=self.timeout.seconds,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        )

    def tls(self) -> ssl.SSLContext:
        """What is trusted, and the client's own certificate.

        Raises:
            ConfigError: a certificate file cannot be read.
        """
        try:
            context = ssl.create_default_context(cafile=None if self.ca is None else str(self.ca))
            if self.client_cert is not None:
                context.load_cert_chain(self.client_cert, self.client_key)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(str(path) for path in (self.ca, self.client_cert, self.client_key) if path)
            raise ConfigError(f"a certificate cannot be read ({files}): {error}") from error
        return context


def read_access(options: Options, root: Path) -> Access:
    """The access that a table of settings describes; paths in it start at ``root``.

    Raises:
        ConfigError: a value is missing or wrong.
    """
    url = options.required("url").rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise options.wrong("url", "write an address with scheme, as in https://tempo.example:3200")

    def file(name: str) -> Path | None:
        path = options.text(name)
        return None if path is None else root / path

    return Access(
        url=url,
        headers=options.texts("headers"),
        ca=file("ca"),
        client_cert=file("client_cert"),
        client_key=file("client_key"),
        tenant=options.text("tenant"),
        proxy=options.text("proxy"),
        timeout=options.duration("timeout", seconds(10)),
    )


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this one by its loopback address or the name ``localhost``."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
