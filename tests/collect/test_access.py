"""How endpoints are reached: settings, certificates, proxies, and that secrets stay so."""

import base64
import logging
import ssl
import subprocess

import httpx
import pytest

from k6spec.collect.access import Access, is_loopback, read_access
from k6spec.collect.sources.asking import Backend
from k6spec.errors import ConfigError, StackFault
from k6spec.options import Options
from k6spec.units import seconds
from tests.support.answering import Answer, answering
from tests.support.certificates import make_certificates

SECRET = "s3cret-token"
PROXIES = (
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
)

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def recorder():
    """A server that says yes to all, and the requests it got."""
    asked = []

    def answer(request):
        asked.append(request)
        return Answer(b"yes")

    with answering(answer) as url:
        yield url, asked


def access(tmp_path, environ=(), **table):
    return read_access(Options(table, where="[tool.k6spec.source]", environ=dict(environ)), tmp_path)


def ask(endpoint, **more):
    """One request to the endpoint; its answer."""
    backend = Backend("Jaeger", endpoint, **more)
    try:
        return backend.ask("GET", "/x").text
    finally:
        backend.close()


def fault_of(endpoint):
    with pytest.raises(StackFault) as caught:
        ask(endpoint)
    return str(caught.value)


def error_of(tmp_path, **table):
    with pytest.raises(ConfigError) as caught:
        access(tmp_path, **{"url": "http://host", **table}).client()
    return str(caught.value)


# Settings


def test_what_can_be_set(tmp_path):
    endpoint = access(
        tmp_path,
        environ={"TOKEN": SECRET},
        url="https://jaeger.example:16686/base/",
        headers={"Authorization": "Bearer ${TOKEN}"},
        ca="ca.pem",
        client_cert="/etc/cert.pem",
        client_key="~/key.pem",
        tenant="shop",
        proxy="http://proxy.example:3128/",
        timeout="3s",
    )
    assert endpoint.url == "https://jaeger.example:16686/base"
    assert endpoint.headers == {"Authorization": f"Bearer {SECRET}"}
    assert endpoint.ca == tmp_path / "ca.pem"
    assert str(endpoint.client_cert) == "/etc/cert.pem"
    assert "~" not in str(endpoint.client_key)
    assert endpoint.tenant == "shop"
    assert endpoint.proxy == "http://proxy.example:3128"
    assert endpoint.timeout == seconds(3)


@pytest.mark.parametrize(
    "url",
    ["host:3200", "host", "ftp://host", "http://", "http://:80", "http://host:x", "http://host:99999", "http://["],
)
def test_what_is_no_address(tmp_path, url):
    said = error_of(tmp_path, url=url)
    assert said.startswith(f"[tool.k6spec.source]: url = {url!r}; write an address with scheme")


def test_an_address_has_no_query(tmp_path):
    assert "secrets go into headers" in error_of(tmp_path, url="http://host/?token=x")


def test_user_and_password_of_an_address_become_a_header(tmp_path):
    endpoint = access(tmp_path, url=f"https://me:{SECRET}%40@host:1/base")
    assert endpoint.url == endpoint.shown == "https://host:1/base"
    scheme, _, credentials = endpoint.headers["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(credentials).decode()) == ("Basic", f"me:{SECRET}@")


def test_a_header_of_ones_own_stands_over_user_and_password(tmp_path):
    endpoint = access(tmp_path, url="https://me:pw@host", headers={"authorization": "Bearer x"})
    assert endpoint.headers == {"authorization": "Bearer x"}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"headers": {"Authorization": f"{SECRET}\n"}}, "headers.Authorization holds a line break"),
        ({"headers": {"Authorization": f"{SECRET}é"}}, "headers.Authorization holds a line break, or a character"),
        ({"headers": {"X A": SECRET}}, "headers.X A: 'X A' is not the name of a header"),
        ({"tenant": "a\nb"}, "tenant holds a line break"),
        ({"proxy": "host:3128"}, "proxy = 'host:3128'; write http://host:port"),
        ({"proxy": f"socks5://me:{SECRET}@host:1"}, "proxy = 'socks5://…@host:1'; write http://host:port"),
        ({"client_key": "key.pem"}, "client_key = 'key.pem'; set client_cert too"),
        ({"timeout": 0}, "timeout = 0; write a duration above zero"),
    ],
)
def test_settings_that_cannot_be(tmp_path, table, message):
    said = error_of(tmp_path, **table)
    assert said.startswith("[tool.k6spec.source]: ")
    assert message in said
    assert SECRET not in said


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:1", True),
        ("http://127.3.2.1", True),
        ("http://[::1]:1", True),
        ("http://0.0.0.0:1", True),
        ("http://localhost", True),
        ("http://LOCALHOST.:1", True),
        ("http://shop.localhost", True),
        ("http://localhost.example", False),
        ("http://10.0.0.1", False),
        ("http://jaeger", False),
    ],
)
def test_what_is_loopback(url, loopback):
    assert is_loopback(url) is loopback


