from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from k6spec.errors import SutFault
from k6spec.stack.base import Endpoints, StackBackend
from k6spec.stack.embedded import EmbeddedStack
from k6spec.stack.external import ExportedSpans, ExternalStack
from k6spec.stack.reach import reach


def external(host: str) -> StackBackend:
    endpoints = Endpoints(otlp_grpc=f"http://{host}:4317", otlp_http=f"http://{host}:4318")
    return ExternalStack(endpoints, spans=ExportedSpans("127.0.0.1:4319"))


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[StackBackend]:
    stack = EmbeddedStack(spool_root=tmp_path)
    stack.start()
    yield stack
    stack.stop()


def test_a_stack_of_another_host_needs_no_network() -> None:
    way = reach(external("collector.example"), on_host_network=False, advice="")

    assert way.env()["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://collector.example:4317"
    assert way.network is None
    assert way.hosts == {}


def test_this_host_is_made_known_where_the_stack_is_reached_by_its_name() -> None:
    way = reach(external("host.docker.internal"), on_host_network=False, advice="")

    assert way.hosts == {"host.docker.internal": "host-gateway"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_loopback_is_another_one_in_a_container(host: str) -> None:
    with pytest.raises(SutFault, match="is the container itself") as caught:
        reach(external(host), on_host_network=False, advice="go elsewhere")

    assert caught.value.advice == "go elsewhere"


def test_a_stack_on_loopback_says_itself_that_no_container_reaches_it(embedded: StackBackend) -> None:
    with pytest.raises(SutFault, match=r"a container cannot reach the embedded stack: .* listens on 127\.0\.0\.1"):
        reach(embedded, on_host_network=False, advice="")


def test_on_the_hosts_network_loopback_is_the_hosts(embedded: StackBackend) -> None:
    way = reach(embedded, on_host_network=True, advice="")

    assert way.env()["OTEL_EXPORTER_OTLP_ENDPOINT"] == embedded.endpoints().otlp_grpc


def test_only_those_settings_that_are_there_and_would_win_are_overridden() -> None:
    way = reach(external("collector.example"), on_host_network=False, advice="")

    there = way.env(
        {"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "x", "OTEL_SERVICE_NAME": "a"}
    )

    assert {name: there[name] for name in there.keys() - way.env().keys()} == {
        "OTEL_SDK_DISABLED": "false",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector.example:4317",
    }


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"])
def test_a_system_that_exports_over_http_is_given_the_endpoint_for_that(name: str) -> None:
    way = reach(external("collector.example"), on_host_network=False, advice="")

    there = way.env({name: "http/protobuf", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "x"})

    assert there["OTEL_EXPORTER_OTLP_PROTOCOL"] == there[name] == "http/protobuf"
    assert there["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://collector.example:4318"
    assert there["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] == "http://collector.example:4318/v1/traces"


@pytest.mark.parametrize("on_host_network", [True, False])
def test_a_stack_that_nobody_said_the_address_of_is_a_fault_that_names_the_setting(on_host_network: bool) -> None:
    unknown = ExternalStack(Endpoints(otlp_grpc="", otlp_http=""), spans=ExportedSpans("127.0.0.1:4319"))

    with pytest.raises(SutFault, match="does not say where") as caught:
        reach(unknown, on_host_network=on_host_network, advice="").env()

    assert "otlp_grpc" in caught.value.advice
