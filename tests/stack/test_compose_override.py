from __future__ import annotations

from typing import Any

import pytest

from k6spec.errors import SutFault
from k6spec.stack.base import Endpoints
from k6spec.stack.compose_override import Overriding, override
from k6spec.stack.reach import Reach

DOCKER = Reach(
    to=Endpoints(otlp_grpc="http://inside", otlp_http="http://inside:4318"), network="k6spec-1", hosts={}
)
HOST = Reach(to=Endpoints(otlp_grpc="http://outside", otlp_http=""), hosts={})


def overridden(config: dict[str, Any], **how: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"project": "p", "labels": {"ours": "1"}, "service": "web", "port": 80, "env": {}}
    given |= {"export_from": None, "way": lambda shared: HOST if shared else DOCKER}
    return override({"name": "file", **config}, Overriding(**given | how))


def test_every_service_exports_and_joins_the_stacks_network() -> None:
    services = {"web": {"networks": {"default": None}}, "db": {"networks": {"default": None}}}

    changes = overridden({"services": services, "networks": {"default": {"name": "file_default"}}})

    for service in changes["services"].values():
        assert service["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://inside"
        assert service["networks"] == {"default": None, "k6spec-stack": None}
    assert changes["networks"]["k6spec-stack"] == {"external": True, "name": "k6spec-1"}


def test_a_service_that_names_a_protocol_is_given_the_endpoint_for_it() -> None:
    speaking = {"environment": {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "FROM_SHELL": None}}

    services = overridden({"services": {"web": {}, "db": speaking}})["services"]

    assert services["web"]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://inside"
    assert services["db"]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://inside:4318"


def test_a_service_that_does_not_export_is_left_as_it_is() -> None:
    services = {"web": {}, "db": {"networks": {"default": None}, "environment": {"A": "1"}}}

    assert overridden({"services": services}, export_from=["web"])["services"]["db"] == {"labels": {"ours": "1"}}


def test_a_service_on_the_hosts_network_is_told_the_hosts_address_and_publishes_nothing() -> None:
    web = overridden({"services": {"web": {"network_mode": "host"}}})["services"]["web"]

    assert web["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://outside"
    assert web.keys().isdisjoint({"networks", "ports"})


def test_a_service_that_can_join_no_network_is_told_before_it_comes_up() -> None:
    web, other = {"network_mode": "bridge"}, {"web": {}, "db": {"network_mode": "bridge"}}

    with pytest.raises(SutFault, match="the service web has network_mode: bridge"):
        overridden({"services": {"web": web}})
    with pytest.raises(SutFault, match="the service db has network_mode: bridge"):
        overridden({"services": other}, export_from=["web", "db"])
    assert "networks" not in overridden({"services": other})["services"]["db"]


def test_the_loaded_port_is_published_on_loopback_unless_the_file_publishes_it() -> None:
    published = {"ports": [{"target": 80, "published": "8080", "protocol": "tcp"}]}
    other = {"ports": [{"target": 81}, {"target": 80, "protocol": "udp"}]}

    assert "ports" not in overridden({"services": {"web": published}})["services"]["web"]
    assert overridden({"services": {"web": other}})["services"]["web"]["ports"] == ["127.0.0.1::80"]


def test_what_the_file_names_for_all_to_see_is_renamed_unless_it_is_external() -> None:
    volumes = {"data": {"name": "shared"}, "theirs": {"name": "theirs", "external": True}}

    changes = overridden({"services": {"web": {"container_name": "web"}}, "volumes": volumes})

    assert changes["services"]["web"]["container_name"] == "p-web"
    assert changes["volumes"] == {"data": {"name": "p_data", "labels": {"ours": "1"}}}


def test_an_image_that_is_built_has_the_name_that_the_files_own_project_gives_it() -> None:
    services = {"web": {"build": {"context": "."}}, "named": {"build": {"context": "."}, "image": "mine"}}

    changes = overridden({"services": services})["services"]

    assert changes["web"]["image"] == "file-web"
    assert "image" not in changes["named"]


def test_dollars_are_no_variables() -> None:
    web = overridden({"services": {"web": {}}}, env={"PRICE": "$5"}, labels={"workspace": "/a$b"})["services"][
        "web"
    ]

    assert web["environment"]["PRICE"] == "$$5"
    assert web["labels"] == {"workspace": "/a$$b"}
