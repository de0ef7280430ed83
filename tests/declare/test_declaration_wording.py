"""The words for declarations that cannot be what was meant; each begins with the spec's file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from k6spec import (
    DeclarationError,
    Scenario,
    constant_arrival_rate,
    constant_vus,
    flow,
    load,
    percent,
    ramping_vus,
    secret,
    shared_iterations,
    stage,
    stop_when,
)

buy = Scenario.http(flow.get("/products"), name="buy")


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (
            lambda: constant_vus(10, 30),
            snapshot('duration=30: write a duration with its unit, as in duration="30s"'),
        ),
        (
            lambda: constant_vus(10, "30"),
            snapshot('duration=\'30\' is not a duration; write it as k6 does: "30s", "1m30s", "250ms"'),
        ),
        (lambda: constant_vus(0, "30s"), snapshot("vus=0: must be at least 1")),
        (lambda: constant_vus(2.5, "30s"), snapshot("vus=2.5: write a whole number, as in vus=10")),
        (
            lambda: constant_vus(10, "500ms"),
            snapshot("duration='500ms': k6 takes no less than a second; write duration=\"1s\""),
        ),
        (
            lambda: constant_vus(10, "30s", warmup="30s"),
            snapshot("warmup=30 s takes all of the profile's 30 s: nothing would be left to judge"),
        ),
        (
            lambda: shared_iterations(10, 5),
            snapshot("iterations=5 is less than vus=10: some VUs would never run; use vus=5"),
        ),
        (
            lambda: ramping_vus(stage("10s", 0)),
            snapshot("ramping_vus never reaches a VU: give a stage with a target above 0"),
        ),
        (
            lambda: ramping_vus(),
            snapshot('ramping_vus() needs stages, as in ramping_vus(stage("10s", 20), stage("30s", 20))'),
        ),
        (
            lambda: constant_arrival_rate(50, "30s", pre_allocated_vus=20, max_vus=10),
            snapshot("max_vus=10 is less than pre_allocated_vus=20; give max_vus=20 or more"),
        ),
        (
            lambda: stop_when(),
            snapshot("stop_when() needs a limit, as in stop_when(failed=percent(5), p95=seconds(2))"),
        ),
        (lambda: stop_when(failed=0.05), snapshot("stop_when(failed=0.05): write percent(5)")),
        (
            lambda: load(buy),
            snapshot('a scenario needs a profile, as in k6spec.load(scenario, constant_vus(10, "30s"))'),
        ),
        (
            lambda: load({}),
            snapshot(
                'k6spec.load({}) declares no scenario; write k6spec.load({"buy": (buy, constant_vus(10, "30s"))})'
            ),
        ),
        (
            lambda: load({"buy now": (buy, constant_vus(1, "1s"))}),
            snapshot("scenario 'buy now': k6 takes only letters, digits, _ and - in a scenario's name"),
        ),
        (lambda: load(buy, constant_vus(1, "1s"), sampling=0.1), snapshot("sampling=0.1: write percent(10)")),
        (
            lambda: load(buy, constant_vus(1, "1s"), control=percent(60)),
            snapshot("control=60 %: give at most percent(50), for only the other requests are judged"),
        ),
        (
            lambda: load(buy, constant_vus(1, "1s"), shared_over="cache"),
            snapshot("shared_over='cache': write a list of fixture names, as in shared_over=['cache']"),
        ),
        (
            lambda: load(buy, constant_vus(1, "1s"), baggage={"tenant": 3}),
            snapshot("baggage={'tenant': 3}: write the value as text"),
        ),
        (lambda: Scenario.script("no-such.js"), snapshot("there is no script 'no-such.js' in FOLDER")),
        (
            lambda: Scenario.http(flow.get("products")),
            snapshot("path='products': begin with \"/\" (relative to the base URL) or with http:// or https://"),
        ),
        (
            lambda: Scenario.http(flow.get("/products/{id}")),
            snapshot(
                "GET /products/{id}: {id} is not known here; known are iteration, vu (extract it in an earlier step, give it as data, or write {{ for a brace)"
            ),
        ),
        (
            lambda: Scenario.http(flow.get("/p", headers={"Authorization": "Bearer 123"})),
            snapshot(
                'the header Authorization: a credential written here would be archived; write secret("NAME") and set the environment variable, or a placeholder for what a login gave or a data file holds, as in "{token}"'
            ),
        ),
        (
            lambda: Scenario.http(flow.get("/p", query={"key": secret("API_KEY")})),
            snapshot("GET /p: a secret in an address ends up in logs and spans; send it in a header"),
        ),
        (
            lambda: Scenario.http("/products"),
            snapshot('\'/products\' is not a step; write flow.get("/path"), flow.post(...) or flow.think("1s")'),
        ),
        (
            lambda: Scenario.http(flow.post("/p", json={"a": 1}, form={"b": "2"})),
            snapshot("a request has one body; this one has json and form: leave all but one out"),
        ),
        (
            lambda: flow.post("/p", json={"at": {1, 2}}),
            snapshot("json: set {1, 2} cannot be sent as JSON; make a text or a dict of it"),
        ),
        (
            lambda: flow.choose((7, flow.get("/p"))),
            snapshot("choose() needs at least two branches, as in flow.choose((7, browse), (3, buy))"),
        ),
    ],
    ids=range(28),
)
def test_mistakes_in_declarations(mistake: Callable[[], object], words: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        mistake()
    place, _, said = str(caught.value).replace(str(Path(__file__).parent), "FOLDER").partition(": ")
    assert place.startswith("tests/declare/test_declaration_wording.py:")
    assert said == words
