"""A script's own load: k6 tells what it is, and it is planned, run and judged as a declared one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from k6spec import DeclarationError, K6Fault, Scenario, constant_vus
from k6spec.declare.fingerprint import declaration, fingerprint
from k6spec.declare.load import Load, declare_load
from k6spec.declare.profile import (
    ConstantArrivalRate,
    ConstantVUs,
    PerVUIterations,
    Profile,
    RampingArrivalRate,
    RampingVUs,
    SharedIterations,
    Stage,
)
from k6spec.k6.binary import K6Binary, find_k6
from k6spec.k6.own_load import replaced_loads, with_own_load
from k6spec.units import ms, seconds
from tests.k6 import real_runs

BODY = "import http from 'k6/http';\nexport default function () { http.get(__ENV.BASE_URL); }\n"


@pytest.fixture(params=real_runs.every_k6(), ids=real_runs.k6_id)
def binary(request: pytest.FixtureRequest) -> K6Binary:
    return find_k6(request.param)


def declared(tmp_path: Path, text: str) -> Load:
    script = tmp_path / "own.js"
    script.write_text(text)
    return declare_load(Scenario.script(script, options="script"), None)


def own(binary: K6Binary, load: Load, **env: str) -> Load:
    return with_own_load(load, binary, base_url="http://127.0.0.1:1", env={**os.environ, **env})


def profiles(load: Load) -> dict[str, object]:
    return {part.name: part.profile for part in load.parts}


def test_vus_and_duration(binary: K6Binary, tmp_path: Path) -> None:
    load = own(binary, declared(tmp_path, BODY + "export const options = { vus: 7, duration: '1m30s' };"))
    assert profiles(load) == {"default": ConstantVUs(vus=7, duration=seconds(90))}


@pytest.mark.parametrize(
    ("options", "profile"),
    [
        ("{ iterations: 5 }", SharedIterations(vus=1, iterations=5, max_duration=seconds(600))),
        ("{ duration: '2s' }", ConstantVUs(vus=1, duration=seconds(2))),
    ],
)
def test_who_names_no_number_of_vus_has_one(
    binary: K6Binary, tmp_path: Path, options: str, profile: Profile
) -> None:
    load = own(binary, declared(tmp_path, BODY + f"export const options = {options};"))
    assert profiles(load) == {"default": profile}


def test_stages(binary: K6Binary, tmp_path: Path) -> None:
    text = (
        BODY
        + "export const options = { stages: [{ duration: '10s', target: 5 }, { duration: '500ms', target: 0 }] };"
    )
    stages = (Stage(duration=seconds(10), target=5), Stage(duration=ms(500), target=0))
    assert profiles(own(binary, declared(tmp_path, text))) == {"default": RampingVUs(start_vus=1, stages=stages)}


def test_no_load_at_all_is_one_iteration(binary: K6Binary, tmp_path: Path) -> None:
    load = own(binary, declared(tmp_path, BODY))
    assert profiles(load) == {"default": PerVUIterations(vus=1, iterations=1, max_duration=seconds(600))}


def test_scenarios_of_every_executor_with_their_functions_tags_and_environment(
    binary: K6Binary, tmp_path: Path
) -> None:
    text = """
