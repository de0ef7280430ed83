"""Presets: the field's words for k6's executors."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from k6spec.declare import presets
from k6spec.declare.profile import ConstantArrivalRate, ConstantVUs, Profile, RampingArrivalRate, RampingVUs
from k6spec.declare.profiles import constant_vus
from k6spec.declare.stopping import stop_when
from k6spec.errors import DeclarationError
from k6spec.units import ms, percent


@pytest.mark.parametrize("preset", [presets.load, presets.stress, presets.spike, presets.soak])
def test_a_rate_makes_an_open_model_and_vus_a_closed_one(preset: Callable[..., Profile]) -> None:
    assert isinstance(preset(rate=10), RampingArrivalRate)
    assert isinstance(preset(vus=10), RampingVUs)


def test_smoke_is_next_to_no_load() -> None:
    smoke = presets.smoke()
    assert isinstance(smoke, ConstantVUs)
    assert (smoke.vus, smoke.length.seconds) == (2, 30)
    assert isinstance(presets.smoke(rate=1, duration="5s"), ConstantArrivalRate)


def test_load_goes_up_holds_and_comes_down() -> None:
    profile = presets.load(rate=50, ramp="10s", hold="1m", warmup="10s")
    assert [(stage.name, stage.target, stage.duration.seconds) for stage in profile.stages] == [
        ("ramp up", 50, 10),
        ("hold", 50, 60),
        ("ramp down", 0, 10),
    ]
    assert profile.warmup.seconds == 10


def test_a_soak_lasts_for_hours() -> None:
    assert presets.soak(vus=5).length.seconds > 2 * 3600


def test_a_spike_is_followed_by_a_little_load_that_shows_recovery() -> None:
    spike = presets.spike(rate=100)
    assert isinstance(spike, RampingArrivalRate)
    assert spike.start_rate == 5
    assert [(stage.name, stage.target) for stage in spike.stages] == [
        ("spike", 100),
        ("down", 5),
        ("recovery", 5),
    ]


def test_a_breakpoint_rises_steadily_to_a_rate() -> None:
    profile = presets.breakpoint(rate=500, duration="10m", max_vus=2000)
    assert (profile.start_rate, profile.max_vus) == (0, 2000)
    assert [(stage.name, stage.target, stage.duration.seconds) for stage in profile.stages] == [("rise", 500, 600)]


def test_a_breakpoint_stops_when_requests_fail_unless_told_otherwise() -> None:
    profile = presets.breakpoint(rate=500)
    assert profile.stop_when == stop_when(failed=percent(5), after="10s")
    assert presets.breakpoint(rate=500, stop_when=None).stop_when is None


def test_limits_that_stop_a_load_make_it_another_and_no_limits_the_same_as_ever() -> None:
    plain = constant_vus(5, "10s").describe()
    assert "stop_when" not in plain
    assert constant_vus(5, "10s", stop_when=stop_when(p95=ms(800))).describe() != plain


@pytest.mark.parametrize(
    ("declare", "says"),
    [
        (lambda: presets.load(), "presets.load: give either rate="),
        (lambda: presets.stress(rate=1, vus=1), "presets.stress: give either rate="),
        (lambda: presets.smoke(rate=1, vus=1), "presets.smoke: give either rate="),
        (lambda: presets.spike(vus=10, max_vus=20), "max_vus=20: only with rate="),
        (lambda: presets.soak(rate="10"), "target='10': write a whole number"),
        (lambda: presets.load(vus=0), "never reaches a VU"),
        (lambda: stop_when(), "stop_when() needs a limit"),
        (lambda: stop_when(failed=0.05), "stop_when(failed=0.05): write percent(5)"),
        (lambda: stop_when(p95=800), "stop_when(p95=800): write seconds(2) or ms(800)"),
        (lambda: stop_when(failed=percent(5), after="soon"), "after='soon'"),
        (lambda: constant_vus(1, "1s", stop_when=percent(5)), "write stop_when=stop_when(failed=percent(5))"),
    ],
)
def test_wrong_presets_name_the_line(declare: Callable[[], object], says: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(says)) as caught:
        declare()
    assert caught.value.location is not None
    assert caught.value.location.endswith(f"test_presets.py:{declare.__code__.co_firstlineno}")
