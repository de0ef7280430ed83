"""What is said while an image is pulled; the daemon is a stand-in, as no registry can be counted on."""

import socket
import time
from types import SimpleNamespace

import pytest
from docker.errors import APIError, ImageNotFound

from k6spec.errors import StackFault
from k6spec.stack.containers import StackPlan
from k6spec.stack.docker import daemon

IMAGE = "registry.example/otel/collector:1"


class Daemon:
    """Has no image until one was pulled without an error."""

    def __init__(self, events):
        self.images = self.api = self
        self.events = events
        self.asked = []

    def get(self, image):
        if not self.asked or any("error" in event for event in self.events):
            raise ImageNotFound(image)

    def pull(self, repository, *, tag, stream, decode):
        self.asked.append((repository, tag))
        yield from self.events


@pytest.fixture
def said(monkeypatch):
    clock = iter(range(0, 1000, 3))
    monkeypatch.setattr(daemon, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    return []


def layer(name, current):
    detail = {"current": current << 20, "total": 100 << 20}
    return {"id": name, "status": "Downloading", "progressDetail": detail}


def test_progress_is_that_of_all_layers(said):
    events = [{"status": "Pulling"}, layer("a", 10), layer("b", 5), layer("a", 100), {"id": "a", "status": "Done"}]
    client = Daemon(events)
    daemon.ensure_image(client, IMAGE, said.append)
    assert client.asked == [("registry.example/otel/collector", "1")]
    assert said[0] == f"pulling {IMAGE}"
    assert said[-1] == f"pulling {IMAGE}: 105 of 200 MiB"


def test_an_image_that_is_here_is_not_pulled(said):
    client = Daemon([])
    client.asked.append("before")
    daemon.ensure_image(client, IMAGE, said.append)
    assert said == []


def test_an_error_within_the_stream_is_a_fault(said):
    client = Daemon([layer("a", 1), {"error": "unauthorized: authentication required"}])
    with pytest.raises(StackFault, match="could not be pulled: unauthorized") as caught:
        daemon.ensure_image(client, IMAGE, said.append)
    assert f"docker pull {IMAGE}" in caught.value.advice
    assert "collector_image" in caught.value.advice


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Bind for 127.0.0.1:4317 failed: port is already allocated", "port 4317 on 127.0.0.1 cannot be had"),
        ("no space left", "no space left"),
    ],
)
def test_errors_of_the_api_are_faults(text, words):
    with (
        pytest.raises(StackFault, match=f"it did not start: {words}") as caught,
        daemon.docker_faults("it did not start"),
    ):
        raise APIError("500 Server Error", explanation=text)
    assert ("any free port: 0" in caught.value.advice) == ("port" in text)


def test_a_daemon_that_hangs_costs_less_than_a_second(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(tmp_path / "d.sock"))
        hanging.listen()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/d.sock")
        begun = time.monotonic()
        assert "does not answer" in daemon.why_not(StackPlan())
        assert time.monotonic() - begun < 1.5


def test_a_context_that_does_not_exist_is_passed_over(tmp_path, monkeypatch):
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text('{"currentContext": "nowhere"}')
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "another host" not in (daemon.why_not(StackPlan()) or "")


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:many", "tcp://localhost:99999", "http://[::1"])
def test_an_address_that_is_none_is_said(address, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", address)
    assert address in (daemon.why_not(StackPlan()) or "")
    with pytest.raises(StackFault) as caught:
        daemon.connect(timeout=1)
    assert address in caught.value.cause


@pytest.mark.parametrize("settings", ["[]", '{"currentContext": 3}', '{"proxies": 4}'])
def test_settings_of_docker_that_are_none_are_told(settings, tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text(settings)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.delenv("DOCKER_HOST", raising=False)

    with pytest.raises(StackFault, match=r"Docker's settings .* are not what they should be"):
        daemon.connect(timeout=1)
