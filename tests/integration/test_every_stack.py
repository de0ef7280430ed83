"""One spec on every stack: the same verdicts, and Jaeger shows the very traces that were judged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.conftest import SHOP, Project
from tests.support.stacks import binary, docker_client
from tests.toolchain.build import IMAGES

SPEC = """
import json
import time
import httpx
import k6spec
from k6spec import Run, Scenario, flow, ms, percent, seconds, shared_iterations

buyers = Scenario.http(
    flow.get("/products", extract={"sku": "0.sku"}),
    flow.post("/checkout", json={"customer": "c1", "items": [{"sku": "{sku}", "quantity": 1}]}, expect=201),
    flow.get("/orders?customer=c1", name="GET /orders"),
    name="buyers",
)
pytestmark = k6spec.load(buyers, shared_iterations(3, 30))


def test_nothing_fails(run: Run) -> None:
    assert run.http().failed.rate <= percent(0)


def test_every_request_has_its_trace(run: Run) -> None:
    assert run.ledger.traces_complete == run.ledger.requests_sent == 90
    assert run.ledger.spans_dropped == run.ledger.spans_duplicate == 0
    assert run.traces().calls(db=True).max <= 50


def test_latency(run: Run) -> None:
    assert run.http("POST /checkout").duration.median < seconds(30)


def test_no_n_plus_one(run: Run) -> None:
    assert run.traces(root="GET /orders").repeated(db=True).max <= 3


def test_a_service_that_is_not_there(run: Run) -> None:
    assert run.spans(service="order").duration.max < ms(1)


def test_the_stack_shows_what_was_judged(run: Run, k6spec_stack) -> None:
    assert run.http().count >= 90
    rows = run.database.rows(
        "SELECT lower(hex(trace_id)), list(lower(hex(span_id))), list(lower(hex(span_id))) "
        "FILTER (WHERE parent_span_id IS NULL) FROM spans GROUP BY ALL"
    )
    seen = {}
    for trace_id, spans, roots in rows:
        url = k6spec_stack.trace_url(trace_id)
        if url is None:
            continue
        api, deadline = url.replace("/trace/", "/api/traces/"), time.monotonic() + 20
        while time.monotonic() < deadline:
            answer = httpx.get(api, trust_env=False)
            found = answer.json()["data"][0]["spans"] if answer.status_code == 200 else []
            if len(found) == len(spans):
                break
            time.sleep(0.2)
        assert sorted(span["spanID"] for span in found) == sorted(spans)
        assert [span["spanID"] for span in found if not span["references"]] == roots
        (top,) = [span for span in found if not span["references"]]
        seen[trace_id] = top["operationName"]
    print("seen in Jaeger:", json.dumps(sorted(seen.values())))
"""
FAILED = {"test_no_n_plus_one"}
INCONCLUSIVE = {"test_a_service_that_is_not_there"}

pytestmark = pytest.mark.timeout(300)


def verdicts(project: Project) -> list[tuple[str, str, str]]:
    """Test, claim and outcome of all claims of the project's only run."""
    (info,) = project.infos()
    return sorted((v["nodeid"].rpartition("::")[2], v["claim"], v["outcome"]) for v in info["verdicts"])


def seen_in_jaeger(text: str) -> list[Any]:
    """The roots' names that the spec printed."""
    printed = text.partition("seen in Jaeger:")[2]
    assert printed, text
    found = json.loads(printed.splitlines()[0])
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("stack", ["embedded", "process", pytest.param("docker", marks=pytest.mark.docker)])
def test_the_same_verdicts_on_every_stack(project: Project, stack: str) -> None:
    project.env |= {"K6SPEC_STACK": stack, "SHOP_FAULTS": "n_plus_one"}
    if stack == "process":
        project.env |= {"K6SPEC_OTELCOL": binary("otelcol"), "K6SPEC_JAEGER": binary("jaeger")}
    if stack == "docker":
        docker_client().close()
        project.env |= {"K6SPEC_COLLECTOR_IMAGE": IMAGES["otelcol"], "K6SPEC_JAEGER_IMAGE": IMAGES["jaeger"]}
    project.write(SPEC, conftest=SHOP)

    ended = project.run("-s", timeout=200)

    outcomes = {name: outcome for name, _claim, outcome in verdicts(project)}
    assert {name for name, outcome in outcomes.items() if outcome == "failed"} == FAILED, ended.text
    assert {name for name, outcome in outcomes.items() if outcome == "inconclusive"} == INCONCLUSIVE, ended.text
    assert ended.lines("failed, 4 passed"), ended.text
    if stack != "embedded":
        names = seen_in_jaeger(ended.text)
        assert {name: names.count(name) for name in names} == {
            "GET /products": 30,
            "POST /checkout": 30,
            "GET /orders": 30,
        }
