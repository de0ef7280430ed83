"""What the seed article's configuration does, this one does; and compose/ is made of it."""

from pathlib import Path

import pytest
import yaml

from k6spec.stack.collector_config import CollectorConfig, ToFiles, ToReceiver
from k6spec.stack.compose import COMPOSE_FILE, compose_files
from k6spec.stack.containers import COLLECTOR_IMAGE, JAEGER_IMAGE, HostPorts, Images, StackPlan

COMPOSE = Path(__file__).parents[2] / "compose"
FILES = ToFiles(spans="/s", metrics="/m")
RECEIVER = ToReceiver(endpoint="127.0.0.1:5")


@pytest.fixture(params=[FILES, RECEIVER], ids=["files", "receiver"])
def config(request):
    return yaml.safe_load(CollectorConfig(host="127.0.0.1", judged=request.param, jaeger="j:4317").as_yaml())


def test_it_does_what_the_seed_article_does(config):
    protocols = config["receivers"]["otlp"]["protocols"]
    assert protocols["grpc"]["endpoint"].endswith(":4317")
    assert protocols["http"]["endpoint"].endswith(":4318")
    (action,) = config["processors"]["attributes"]["actions"]
    assert action == {"key": "test.source", "value": "k6-load-test", "action": "upsert"}
    traces = config["service"]["pipelines"]["traces"]
    assert traces["receivers"] == ["otlp"]
    assert {"batch", "attributes"} <= set(traces["processors"])


def test_what_pipelines_name_is_there_and_all_that_is_there_is_named(config):
    for kind in ("receivers", "processors", "exporters"):
        named = {name for pipeline in config["service"]["pipelines"].values() for name in pipeline.get(kind, [])}
        assert named == set(config[kind])
    assert config["service"]["extensions"] == list(config["extensions"])


def test_spans_fan_out_to_what_is_judged_and_to_jaeger(config):
    judged, jaeger = config["service"]["pipelines"]["traces"]["exporters"]
    assert judged in {"file/judged", "otlp_grpc/judged"}
    assert config["exporters"][jaeger]["endpoint"] == "j:4317"


def test_a_full_queue_holds_up_what_is_judged_and_never_waits_for_jaeger():
    exporters = CollectorConfig(host="h", judged=RECEIVER, jaeger="j:1").as_dict()["exporters"]
    assert exporters["otlp_grpc/judged"]["sending_queue"]["block_on_overflow"]
    assert "block_on_overflow" not in exporters["otlp_grpc/jaeger"]["sending_queue"]


@pytest.mark.parametrize("judged", [FILES, RECEIVER])
def test_without_jaeger_nothing_goes_there(judged):
    config = CollectorConfig(host="h", judged=judged, jaeger=None)
    assert "jaeger" not in config.as_yaml()


def test_sdk_metrics_reach_us_with_the_spans(config):
    (exporter,) = config["service"]["pipelines"]["metrics"]["exporters"]
    assert exporter in {"file/sdk_metrics", "otlp_grpc/judged"}


def test_the_files_in_compose_are_those_that_the_code_makes():
    assert {path.name for path in COMPOSE.iterdir()} == set(compose_files())
    for name, text in compose_files().items():
        assert (COMPOSE / name).read_text(encoding="utf-8") == text, "python -m k6spec.stack.compose compose"


def test_compose_starts_the_containers_of_the_docker_stack():
    compose = yaml.safe_load((COMPOSE / COMPOSE_FILE).read_text(encoding="utf-8"))
    plan = StackPlan()
    assert list(compose["services"]) == [container.name for container in plan.containers]
    for container in plan.containers:
        service = compose["services"][container.name]
        assert service["image"] == container.image
        assert service["command"] == container.command
        mounted = dict(mount.removesuffix(":ro").split(":")[::-1] for mount in service["volumes"])
        file = COMPOSE / mounted[container.config_path]
        assert yaml.safe_load(file.read_text(encoding="utf-8")) == yaml.safe_load(container.config)
        assert container.folder is None or container.folder in mounted
        inside = {int(port.split(":")[2]) for port in service["ports"]}
        assert inside <= set(container.ports.values())
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_images_are_pinned_and_can_be_others():
    assert not COLLECTOR_IMAGE.endswith(":latest")
    assert not JAEGER_IMAGE.endswith(":latest")
    plan = StackPlan(images=Images(collector="r/c:1", jaeger=None), ports=HostPorts(grpc=4317))
    (collector,) = plan.containers
    assert collector.image == "r/c:1"
    assert (plan.ports.of("grpc"), plan.ports.of("health")) == (4317, 0)