# Secrets


def test_headers_and_tenant_reach_the_endpoint(tmp_path, recorder):
    url, asked = recorder
    assert (
        ask(access(tmp_path, url=url, headers={"X-Token": SECRET}, tenant="shop"), tenant_header="x-tenant")
        == "yes"
    )
    assert (asked[0].headers["X-Token"], asked[0].headers["x-tenant"]) == (SECRET, "shop")


def test_a_header_of_ones_own_stands_over_the_tenant(tmp_path, recorder):
    url, asked = recorder
    ask(access(tmp_path, url=url, headers={"X-Tenant": "mine"}, tenant="shop"), tenant_header="x-tenant")
    assert asked[0].headers.get_all("x-tenant") == ["mine"]


def test_secrets_are_not_in_what_people_see(tmp_path, recorder, caplog):
    url, _ = recorder
    endpoint = access(
        tmp_path, url=url, headers={"Authorization": f"Bearer {SECRET}"}, proxy=f"http://me:{SECRET}@proxy:1"
    )
    with caplog.at_level(logging.DEBUG):
        ask(endpoint)
    assert SECRET not in repr(endpoint)
    assert SECRET not in caplog.text


def test_secrets_that_a_server_repeats_are_not_in_the_fault(tmp_path):
    def answer(asked):
        token = asked.headers["Authorization"].partition(" ")[2]
        return Answer(f"no such token: {token}".encode(), status=401)

    with answering(answer) as url:
        said = fault_of(access(tmp_path, url=url, headers={"Authorization": f"Bearer {SECRET}"}))
    assert "no such token: …" in said
    assert SECRET not in said


# Certificates


def test_a_private_authority_and_a_client_certificate(tmp_path, certificates):
    with answering(lambda _: Answer(b"yes"), tls=certificates.server_tls(wants_client=True)) as url:
        files = {"client_cert": str(certificates.client), "client_key": str(certificates.client_key)}
        assert ask(access(tmp_path, url=url, ca=str(certificates.ca), **files)) == "yes"


def test_the_key_may_be_in_the_certificates_file(tmp_path, certificates):
    both = tmp_path / "both.pem"
    both.write_text(certificates.client.read_text() + certificates.client_key.read_text())
    with answering(lambda _: Answer(b"yes"), tls=certificates.server_tls(wants_client=True)) as url:
        assert ask(access(tmp_path, url=url, ca=str(certificates.ca), client_cert="both.pem")) == "yes"


def test_an_authority_that_is_not_known(tmp_path, certificates):
    with answering(lambda _: Answer(b"yes"), tls=certificates.server_tls(wants_client=False)) as url:
        said = fault_of(access(tmp_path, url=url))
    assert "CERTIFICATE_VERIFY_FAILED" in said
    assert "set ca to a file with the certificate of the authority" in said


def test_a_client_certificate_that_is_missing(tmp_path, certificates):
    with answering(lambda _: Answer(b"yes"), tls=certificates.server_tls(wants_client=True)) as url:
        said = fault_of(access(tmp_path, url=url, ca=str(certificates.ca)))
    assert "it wants a client's certificate: set client_cert" in said


