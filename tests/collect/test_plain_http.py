"""One request to what is near, as httpx would make it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from k6spec.collect.plain_http import UNANSWERED, ask
from tests.support.answering import Answer as Reply
from tests.support.answering import answering
from tests.support.certificates import make_certificates
from tests.support.serving import LoopbackServer, QuietHandler, serving


class _Echo(QuietHandler):
    def do_GET(self) -> None:
        self._answer(302 if self.path == "/moved" else 200)

    def do_POST(self) -> None:
        self._answer(503)

    def _answer(self, status: int) -> None:
        body = f"{self.command} {self.path} {self.headers['Authorization']}".encode()
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def url() -> Iterator[str]:
    with serving(LoopbackServer(_Echo)) as server:
        yield server.url


def test_path_and_query_are_sent_as_given_and_what_no_request_can_carry_is_quoted(url: str) -> None:
    assert ask(f"{url}/a%20b/ü c?x=1&y=%26#part", timeout=5).body == b"GET /a%20b/%C3%BC%20c?x=1&y=%26 None"


def test_an_address_alone_is_its_root(url: str) -> None:
    assert ask(url, timeout=5).body == b"GET / None"


def test_user_and_password_are_sent(url: str) -> None:
    address = url.replace("://", "://ann:p%40ss@")

    assert ask(address, timeout=5).body == b"GET / Basic YW5uOnBAc3M="


def test_a_redirect_is_an_answer(url: str) -> None:
    answer = ask(f"{url}/moved", timeout=5)

    assert (answer.status, answer.is_success) == (302, False)


def test_a_post_is_one(url: str) -> None:
    answer = ask(url, method="POST", timeout=5)

    assert (answer.status, answer.body.split()[0]) == (503, b"POST")


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/", "http://127.0.0.1:99999/", "http://[::1/"])
def test_what_does_not_answer_is_said_by_one_of_the_errors(address: str) -> None:
    with pytest.raises(UNANSWERED):
        ask(address, timeout=2)


def test_a_connection_that_is_closed_at_once_is_said_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closing = threading.Thread(target=lambda: listener.accept()[0].close())
        closing.start()
        with pytest.raises(ConnectionResetError, match="ended without an answer"):
            ask(f"http://127.0.0.1:{listener.getsockname()[1]}/", timeout=5)
        closing.join()


@pytest.mark.parametrize("address", ["127.0.0.1:8080/", "ftp://127.0.0.1/", "http:///ready", ""])
def test_what_is_no_address_of_http_is_said(address: str) -> None:
    with pytest.raises(ValueError, match="begins with http:// or https://"):
        ask(address, timeout=1)


def test_an_ipv6_address_needs_no_port(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def connect(address: object, *_: object, **__: object) -> None:
        asked.append(address)
        raise OSError

    monkeypatch.setattr(socket, "create_connection", connect)
    for url in ("http://[fd00::10]/healthz", "https://[fd00::10]/"):
        with pytest.raises(OSError):
            ask(url, timeout=1)
    assert asked == [("fd00::10", 80), ("fd00::10", 443)]


def test_whoever_signed_its_certificate_a_system_answers_but_gets_no_password(tmp_path: Path) -> None:
    tls = make_certificates(tmp_path).server_tls(wants_client=False)
    with answering(lambda _asked: Reply(status=204), tls=tls) as url:
        assert ask(url, timeout=5).status == 204
        with pytest.raises(ssl.SSLCertVerificationError):
            ask(url.replace("://", "://ann:p@"), timeout=5)


def test_https_has_certificates_where_the_system_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    monkeypatch.setenv("SSL_CERT_DIR", "/nonexistent")
    loaded: list[str | None] = []
    load = ssl.SSLContext.load_verify_locations

    def count(context: ssl.SSLContext, cafile: str | None = None) -> None:
        loaded.append(cafile)
        load(context, cafile)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", count)
    with pytest.raises(OSError):
        ask("https://ann:p@127.0.0.1:1/", timeout=1)
    assert loaded == [certifi.where()]
