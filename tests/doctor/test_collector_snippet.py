"""What a Collector that is not ours is told, by the real Collector's judgement.

The test build has no tail_sampling processor, so its part is held against the processor's documented names only.
"""

import socket
import subprocess

import pytest
import yaml

from k6spec.doctor.snippet import EXAMPLE, snippet, snippet_text
from tests.support.stacks import binary

THEIRS = {
    "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "127.0.0.1:4317"}}}},
    "exporters": {"debug": {}},
    "service": {"pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["debug"]}}},
}


def validate(tmp_path, *configs):
    """What the Collector says to configurations that it merges."""
    arguments = []
    for number, config in enumerate(configs):
        path = tmp_path / f"{number}.yaml"
        path.write_text(config)
        arguments.append(f"--config={path}")
    argv = [binary("otelcol"), "validate", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


def without_sampling(config):
    """As its own words say for distributions that have no such processor."""
    config.pop("processors")
    config["service"]["pipelines"]["traces/k6spec"].pop("processors")
    return config


def test_a_collector_takes_it_beside_its_own_configuration(tmp_path):
    ours = without_sampling(yaml.safe_load(snippet_text("127.0.0.1:4319")))
    said = validate(tmp_path, yaml.safe_dump(THEIRS), yaml.safe_dump(ours))
    assert said.returncode == 0, said.stderr


def test_the_only_thing_that_the_test_build_misses_is_the_processor(tmp_path):
    said = validate(tmp_path, yaml.safe_dump(THEIRS), snippet_text("127.0.0.1:4319"))
    assert "tail_sampling" in said.stderr
    assert "otlp_grpc" not in said.stderr


def test_nothing_of_theirs_is_changed():
    ours = snippet("127.0.0.1:4319")
    assert all(name.endswith("/k6spec") for kind in ("processors", "exporters") for name in ours[kind])
    assert list(ours["service"]["pipelines"]) == ["traces/k6spec"]


def test_traces_of_loads_are_told_by_their_tracestate():
    (sampler,) = snippet(None)["processors"].values()
    (policy,) = sampler["policies"]
    assert policy["type"] == "trace_state"
    assert policy["trace_state"] == {"key": "k6spec", "values": ["load", "preflight"]}


def test_a_policy_for_a_sampler_of_theirs_is_there_as_a_comment():
    _, _, tail = snippet_text(None).rpartition("service:")
    commented = "\n".join(line.removeprefix("#   ") for line in tail.splitlines() if line.startswith("#   "))
    (policy,) = yaml.safe_load(commented)["processors"]["tail_sampling"]["policies"]
    assert policy["trace_state"] == {"key": "k6spec", "values": ["load", "preflight"]}


@pytest.mark.parametrize(
    ("receiver", "endpoint"),
    [
        (None, EXAMPLE),
        ("10.0.0.5:4319", "10.0.0.5:4319"),
        ("0.0.0.0:4319", f"{socket.gethostname()}:4319"),
        ("[::]:4319", f"{socket.gethostname()}:4319"),
    ],
)
def test_it_exports_to_where_the_receiver_is(receiver, endpoint):
    (exporter,) = snippet(receiver)["exporters"].values()
    assert exporter["endpoint"] == endpoint


def test_what_nobody_takes_between_sessions_holds_nothing_up():
    (exporter,) = snippet(None)["exporters"].values()
    assert "block_on_overflow" not in exporter.get("sending_queue", {})
    assert exporter["retry_on_failure"]["max_elapsed_time"] == "10s"
