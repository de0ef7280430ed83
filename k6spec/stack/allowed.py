"""Which hosts may be loaded: loopback and private addresses, and those that the settings name.

Nobody should load production by a typo: a host that all the world can reach is named once, in ``allow_hosts``.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pyarrow.compute as pc
import pyarrow.parquet as pq

from k6spec.declare.load import Load
from k6spec.errors import ConfigError

_WEB: Final = ("http://", "https://")
_K6_REFUSED: Final = "ip is blacklisted"
_IN_LOG: Final = re.compile(r"IP \((?P<address>[^()]+)\) is in a blacklisted range \((?P<range>[^()]+)\)")


def check_hosts(load: Load, base_url: str | None, allowed: Sequence[str]) -> None:
    """Nothing of the load goes to a public host that is not allowed.

    Looks at the system's base URL, flows' own ones and whole URLs of their requests. What a script requests
    is known to itself only: see :func:`check_requested`. A name that cannot be resolved is left to whoever asks
    it next.

    Args:
        base_url: of the system under test; None if it is not known yet.
        allowed: host names and addresses; ``*.example.com`` takes in all names below that one.

    Raises:
        ConfigError: there is such a host; nothing was sent.
    """
    urls = [] if base_url is None else [base_url]
    for url in [*urls, *(url for part in load.parts for url in _urls(part.scenario.describe()))]:
        host = _host(url)
        public = None if not host or is_allowed(host, allowed) else _public_address(host)
        if public is not None:
            raise _refusal(host if host == public else f"{host} ({public})", host)


def check_requested(requests: Path, log: Path, blocked: Sequence[str]) -> None:
    """Nothing of the load wanted to go to a public host, while none is allowed: k6 did not connect to it.

    Args:
        requests: the run's table of requests; ``url`` there may be a name that the script gave.
        log: k6's, which alone tells of gRPC.
        blocked: the ranges of addresses to which k6 did not connect; others are the script's own.

    Raises:
        ConfigError: there was such a request.
    """
    refused = pq.read_table(requests, columns=["url"], filters=pc.field("error") == _K6_REFUSED)
    urls = sorted({str(url) for url in refused["url"].unique().to_pylist()})
    if hosts := sorted({host for url in urls if (host := _host(url))}):
        raise _refusal(", ".join(hosts), hosts[0])
    if urls:
        raise _refusal(urls[0], "its.name")
    for host in _failed_handshakes(requests):  # nobody tells why they failed
        if _public_address(host) is not None:
            raise _refusal(host, host)
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if (found := _IN_LOG.search(line)) and found["range"] in blocked:
                raise _refusal(found["address"], found["address"])


def _failed_handshakes(requests: Path) -> list[str]:
    unanswered = (pc.field("protocol") == "websocket") & (pc.field("status") == 0)
    urls = pq.read_table(requests, columns=["url"], filters=unanswered)["url"].unique().to_pylist()
    return sorted({host for url in urls if (host := _host(str(url)))})


def _refusal(shown: str, host: str) -> ConfigError:
    return ConfigError(
        f"this would load {shown}, which is neither loopback nor a private address; nothing was sent there. "
        f'If it is meant, name it once: allow_hosts = ["{host}"] in [tool.k6spec], or K6SPEC_ALLOW_HOSTS={host}'
    )


def _urls(plain: object) -> Iterator[str]:
    """Addresses that requests of a described scenario go to."""
    if isinstance(plain, Mapping):
        for name, value in plain.items():
            if name in ("path", "base_url") and isinstance(value, str) and value.startswith(_WEB):
                yield value
            else:
                yield from _urls(value)
    elif isinstance(plain, (list, tuple)):
        for item in plain:
            yield from _urls(item)


def _host(url: str) -> str:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return "" if "{" in host else host.rstrip(".")


def is_allowed(host: str, allowed: Sequence[str]) -> bool:
    """Whether a host is among those that the settings name."""
    for item in allowed:
        name = ((urlsplit(item).hostname or "") if "://" in item else item.strip("[]").lower()).rstrip(".")
        if host == name or (name.startswith("*.") and host.endswith(name[1:])):
            return True
    return False


def _public_address(host: str) -> str | None:
    """An address of the host that all the world can reach; None if it has none, or cannot be resolved."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    for *_, address in found:
        text = str(address[0]).partition("%")[0]
        number = ipaddress.ip_address(text)
        if isinstance(number, ipaddress.IPv6Address) and number.ipv4_mapped is not None:
            number = number.ipv4_mapped
        if number.is_global:
            return text
    return None
