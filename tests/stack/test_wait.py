import os

import pytest

from k6spec.stack.wait import HttpReady, LineOnStdout, wait_for
from tests.support.serving import LoopbackServer, QuietHandler, serving


@pytest.fixture
def site():
    class Handler(QuietHandler):
        left = 2

        def do_GET(self):
            Handler.left -= 1
            self.send_response(503 if Handler.left >= 0 else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with serving(LoopbackServer(Handler)) as server:
        yield f"{server.url}/health"


def test_http_is_ready_at_its_status(site):
    wait_for(HttpReady(site), timeout=10)


def test_loopback_is_never_proxied(site, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://192.0.2.1:9")
    wait_for(HttpReady(site), timeout=10)


def test_a_timeout_says_what_was_seen_last_and_carries_the_log(site):
    with pytest.raises(TimeoutError, match=r"answer 204 \(last: 200\)") as caught:
        wait_for(HttpReady(site, status=204), timeout=0.5, logs=lambda: "first\nlast line\n")
    assert caught.value.__notes__ == ["first\nlast line"]


def test_nothing_there_is_said_in_the_words_of_the_error():
    with pytest.raises(TimeoutError, match="refused"):
        wait_for(HttpReady("http://127.0.0.1:1/"), timeout=0.1)


def test_what_has_ended_is_not_waited_for():
    with pytest.raises(ChildProcessError) as caught:
        wait_for(HttpReady("http://127.0.0.1:1/"), timeout=60, alive=lambda: False, logs=lambda: "boom")
    assert caught.value.__notes__ == ["boom"]


def test_a_line_may_come_in_parts():
    read, write = os.pipe()
    with os.fdopen(read, "rb") as stdout:
        line = LineOnStdout(stdout)
        assert not line.ready()
        os.write(write, b"rea")
        assert not line.ready()
        os.write(write, b"dy\nmore")
        assert line.ready()
        assert line.line == "ready"
        os.close(write)


def test_an_output_that_was_closed_has_no_line():
    read, write = os.pipe()
    os.close(write)
    with os.fdopen(read, "rb") as stdout:
        assert not LineOnStdout(stdout).ready()


def test_a_long_wait_is_said_once_with_what_is_waited_for(site, monkeypatch):
    monkeypatch.setattr("k6spec.stack.wait._SILENT", 0.0)
    said = []
    with pytest.raises(TimeoutError):
        wait_for(HttpReady(site, status=204), timeout=0.5, say=said.append)
    assert said == [f"waiting for GET {site} to answer 204 (last: 503), 0 s at most"]
