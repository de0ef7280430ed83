"""The demo shop in two versions, loaded in turns in one session: is the new one slower than the base?"""

from __future__ import annotations

import json

from tests.integration.conftest import ROOT, Ended, Project

SPEC = """
import os
import k6spec
from k6spec import Run, Scenario, baseline, constant_vus, flow, percent

checkout = Scenario.http(
    flow.post("/checkout", json={"customer": "c1", "items": [{"sku": "sku-1", "quantity": 1}]}), name="checkout"
)
pytestmark = k6spec.load(checkout, constant_vus(2, "1s"))

def test_no_new_operation(run: Run) -> None:
    assert run.traces(root="POST /checkout").operations <= baseline()

def test_checkout_is_not_slower(run: Run) -> None:
    assert run.http("POST /checkout").duration.p50 <= float(os.environ["LIMIT"]) * baseline()

def test_no_more_database_calls(run: Run) -> None:
    assert run.traces(root="POST /checkout").calls(db=True).mean <= baseline()

def test_nothing_fails(run: Run) -> None:
    assert run.http().failed.rate < percent(1)
"""
SHOPS = f"""
import os
import sys
from pathlib import Path
import pytest
import k6spec

def shop(**env):
    return k6spec.CommandSut(
        [sys.executable, "-m", "demo", "serve"],
        url_key="orders", ready="/healthz", cwd=Path({str(ROOT)!r}), env=env,
    )

@pytest.fixture(scope="session")
def k6spec_sut():
    return shop(SHOP_FAULTS=os.environ.get("NEW_FAULTS", ""))

@pytest.fixture(scope="session")
def k6spec_sut_base():
    return shop()
"""
AB = ("--k6spec-ab", "4", "--k6spec-sut-version", "2.0-rc1", "--k6spec-ab-version", "1.9.3")


def judged(project: Project, *options: str, limit: str, faults: str = "") -> Ended:
    project.write(SPEC, conftest=SHOPS)
    project.env |= {"NEW_FAULTS": faults, "LIMIT": limit}
    return project.run(*AB, *options, timeout=300)


def test_a_slower_version_fails_and_both_are_named_with_the_effect_and_its_interval(project: Project) -> None:
    ended = judged(project, limit="2", faults="slow_downstream")

    assert ended.code == 1
    assert "1 failed, 3 passed" in ended.text, ended.text
    assert "limit 2 × baseline = " in ended.text
    (line,) = ended.lines(" against the baseline ")
    assert "sure on either side; noise between rounds" in line
    assert "4 rounds, 2.0-rc1 in turns with 1.9.3" in line
    assert [(info["ab"]["version"], info["ab"]["round"]) for info in project.infos()] == [
        ("candidate", 1),
        ("base", 1),
        ("base", 2),
        ("candidate", 2),
        ("candidate", 3),
        ("base", 3),
        ("base", 4),
        ("candidate", 4),
    ]
    assert [info["sut_version"] for info in project.infos()[:2]] == ["2.0-rc1", "1.9.3"]
    assert ended.lines("the last of 4 rounds, 2.0-rc1 in turns with 1.9.3")
    assert not list((project.root / ".k6spec" / "history").glob("*.json")), "rounds are no nights"


def test_equal_versions_pass_and_can_be_judged_again(project: Project) -> None:
    ended = judged(project, limit="8")  # on a busy machine rounds of a second differ by half
    again = project.run("--k6spec-replay", "last")

    assert "4 passed" in ended.text, ended.text
    assert "4 passed" in again.text, again.text
    (verdict,) = [v for v in project.infos()[-1]["verdicts"] if "p50" in v["claim"]][:1]
    assert verdict["baseline"]["between"] == "rounds"
    assert len(verdict["baseline"]["runs"]) == 4
    assert verdict["baseline"]["family"] == 3, json.dumps(verdict)
