"""What k6 must not connect to where the settings allow no public host: k6's own ``blacklistIPs``.

k6 looks at each connection that it opens: names, redirects, WebSockets and gRPC are taken in, and a request on an
open connection costs nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network
from typing import Final

_LOCAL: Final = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/3",
)
"""Loopback and private addresses, and those that lead nowhere (IANA's registry of special purposes)."""


def _without(whole: IPv4Network, parts: list[IPv4Network]) -> Iterator[IPv4Network]:
    inside = [part for part in parts if part.subnet_of(whole)]
    if not inside:
        yield whole
    elif whole not in inside:
        for half in whole.subnets():
            yield from _without(half, inside)


PUBLIC_RANGES: Final = [
    *(str(found) for found in _without(IPv4Network("0.0.0.0/0"), [IPv4Network(part) for part in _LOCAL])),
    *(str(ip_network(part)) for part in ("2000::/3", "64:ff9b::/96")),
]
"""All addresses that the world can reach."""
