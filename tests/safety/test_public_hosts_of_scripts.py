"""A script's own requests: k6 connects to no public address as long as the settings allow none."""

from __future__ import annotations

import ipaddress
import json
import re
from contextlib import nullcontext

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from k6spec import ConfigError, Scenario, constant_vus, flow
from k6spec.declare.load import declare_load
from k6spec.k6.environment import k6_environment
from k6spec.script.blocked import PUBLIC_RANGES
from k6spec.script.compiler import CompiledScript, compile_load
from k6spec.stack.allowed import check_requested
from k6spec.store.requests import REQUESTS

RANGES = [ipaddress.ip_network(text) for text in PUBLIC_RANGES]


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.31.255.255", "192.168.0.7", "169.254.169.254", "100.64.0.1", "::1", "fd00::1"],
)
def test_loopback_and_private_addresses_stay_open(address: str) -> None:
    assert not any(ipaddress.ip_address(address) in found for found in RANGES)


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "8.8.8.8",
        "172.32.0.1",
        "172.15.255.255",
        "192.1.0.1",
        "192.0.78.24",
        "223.255.255.255",
        "2001:4860::8",
    ],
)
def test_public_addresses_are_closed(address: str) -> None:
    assert sum(ipaddress.ip_address(address) in found for found in RANGES) == 1


def compiled_script(tmp_path, source: str, *, only_private: bool = True) -> CompiledScript:
    script = tmp_path / "user.js"
    script.write_text(source)
    load = declare_load(Scenario.script(script), constant_vus(1, "1s"))
    out = tmp_path / "out"
    return compile_load(load, run_key=b"abcd", base_url="http://x", out=out, only_private=only_private)


PROXY = {"HTTP_PROXY": "http://proxy:3128", "https_proxy": "http://proxy:3128", "NO_PROXY": "x"}
PLAIN = "import http from 'k6/http'; import 'https://jslib.k6.io/k6-utils/1.4.0/index.js'; export default () => 0;"


@pytest.mark.parametrize(
    ("source", "only_private", "kept"),
    [
        (PLAIN, True, {"NO_PROXY"}),
        (PLAIN, False, {*PROXY}),
        ("import 'https://elsewhere.example/lib.js';" + PLAIN, True, {*PROXY}),
        ("import sql from 'k6/x/sql';" + PLAIN, True, {*PROXY}),
    ],
    ids=["none allowed", "one allowed", "a module of elsewhere", "an extension"],
)
def test_no_proxy_takes_requests_where_k6_itself_may_not_go(tmp_path, source, only_private, kept) -> None:
    found = k6_environment(PROXY, compiled_script(tmp_path, source, only_private=only_private))
    assert {name for name in found if "proxy" in name.lower()} == kept


def test_a_list_of_k6s_own_opens_nothing(tmp_path) -> None:
    found = k6_environment({"K6_BLACKLIST_IPS": "10.0.0.0/8"}, compiled_script(tmp_path, PLAIN))
    assert found["K6_BLACKLIST_IPS"].split(",") == ["10.0.0.0/8", *PUBLIC_RANGES]


REFUSED = 'level=error msg="error while dialing: IP (198.51.100.4) is in a blacklisted range (198.32.0.0/11)"'


@pytest.mark.parametrize(
    ("url", "status", "line", "host"),
    [
        ("wss://8.8.8.8/chat", 0, "", "8.8.8.8"),
        ("http://shop/", 200, REFUSED, "198.51.100.4"),
        ("wss://8.8.8.8/chat", 101, "", None),
        ("ws://127.0.0.1/chat", 0, REFUSED.replace("198.32.0.0/11", "198.51.100.0/24"), None),
    ],
    ids=["a WebSocket", "gRPC", "answered", "the script's own range"],
)
def test_what_k6_did_not_connect_to_is_told(tmp_path, url, status, line, host) -> None:
    protocol = "websocket" if url.startswith("ws") else "http"
    row = {"request_id": 0, "url": url, "status": status, "protocol": protocol, "error": "the handshake failed"}
    pq.write_table(pa.Table.from_pylist([row], REQUESTS), tmp_path / "requests.parquet")
    (tmp_path / "k6.log").write_text(f"{line}\n")

    with pytest.raises(ConfigError, match=f"would load {re.escape(host)},") if host else nullcontext():
        check_requested(tmp_path / "requests.parquet", tmp_path / "k6.log", PUBLIC_RANGES)


@pytest.mark.parametrize("only_private", [True, False])
def test_where_a_host_is_allowed_nothing_is_closed(tmp_path, only_private: bool) -> None:
    load = declare_load(Scenario.http(flow.get("/")), constant_vus(1, "1s"))
    compile_load(load, run_key=b"abcd", base_url="http://x", out=tmp_path, only_private=only_private)
    text = (tmp_path / "settings.js").read_text()
    settings = json.loads(text.partition("=")[2].strip().rstrip(";"))
    assert settings["blockedIPs"] == (PUBLIC_RANGES if only_private else [])
