import sys
from pathlib import Path

import pytest

from k6spec.config import Config, load_config
from k6spec.errors import ConfigError
from k6spec.stack.choose import choose_stack
from tests.support.stacks import PLAN, docker_client

NO_DOCKER = "unix:///nowhere/docker.sock"


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A host without Docker, and without programs on PATH."""
    monkeypatch.setenv("DOCKER_HOST", NO_DOCKER)
    monkeypatch.setenv("PATH", str(tmp_path))


def chosen(environ=None, **settings):
    return choose_stack(Config(root=Path(), **settings), environ or {})


def test_with_nothing_at_hand_it_is_embedded_and_says_why(bare):
    choice = chosen()
    assert choice.stack.name == "embedded"
    assert "nowhere/docker.sock" in choice.reason
    assert "no otelcol or otelcol-contrib on PATH" in choice.reason


def test_with_both_programs_it_is_process(bare):
    choice = chosen(otelcol=sys.executable, jaeger=sys.executable)
    assert choice.stack.name == "process"
    assert "no docker: " in choice.reason


def test_with_one_program_it_is_embedded_unless_jaeger_is_off(bare):
    assert chosen(otelcol=sys.executable).stack.name == "embedded"
    assert chosen(otelcol=sys.executable, jaeger_feed="off").stack.name == "process"


def test_in_ci_it_is_embedded_unless_named(bare):
    assert chosen({"CI": "true"}, otelcol=sys.executable, jaeger=sys.executable).stack.name == "embedded"
    assert chosen({"CI": "true"}, stack="process").stack.name == "process"
    assert chosen({"CI": "false"}, otelcol=sys.executable, jaeger=sys.executable).stack.name == "process"


def test_a_daemon_on_another_host_is_not_asked(monkeypatch, bare):
    monkeypatch.setenv("DOCKER_HOST", "ssh://nobody@192.0.2.1")
    assert "another host" in chosen().reason


@pytest.mark.docker
def test_with_docker_and_the_images_it_is_docker():
    docker_client().close()
    images = {"collector_image": PLAN.images.collector, "jaeger_image": PLAN.images.jaeger}
    assert chosen(**images).stack.name == "docker"
    assert "no/such:1 is not here" in chosen(**{**images, "jaeger_image": "no/such:1"}).reason


@pytest.mark.parametrize("name", ["docker", "process", "embedded"])
def test_one_that_is_named_is_that_one(bare, name):
    assert chosen(stack=name).stack.name == name


def test_an_unknown_name_is_a_usage_error_that_lists_them():
    with pytest.raises(ConfigError, match="auto, docker, process, embedded, external"):
        chosen(stack="kubernetes")


def test_external_needs_its_addresses():
    with pytest.raises(ConfigError, match=r"receiver.*jaeger.*tempo"):
        chosen(stack="external")
    stack = chosen(
        stack="external",
        otlp_grpc="http://collector:4317/",
        otlp_http="http://collector:4318",
        receiver="127.0.0.1:4319",
        trace_url="https://traces.example/{trace_id}?x={y}",
    ).stack
    assert stack.name == "external"
    assert stack.endpoints("cluster").otlp_grpc == "http://collector:4317"
    assert stack.trace_url("ab") == "https://traces.example/ab?x={y}"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"receiver": "4319"}, "host:port"),
        ({"receiver": "127.0.0.1:otlp"}, "host:port"),
        ({"receiver": "127.0.0.1:99999"}, "host:port"),
        ({"trace_url": "https://traces.example/"}, "trace_id"),
    ],
)
def test_external_settings_that_cannot_be_are_usage_errors(settings, message):
    good = {"otlp_grpc": "http://c:1", "otlp_http": "http://c:2", "receiver": "127.0.0.1:4319"}
    with pytest.raises(ConfigError, match=message):
        chosen(stack="external", **{**good, **settings})


@pytest.mark.parametrize(
    ("name", "value"), [("jaeger_port", "70000"), ("otlp_grpc_port", "x"), ("jaeger_max_traces", "0")]
)
def test_numbers_out_of_range_are_usage_errors(tmp_path, name, value):
    with pytest.raises(ConfigError, match=f"{name} = '{value}'; write a number"):
        load_config(tmp_path, {f"K6SPEC_{name.upper()}": value}, {})


def test_numbers_and_choices_are_read(tmp_path):
    environ = {"K6SPEC_JAEGER_PORT": "16686", "K6SPEC_JAEGER_FEED": "off"}
    config = load_config(tmp_path, environ, {})
    assert (config.jaeger_port, config.jaeger_feed) == (16686, "off")
    with pytest.raises(ConfigError, match="live or after or off"):
        load_config(tmp_path, {"K6SPEC_JAEGER_FEED": "later"}, {})
