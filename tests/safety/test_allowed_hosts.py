"""Nobody loads production by a typo: a public host is named once in the settings, or nothing is sent."""

from __future__ import annotations

import pytest

from k6spec import ConfigError, Scenario, constant_vus, flow
from k6spec.config import load_config
from k6spec.declare.load import declare_load
from k6spec.stack.allowed import check_hosts, is_allowed

HERE = "http://127.0.0.1:8080"


def load(path: str = "/items", base_url: str | None = None):
    return declare_load(Scenario.http(flow.get(path), base_url=base_url), constant_vus(1, "1s"))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080",
        "http://localhost",
        "http://[::1]:8080",
        "http://0.0.0.0:8080",
        "http://10.1.2.3",
        "https://192.168.0.7/shop",
        "http://172.16.0.1",
        "http://[fd00::1]",
        "http://[::ffff:10.0.0.1]",
        "http://user:password@127.0.0.1",
        "http://no-such-host.invalid",
    ],
)
def test_loopback_private_and_unknown_hosts_are_no_matter(url: str) -> None:
    check_hosts(load(), url, ())


@pytest.mark.parametrize("host", ["8.8.8.8", "[2001:4860:4860::8888]", "[::ffff:8.8.8.8]", "134744072"])
def test_a_public_address_is_refused_with_what_to_write(host: str) -> None:
    with pytest.raises(ConfigError, match=r"(?s)neither loopback nor a private.*nothing was sent.*allow_hosts = "):
        check_hosts(load(), f"https://user:hunter2@{host}/", ())


def test_the_error_does_not_tell_the_password() -> None:
    with pytest.raises(ConfigError) as caught:
        check_hosts(load(), "https://user:hunter2@8.8.8.8/", ())
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("declared", [load(base_url="https://8.8.8.8"), load(path="https://8.8.8.8/items")])
def test_what_flows_name_themselves_is_looked_at_too(declared) -> None:
    with pytest.raises(ConfigError, match=r"would load 8\.8\.8\.8"):
        check_hosts(declared, HERE, ())
    check_hosts(declared, HERE, ("8.8.8.8",))


def test_a_wildcard_takes_in_the_names_below_it_and_not_itself() -> None:
    assert is_allowed("api.shop.internal", ("*.internal",))
    assert not is_allowed("internal", ("*.internal",))
    assert not is_allowed("shop-internal", ("*.internal",))


@pytest.mark.parametrize("allowed", ["8.8.8.8", "https://8.8.8.8/", "8.8.8.8."])
def test_a_host_that_is_named_is_loaded(allowed: str) -> None:
    check_hosts(load(), "https://8.8.8.8", ("other", allowed))


def test_settings_and_the_environment_name_hosts(tmp_path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.k6spec]\nallow_hosts = ["staging.example.com", "*.internal"]\n'
    )
    assert load_config(tmp_path, {}, {}).allow_hosts == ("staging.example.com", "*.internal")
    from_environ = load_config(tmp_path, {"K6SPEC_ALLOW_HOSTS": "a.example, *.b.example"}, {})
    assert from_environ.allow_hosts == ("a.example", "*.b.example")


@pytest.mark.parametrize("value", ['"staging.example.com"', "[1]", '[""]'])
def test_hosts_are_a_list_of_texts(tmp_path, value: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.k6spec]\nallow_hosts = {value}\n")
    with pytest.raises(ConfigError, match="write a list of texts"):
        load_config(tmp_path, {}, {})
