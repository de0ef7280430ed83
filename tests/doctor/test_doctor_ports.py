"""Ports: free, held, and by whom."""

import os
import socket

import pytest

from k6spec.doctor.listeners import listeners
from k6spec.doctor.ports import ephemeral_ports, fixed_ports, usual_ports
from tests.support.stacks import quiet_port


@pytest.fixture
def held():
    """A port that this process listens on."""
    with socket.create_server(("127.0.0.1", quiet_port())) as listener:
        yield listener.getsockname()[1]


def test_ports_that_are_not_fixed_are_not_looked_at(case):
    assert list(fixed_ports(case("embedded"))) == []


def test_a_fixed_port_that_is_free_is_well(case):
    port = quiet_port()
    (found,) = fixed_ports(case("embedded", otlp_grpc_port=port))
    assert (found.topic, found.status) == (f"port {port}", "ok")


def test_a_fixed_port_that_is_held_names_who_holds_it(case, held):
    (found,) = fixed_ports(case("embedded", otlp_http_port=held))
    assert found.status == "problem"
    assert "otlp_http_port" in found.seen
    assert f"(pid {os.getpid()})" in found.seen


def test_a_port_of_outgoing_connections_may_be_gone_when_it_is_wanted(case):
    (found,) = ephemeral_ports(case())
    low = int(found.seen.partition("(")[2].partition(" ")[0])
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert port >= low
    (found,) = fixed_ports(case("embedded", otlp_grpc_port=port))
    assert found.status == "warning"
    assert "outgoing" in found.seen


@pytest.mark.parametrize(("stack", "count"), [("docker", 1), ("process", 1), ("embedded", 0)])
def test_jaegers_port_matters_where_there_is_a_jaeger(case, held, stack, count):
    assert len(list(fixed_ports(case(stack, jaeger_port=held)))) == count
    assert list(fixed_ports(case(stack, jaeger_port=held, jaeger_feed="off"))) == []


@pytest.mark.parametrize(
    ("host", "said"), [("192.0.2.7", "is no address of this host"), ("127.0.0.1", "in use"), ("0.0.0.0", "in use")]
)
def test_the_external_stacks_receiver_needs_its_address(case, held, host, said):
    (found,) = fixed_ports(case("external", receiver=f"{host}:{held}"))
    assert found.status == "problem"
    assert said in found.seen


def test_the_usual_ports_are_told_but_for_those_that_are_fixed(case):
    topics = [finding.topic for finding in usual_ports(case("embedded", otlp_grpc_port=4317))]
    assert topics == ["port 4318", "port 16686"]


def test_nobody_listens_on_a_port_that_is_free():
    assert listeners(quiet_port()) == []