def test_tls_where_there_is_none(tmp_path, recorder):
    url, _ = recorder
    said = fault_of(access(tmp_path, url=url.replace("http:", "https:")))
    assert "it does not speak TLS at this port: write http:// in url" in said


def test_a_certificate_file_that_is_not_there(tmp_path):
    said = error_of(tmp_path, ca="none.pem")
    assert said.startswith(f"a certificate cannot be read ({tmp_path}/none.pem): ")


def test_a_certificate_file_that_is_none(tmp_path):
    (tmp_path / "text.pem").write_text("text")
    assert "a certificate cannot be read" in error_of(tmp_path, client_cert="text.pem")


def test_a_key_of_another_certificate(tmp_path, certificates):
    said = error_of(tmp_path, client_cert=str(certificates.client), client_key=str(certificates.server_key))
    assert "a certificate cannot be read" in said


def test_an_encrypted_key_asks_nobody_for_its_passphrase(tmp_path, certificates):
    encrypted = tmp_path / "encrypted.pem"
    argv = [
        "openssl",
        "pkey",
        "-in",
        certificates.client_key,
        "-aes128",
        "-passout",
        "pass:1234",
        "-out",
        encrypted,
    ]
    subprocess.run(argv, check=True, capture_output=True, timeout=60)
    said = error_of(tmp_path, client_cert=str(certificates.client), client_key="encrypted.pem")
    assert said == "client_key (or client_cert) is encrypted; give a key without a passphrase"


def test_the_systems_authorities_are_trusted_where_no_other_is_named():
    assert Access(url="https://host").tls().verify_mode is ssl.CERT_REQUIRED


# Proxies. Names ending in .invalid are never resolved: what answers for one is the proxy.


def test_a_proxy_is_used_for_what_is_not_loopback(tmp_path, recorder):
    proxy, asked = recorder
    assert ask(access(tmp_path, url="http://jaeger.invalid:16686", proxy=proxy)) == "yes"
    assert [request.headers["Host"] for request in asked] == ["jaeger.invalid:16686"]


def test_a_proxy_of_the_environment_is_used_where_none_is_set(tmp_path, recorder, monkeypatch):
    proxy, asked = recorder
    monkeypatch.setenv("HTTP_PROXY", proxy)
    assert ask(access(tmp_path, url="http://jaeger.invalid:16686")) == "yes"
    assert [request.headers["Host"] for request in asked] == ["jaeger.invalid:16686"]


def test_no_proxy_is_used_for_loopback(tmp_path, recorder, monkeypatch):
    proxy, asked = recorder
    for name in ("HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy)
    with answering(lambda _: Answer(b"direct")) as url:
        assert ask(access(tmp_path, url=url, proxy=proxy)) == "direct"
        assert ask(access(tmp_path, url=url.replace("127.0.0.1", "localhost"), proxy=proxy)) == "direct"
    assert asked == []


def test_a_proxy_that_does_not_answer(tmp_path):
    said = fault_of(access(tmp_path, url="http://jaeger.invalid", proxy=f"http://me:{SECRET}@127.0.0.1:1"))
    assert "Jaeger at http://jaeger.invalid" in said
    assert "check url, proxy" in said
    assert SECRET not in said


def test_a_proxy_that_refuses(tmp_path):
    with answering(lambda _: Answer(status=403)) as proxy:
        said = fault_of(access(tmp_path, url="https://jaeger.invalid", proxy=proxy))
    assert "Jaeger at https://jaeger.invalid is not reached: the proxy says" in said


def test_a_proxy_of_the_environment_that_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "nonsense://proxy:1")
    said = error_of(tmp_path, url="http://jaeger.invalid")
    assert said.startswith("the proxy for http://jaeger.invalid cannot be used: ")
    assert "ALL_PROXY" in said


def test_a_client_asks_below_the_path_of_its_address(tmp_path, recorder):
    url, asked = recorder
    ask(access(tmp_path, url=f"{url}/base/"))
    assert asked[0].path == "/base/x"


def test_timeouts_are_set(tmp_path):
    with access(tmp_path, url="http://host", timeout="3s").client() as client:
        assert client.timeout == httpx.Timeout(3.0)
