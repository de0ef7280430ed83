"""Wrong declarations: an error with the spec's own file and line, and what to write instead."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from k6spec.declare import flow
from k6spec.declare.load import declare_load
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
from k6spec.errors import ConfigError, DeclarationError
from k6spec.units import percent

buy = Scenario.http(flow.get("/"))


@pytest.mark.parametrize(
    ("declare", "says"),
    [
        (lambda: constant_vus(0, "30s"), "vus=0: must be at least 1"),
        (lambda: constant_vus("50", "30s"), "vus='50': write a whole number, as in vus=10"),
        (lambda: constant_vus(True, "30s"), "vus=True: write a whole number"),
        (lambda: constant_vus(5, 30), 'duration=30: write a duration with its unit, as in duration="30s"'),
        (lambda: constant_vus(5, "30 sec"), "'30 sec' is not a duration"),
        (lambda: constant_vus(5, "500ms"), 'k6 takes no less than a second; write duration="1s"'),
        (lambda: constant_vus(5, "30s", warmup="30s"), "nothing would be left to judge"),
        (lambda: constant_vus(5, "30s", warmp="3s"), "a profile has no warmp=; did you mean warmup=?"),
        (lambda: shared_iterations(10, 5), "use vus=5"),
        (lambda: per_vu_iterations(1, 1, max_duration="0s"), 'write max_duration="1s"'),
        (lambda: ramping_vus(), 'ramping_vus() needs stages, as in ramping_vus(stage("10s", 20)'),
        (lambda: ramping_vus(("10s", 20)), 'is not a stage; write stage("10s", 20)'),
        (lambda: ramping_vus(stage("10s", 0)), "never reaches a VU"),
        (lambda: ramping_vus(stage("0s", 5)), "last no time"),
        (lambda: ramping_arrival_rate(stage("10s", 0)), "never starts an iteration"),
        (lambda: constant_arrival_rate(5, "10s", pre_allocated_vus=9, max_vus=3), "max_vus=3 is less than"),
        (lambda: constant_arrival_rate(5, "10s", time_unit="0s"), "time_unit='0s': must be longer than zero"),
        (lambda: stage("10s", -1), "target=-1: must be at least 0"),
        (lambda: Scenario.http(), "Scenario.http() needs steps"),
        (lambda: Scenario.http("/"), "'/' is not a step"),
        (lambda: Scenario.http(flow.get("/{sku}")), "{sku} is not known here; known are iteration, vu"),
        (lambda: Scenario.script("nowhere.js"), "there is no script 'nowhere.js'"),
        (lambda: flow.get("products"), 'begin with "/"'),
        (lambda: flow.request("FETCH", "/"), "use one of GET, POST"),
        (lambda: flow.get("/", expect=99), "an HTTP status lies between 100 and 599"),
        (lambda: flow.get("/", extract={"vu": "a"}), "use a plain name other than vu and iteration"),
        (lambda: flow.think("2s", "1s"), "the longest time is shorter"),
        (lambda: declare_load(buy, None), "a scenario needs a profile"),
        (lambda: declare_load({}, None), "declares no scenario"),
        (lambda: declare_load({"a": buy}, None), "scenario 'a': write (scenario, profile)"),
        (lambda: declare_load({"my shop": (buy, constant_vus(1, "1s"))}, None), "letters, digits, _ and -"),
        (lambda: declare_load(buy, constant_vus(1, "1s"), shared_over="db"), "shared_over=['db']"),
        (lambda: declare_load(buy, constant_vus(1, "1s"), propagate_to="shop"), "propagate_to=['shop']"),
        (lambda: declare_load(buy, constant_vus(1, "1s"), sampling=0.1), "write percent(10)"),
    ],
)
def test_errors_name_the_line_and_say_what_to_write(declare: Callable[[], object], says: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(says)) as caught:
        declare()
    assert caught.value.location is not None
    file, _, number = caught.value.location.rpartition(":")
    assert file.endswith("test_declarations.py")
    assert int(number) == declare.__code__.co_firstlineno


def test_a_missing_script_names_those_that_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "load").mkdir()
    (tmp_path / "load" / "checkout.js").touch()
    spec = tmp_path / "spec_of_shop.py"
    spec.write_text("from k6spec.declare.scenario import Scenario\nScenario.script('load/chekout.js')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DeclarationError, match=r"spec_of_shop.py:2: .*there are load/checkout\.js"):
        __import__("spec_of_shop")
    sys.modules.pop("spec_of_shop", None)


def test_scripts_are_found_from_the_specs_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "buy now.js").touch()
    (tmp_path / "spec_beside.py").write_text(
        "from k6spec.declare.scenario import Scenario\nscenario = Scenario.script('buy now.js')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    scenario = __import__("spec_beside").scenario
    sys.modules.pop("spec_beside", None)
    assert scenario.path == (tmp_path / "buy now.js").resolve()
    assert scenario.name == "buy_now"


def test_a_load_knows_where_it_was_declared() -> None:
    load = declare_load(buy, constant_vus(1, "1s"), sampling=percent(10))
    assert load.location is not None
    assert "test_declarations.py:" in load.location


def test_placeholders_become_known_step_by_step() -> None:
    Scenario.http(
        flow.get("/{vu}/{iteration}", extract={"sku": "a"}),
        flow.post("/{sku}", json={"a": ["{sku} {{not}}"]}, headers={"x": "{vu}"}),
    )
    with pytest.raises(DeclarationError, match=r"GET /\{sku\}: \{sku\} is not known here"):
        Scenario.http(flow.get("/{sku}", extract={"sku": "a"}))


def test_overrides_of_an_environment_are_checked() -> None:
    load = declare_load(buy, constant_vus(5, "10s"))
    overridden = load.override({"vus": 7, "duration": "20s"}).parts[0].profile
    assert overridden.options()["vus"] == 7
    assert overridden.options()["duration"] == "20s"
    with pytest.raises(ConfigError, match=r"^profile in .* constant-vus has no 'rate' to override; it has"):
        load.override({"rate": 7})
