"""How an endpoint that is not ours is reached: address, headers, certificates, tenant, proxy."""

from __future__ import annotations

import base64
import ipaddress
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, final
from urllib.parse import unquote, urlsplit, urlunsplit

from k6spec.errors import ConfigError
from k6spec.options import Options
from k6spec.units import Duration, seconds

if TYPE_CHECKING:
    import httpx

_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")
_SHORTEST_SECRET: Final = 4


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

    url: str = field(repr=False)
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
            ConfigError: a certificate file cannot be read, or the environment's proxy is none.
        """
        import httpx

        headers = httpx.Headers(dict(self.headers))
        if self.tenant is not None and tenant_header is not None:
            headers.setdefault(tenant_header, self.tenant)
        loopback = is_loopback(self.url)
        try:
            return httpx.Client(
                base_url=self.url,
                headers=headers,
                verify=self.tls(),
                proxy=None if loopback else self.proxy,
                trust_env=not loopback,
                timeout=self.timeout.seconds,
                limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            )
        except (ValueError, ImportError) as error:
            raise ConfigError(
                f"the proxy for {self.shown} cannot be used: {self.hide(str(error))}; "
                "set proxy, or correct HTTP_PROXY, HTTPS_PROXY, ALL_PROXY (http://host:port)"
            ) from None

    def tls(self) -> ssl.SSLContext:
        """What is trusted, and the client's own certificate.

        Raises:
            ConfigError: a certificate file cannot be read.
        """
        try:
            context = ssl.create_default_context(cafile=None if self.ca is None else str(self.ca))
            if self.client_cert is not None:
                context.load_cert_chain(self.client_cert, self.client_key, password=_no_passphrase)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(str(path) for path in (self.ca, self.client_cert, self.client_key) if path)
            raise ConfigError(f"a certificate cannot be read ({files}): {error}") from error
        return context

    def hide(self, text: str) -> str:
        """``text`` less the secrets that it repeats: a server's answer may quote what it was sent."""
        for secret in sorted(self._secrets(), key=len, reverse=True):
            text = text.replace(secret, "…")
        return text

    def _secrets(self) -> Iterator[str]:
        addresses = (urlsplit(url) for url in (self.url, self.proxy) if url is not None)
        found = [*self.headers.values(), *(parts.password or "" for parts in addresses)]
        for value in found:
            yield from (part for part in (value, *value.split()) if len(part) >= _SHORTEST_SECRET)


def read_access(options: Options, root: Path) -> Access:
    """The access that a table of settings describes; paths in it start at ``root``.

    A user and password in the URL become a header, so that the URL can be shown.

    Raises:
        ConfigError: a value is missing or wrong.
    """
    hint = "write an address with scheme, as in https://tempo.example:3200"
    url = checked_url(options, "url", options.required("url"), hint)
    headers = options.texts("headers")
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise options.wrong("url", "write it without what begins with ? or #; secrets go into headers")
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        if not any(name.lower() == "authorization" for name in headers):
            headers["Authorization"] = "Basic " + base64.b64encode(user.encode()).decode()
        url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    for name, value in headers.items():
        _check_header(options, f"headers.{name}", name, value)
    tenant = options.text("tenant")
    if tenant is not None:
        _check_header(options, "tenant", "tenant", tenant)
    proxy = options.text("proxy")
    if proxy is not None:
        proxy = checked_url(options, "proxy", proxy, "write http://host:port")

    def file(name: str) -> Path | None:
        path = options.text(name)
        return None if path is None else root / Path(path).expanduser()

    access = Access(
        url=url,
        headers=headers,
        ca=file("ca"),
        client_cert=file("client_cert"),
        client_key=file("client_key"),
        tenant=tenant,
        proxy=proxy,
        timeout=options.duration("timeout", seconds(10)),
    )
    if access.client_key is not None and access.client_cert is None:
        raise options.wrong("client_key", "set client_cert too")
    if not access.timeout.ns:
        raise options.wrong("timeout", "write a duration above zero")
    return access


def checked_url(options: Options, name: str, url: str, hint: str) -> str:
    """``url``, the value of ``name``, without trailing slashes.

    Raises:
        ConfigError: it is no ``http://`` or ``https://`` address; says ``hint``.
    """
    import httpx

    try:
        httpx.URL(url)
        good = is_http_address(url)
    except (ValueError, httpx.InvalidURL):
        good = False
    if not good:
        raise options.wrong(name, hint)
    return url.rstrip("/")


def is_http_address(url: str) -> bool:
    """Whether it begins with ``http://`` or ``https://`` and a host, and has no port that none can listen at."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this one by a loopback address, ``0.0.0.0`` or the name ``localhost``."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        address = ipaddress.ip_address(host)
        return address.is_loopback or address.is_unspecified
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _check_header(options: Options, what: str, name: str, value: str) -> None:
    if not _HEADER_NAME.fullmatch(name):
        raise ConfigError(f"{options.where}: {what}: {name!r} is not the name of a header")
    if not _HEADER_VALUE.fullmatch(value):
        raise ConfigError(
            f"{options.where}: {what} holds a line break, or a character that headers cannot carry; "
            "see where its value comes from"
        )


def _no_passphrase() -> str:
    raise ConfigError("client_key (or client_cert) is encrypted; give a key without a passphrase")
