"""A script's own requests: k6 connects to no public address as long as the settings allow none."""

from __future__ import annotations

import ipaddress
import json

import pytest

from k6spec import Scenario, constant_vus, flow
from k6spec.declare.load import declare_load
from k6spec.script.blocked import PUBLIC_RANGES
from k6spec.script.compiler import compile_load

RANGES = [ipaddress.ip_network(text) for text in PUBLIC_RANGES]


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.31.255.255", "192.168.0.7", "169.254.169.254", "100.64.0.1", "::1", "fd00::1"],
)
def test_loopback_and_private_addresses_stay_open(address: str) -> None:
    assert not any(ipaddress.ip_address(address) in found for found in RANGES)


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "172.32.0.1", "172.15.255.255", "192.1.0.1", "223.255.255.255", "2001:4860::8"],
)
def test_public_addresses_are_closed(address: str) -> None:
    assert sum(ipaddress.ip_address(address) in found for found in RANGES) == 1


@pytest.mark.parametrize("only_private", [True, False])
def test_where_a_host_is_allowed_nothing_is_closed(tmp_path, only_private: bool) -> None:
    load = declare_load(Scenario.http(flow.get("/")), constant_vus(1, "1s"))
    compile_load(load, run_key=b"abcd", base_url="http://x", out=tmp_path, only_private=only_private)
    text = (tmp_path / "settings.js").read_text()
    settings = json.loads(text.partition("=")[2].strip().rstrip(";"))
    assert settings["blockedIPs"] == (PUBLIC_RANGES if only_private else [])
