"""Declaring how trace context is sent."""

from __future__ import annotations

from typing import Any

import pytest

from k6spec.declare import flow
from k6spec.declare.fingerprint import declaration, first_difference
from k6spec.declare.load import Load, declare_load
from k6spec.declare.profiles import constant_vus
from k6spec.declare.scenario import Scenario
from k6spec.errors import DeclarationError
from k6spec.units import percent


def declared(**options: Any) -> Load:
    return declare_load(Scenario.http(flow.get("/")), constant_vus(1, "1s"), **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"propagator": "zipkin"}, "propagator='zipkin': write one of w3c, b3, b3multi, jaeger"),
        ({"propagator": ()}, "name at least one"),
        ({"baggage": {"a b": "c"}}, "a key takes letters"),
        ({"baggage": {"a": 1}}, "write the value as text"),
        ({"baggage": "a=b"}, "write a mapping"),
        ({"baggage": {"a": "x" * 9000}}, "SDKs read at most"),
        ({"control": 0.05}, r"write percent\(5\)"),
        ({"control": percent(60)}, r"at most percent\(50\)"),
        ({"trace_per": "user"}, "write one of request, iteration, group"),
    ],
)
def test_what_cannot_be_sent_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        declared(**options)


def test_baggage_is_encoded_as_the_header_needs_it() -> None:
    assert declared(baggage={"who": "ann, bob; ü+1%"}).baggage == {"who": "ann%2C%20bob%3B%20%C3%BC%2B1%25"}


def test_several_formats_at_once_each_counted_once() -> None:
    assert declared(propagator=["b3", "w3c", "b3"]).propagators == ("b3", "w3c")
    assert declared(propagator="jaeger").propagators == ("jaeger",)


@pytest.mark.parametrize(
    "options",
    [
        {"propagator": "b3"},
        {"baggage": {"a": "b"}},
        {"control": percent(5)},
        {"trace_per": "group"},
        {"sampling": percent(10)},
    ],
    ids=lambda options: next(iter(options)),
)
def test_loads_that_send_context_differently_are_different_loads(options: dict[str, Any]) -> None:
    plain = declaration(declared())
    assert first_difference(plain, declaration(declared(**options)))
    assert not first_difference(plain, declaration(declared()))
