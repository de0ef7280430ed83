"""Whatever can be declared, k6 accepts."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k6spec.declare import flow, presets
from k6spec.declare.load import declare_load
from k6spec.declare.profile import Profile, RampingArrivalRate, RampingVUs
from k6spec.declare.profiles import (
    constant_arrival_rate,
    constant_vus,
    per_vu_iterations,
    ramping_arrival_rate,
    ramping_vus,
    shared_iterations,
    stage,
)
from k6spec.declare.scenario import Scenario
from k6spec.declare.stopping import stop_when
from k6spec.errors import UsageError
from k6spec.k6.binary import K6Binary, find_k6
from k6spec.k6.own_load import with_own_load
from k6spec.script.compiler import compile_load
from k6spec.script.options import stops
from k6spec.units import Duration, Ratio, ms, parse_duration
from tests.k6.real_runs import every_k6, k6_id
from tests.script.k6_inspect import inspected

shortest = st.integers(1000, 10**7).map(ms)
any_length = st.integers(1, 10**10).map(lambda us: Duration(us * 1000))
count = st.integers(1, 500)
ramps = st.lists(st.builds(stage, any_length, count, name=st.none() | st.text()), min_size=1, max_size=4)
share = st.floats(0, 1).map(Ratio)
limits = st.builds(
    stop_when, failed=share, p95=st.none() | any_length, p99=st.none() | any_length, after=any_length
)
common: dict[str, Any] = {
    "start": any_length | st.just("0s"),
    "graceful_stop": any_length,
    "stop_when": st.none() | limits,
}
arrivals: dict[str, Any] = {"time_unit": any_length.filter(lambda unit: unit.ns >= 10**7), **common}

either: st.SearchStrategy[dict[str, int]] = st.fixed_dictionaries({"rate": count}) | st.fixed_dictionaries(
    {"vus": count}
)
plateaus = st.sampled_from([presets.load, presets.stress, presets.soak])

profiles = st.one_of(
    st.builds(lambda level, **rest: presets.smoke(**level, **rest), either, duration=shortest, **common),
    st.builds(
        lambda preset, level, **rest: preset(**level, **rest),
        plateaus,
        either,
        ramp=any_length,
        hold=any_length,
        **common,
    ),
    st.builds(
        lambda level, **rest: presets.spike(**level, **rest), either, ramp=any_length, down=any_length, **common
    ),
    st.builds(presets.breakpoint, rate=count, duration=shortest, **common),
    st.builds(constant_vus, count, shortest, **common),
    st.builds(per_vu_iterations, count, count, max_duration=shortest, **common),
    st.builds(lambda vus, more, **rest: shared_iterations(vus, vus + more, **rest), count, count, **common),
    st.builds(lambda stages, **rest: ramping_vus(*stages, **rest), ramps, start_vus=st.integers(0, 50), **common),
    st.builds(constant_arrival_rate, st.integers(1, 5), shortest, pre_allocated_vus=count, **arrivals),
    st.builds(
        lambda stages, **rest: ramping_arrival_rate(*stages, **rest),
        ramps,
        pre_allocated_vus=count,
        start_rate=st.integers(0, 100),
        **arrivals,
    ),
)


def in_ns(options: object) -> object:
    """Options with durations as nanoseconds, and without what is not set."""
    if isinstance(options, dict):
        return {name: in_ns(value) for name, value in options.items() if value is not None}
    if isinstance(options, list):
        return [in_ns(item) for item in options]
    try:
        return parse_duration(options) if isinstance(options, str) else options
    except UsageError:
        return options


@pytest.fixture(scope="module", params=every_k6(), ids=k6_id)
def binary(request: pytest.FixtureRequest) -> K6Binary:
    return find_k6(request.param)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(profile=profiles)
def test_any_declared_profile(
    binary: K6Binary, tmp_path_factory: pytest.TempPathFactory, profile: Profile
) -> None:
    load = declare_load({"any": (Scenario.http(flow.get("/")), profile)}, None)
    out = tmp_path_factory.mktemp("script")
    compiled = compile_load(load, run_key=b"abcd", base_url="http://127.0.0.1:1", out=out)
    options = inspected(binary, compiled.entry)
    assert set(options["scenarios"]) == {"any"}
    assert in_ns(options["scenarios"]["any"]) == in_ns(profile.options() | {"exec": "k6spec_0"})
    assert in_ns(options["thresholds"] or {}) == in_ns(stops(load))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(profile=profiles)
def test_any_profile_comes_back_from_k6_as_it_was_declared(
    binary: K6Binary, tmp_path: Path, profile: Profile
) -> None:
    script = tmp_path / "own.js"
    scenario = json.dumps({"scenarios": {"any": profile.options()}})
    script.write_text(f"export const options = {scenario}; export default function () {{}}")
    load = declare_load(Scenario.script(script, options="script"), None)

    (part,) = with_own_load(load, binary, base_url="http://127.0.0.1:1", env=os.environ).parts

    assert part.profile == as_k6_knows_it(profile)


def as_k6_knows_it(profile: Profile) -> Profile:
    """Without what only k6spec has: names of stages, a warm-up, limits that stop it."""
    plain = replace(profile, warmup=Duration(0), stop_when=None)
    if isinstance(plain, RampingVUs | RampingArrivalRate):
        return replace(plain, stages=tuple(replace(stage, name=None) for stage in plain.stages))
    return plain


def test_the_scripts_own_load_is_dropped_and_the_rest_of_its_options_kept(
    binary: K6Binary, tmp_path: Path
) -> None:
    script = tmp_path / "user's %41 ü.js"
    script.write_text(
        """
        export const options = {
          vus: 9, duration: '9m', iterations: 9, stages: [{ duration: '9s', target: 9 }],
          paused: true, linger: true,
          scenarios: { mine: { executor: 'constant-vus', vus: 9, duration: '9s' } },
          thresholds: { http_reqs: ['count>1'] }, hosts: { 'a.test': '127.0.0.1' }, tags: { a: 'b' },
          insecureSkipTLSVerify: true,
        };
        export default function () {}
        """
    )
    other = tmp_path / "other.ts"
    other.write_text(
        """
        const expression: string = 'count>2';
        export const options = { thresholds: { http_reqs: [expression], checks: 'rate>0.5' }, maxRedirects: 3 };
        export default function () {}
        """
    )
    load = declare_load(
        {
            "one": (Scenario.script(script), constant_vus(1, "1s")),
            "two": (Scenario.script(other), constant_vus(2, "1s")),
        },
        None,
    )
    compiled = compile_load(load, run_key=b"abcd", base_url="http://x", out=tmp_path / "o ut'%")
    options = inspected(binary, compiled.entry)
    assert set(options["scenarios"]) == {"one", "two"}
    assert options["thresholds"] == {"http_reqs": ["count>1", "count>2"], "checks": ["rate>0.5"]}
    assert options["tags"] == {"a": "b"}
    assert options["insecureSkipTLSVerify"] is True
    assert options["maxRedirects"] == 3
    assert options["hosts"] == {"a.test": "127.0.0.1"}
    assert not [
        name for name in ("vus", "duration", "iterations", "stages", "paused", "linger") if options.get(name)
    ]


def test_a_scenario_keeps_the_browser_of_the_scripts_own_of_its_name_or_function(
    binary: K6Binary, tmp_path: Path
) -> None:
    script = tmp_path / "ui.js"
    script.write_text(
        """
        import { browser } from 'k6/browser';
        const once = { executor: 'per-vu-iterations' };
        export const options = {
          scenarios: {
            shop: { ...once, options: { browser: { type: 'chromium' } } },
            api: { ...once, exec: 'api' },
            plain: once,
          },
        };
        export default function () {}
        export function api() {}
        """
    )
    once = per_vu_iterations(1, 1)
    load = declare_load(
        {
            "any": (Scenario.script(script), once),
            "plain": (Scenario.script(script), once),
            "api_too": (Scenario.script(script, exec="api"), once),
            "flow": (Scenario.http(flow.get("/")), once),
        },
        None,
    )
    compiled = compile_load(load, run_key=b"abcd", base_url="http://x", out=tmp_path / "out")
    scenarios = inspected(binary, compiled.entry)["scenarios"]
    assert {name: own.get("options") for name, own in scenarios.items()} == {
        "any": {"browser": {"type": "chromium"}},
        "plain": None,
        "api_too": None,
        "flow": None,
    }