import http from 'k6/http';
export function buy() {}
export function look() {}
const PEAK = Number(__ENV.PEAK || 3);
export const options = { scenarios: {
  once: { executor: 'per-vu-iterations', exec: 'buy', vus: 2, iterations: 3, startTime: '5s',
          tags: { team: 'a' } },
  open: { executor: 'constant-arrival-rate', exec: 'look', rate: 10, timeUnit: '2s', duration: '3s',
          preAllocatedVUs: 4, env: { KIND: 'x' }, gracefulStop: '1s' },
  wave: { executor: 'ramping-arrival-rate', exec: 'look', startRate: 1, preAllocatedVUs: 2, maxVUs: 9,
          stages: [{ duration: '4s', target: PEAK }] },
} };
"""
    load = own(binary, declared(tmp_path, text), PEAK="8")
    assert profiles(load) == {
        "once": PerVUIterations(vus=2, iterations=3, max_duration=seconds(600), start=seconds(5)),
        "open": ConstantArrivalRate(
            rate=10,
            time_unit=seconds(2),
            duration=seconds(3),
            pre_allocated_vus=4,
            max_vus=4,
            graceful_stop=seconds(1),
        ),
        "wave": RampingArrivalRate(
            start_rate=1,
            time_unit=seconds(1),
            stages=(Stage(duration=seconds(4), target=8),),
            pre_allocated_vus=2,
            max_vus=9,
        ),
    }
    scenarios = {part.name: part.scenario for part in load.parts}
    assert [scenarios[name].exec for name in ("once", "open", "wave")] == ["buy", "look", "look"]  # type: ignore[union-attr]
    assert scenarios["once"].tags == {"team": "a"}  # type: ignore[union-attr]
    assert scenarios["open"].env == {"KIND": "x"}  # type: ignore[union-attr]


def test_an_environment_changes_it_as_any_profile(binary: K6Binary, tmp_path: Path) -> None:
    load = declared(tmp_path, BODY + "export const options = { vus: 7, duration: '30m' };").override(
        {"duration": "5s"}
    )
    assert profiles(own(binary, load)) == {"default": ConstantVUs(vus=7, duration=seconds(5))}


def test_the_declaration_is_the_scripts_own_until_the_script_changes(tmp_path: Path) -> None:
    first = fingerprint(declaration(declared(tmp_path, BODY)))
    assert fingerprint(declaration(declared(tmp_path, BODY))) == first
    assert fingerprint(declaration(declared(tmp_path, BODY + "export const options = { vus: 2 };"))) != first


def test_a_profile_beside_it_is_a_mistake(tmp_path: Path) -> None:
    script = tmp_path / "own.js"
    script.write_text(BODY)
    with pytest.raises(DeclarationError, match="leave out the profile"):
        declare_load(Scenario.script(script, options="script"), constant_vus(1, "1s"))
    with pytest.raises(DeclarationError, match="a load of its own"):
        declare_load({"a": (Scenario.script(script, options="script"), constant_vus(1, "1s"))}, None)


def test_what_k6_refuses_is_a_fault_in_its_words(binary: K6Binary, tmp_path: Path) -> None:
    with pytest.raises(K6Fault, match=r"k6 refuses own\.js") as caught:
        own(binary, declared(tmp_path, BODY + "export const options = { scenarios: { a: { executor: 'no' } } };"))
    assert "executor" in caught.value.log_tail


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("export const options = { vus: 7, duration: '1m' };", "vus=7, duration=1m0s"),
        ("export { options } from './elsewhere.js';", "vus=1, iterations=2"),
        ("export const options = { stages: [{ duration: '1s', target: 1 }] };", "stages to 1"),
        (
            "const slow = { executor: 'constant-vus', vus: 1, duration: '1s' };"
            "export const options = { scenarios: { slow, more: slow } };",
            "scenarios more, slow",
        ),
        ("export const options = { thresholds: { http_reqs: ['count>1'] } };", None),
        ("const vus = 5;", None),
        ("throw new Error('no config');", None),
    ],
)
def test_a_declared_profile_is_said_to_replace_a_load_that_the_script_has(
    binary: K6Binary, tmp_path: Path, options: str, said: str | None
) -> None:
    script = tmp_path / "own.js"
    script.write_text(BODY + options)
    (tmp_path / "elsewhere.js").write_text("export const options = { vus: 1, iterations: 2 };")
    load = declare_load(Scenario.script(script), constant_vus(1, "1s"))

    replaced = replaced_loads(load, binary, base_url="http://127.0.0.1:1", env=os.environ)

    assert replaced == ({script: said} if said else {})
