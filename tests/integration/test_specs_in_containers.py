"""The sample spec of the shop in containers: skipped with the way to run it, green, and red under a fault."""

from __future__ import annotations

import re

import pytest

from tests.integration.conftest import ROOT, Ended, Project
from tests.support.demo_image import demo_image
from tests.support.stacks import docker_client
from tests.toolchain.build import IMAGES

SPECS = "specs/in_containers"


@pytest.fixture
def in_docker(project: Project) -> Project:
    """A project whose sessions use the docker stack and the shop's image."""
    client = docker_client()
    try:
        image = demo_image(client)
    finally:
        client.close()
    project.env |= {
        "K6SPEC_STACK": "docker",
        "K6SPEC_COLLECTOR_IMAGE": IMAGES["otelcol"],
        "K6SPEC_JAEGER_IMAGE": IMAGES["jaeger"],
        "K6SPEC_DEMO_IMAGE": image,
        "K6SPEC_RUNS": str(project.runs),
    }
    return project


def _run(project: Project, *, fault: str = "") -> Ended:
    project.env["SHOP_FAULTS"] = fault
    # The lock is the machine's: other loads at the same time would change what is measured.
    del project.env["TMPDIR"]
    return project.run(SPECS, cwd=ROOT, timeout=200)


def test_without_being_asked_for_they_are_skipped_with_the_way_to_run_them(project: Project) -> None:
    ended = project.run(SPECS, cwd=ROOT)

    assert ended.code == 0, ended.text
    assert re.search(
        r"SKIPPED \[\d+\] .*: containers are loaded when asked for: pytest specs/in_containers", ended.text
    )
    assert "passed" not in ended.lines("skipped in")[0]


@pytest.mark.docker
def test_a_healthy_shop_in_containers_is_green(in_docker: Project) -> None:
    ended = _run(in_docker)

    assert ended.code == 0, ended.text
    (info,) = in_docker.infos()
    assert info["sut"]["image"] == in_docker.env["K6SPEC_DEMO_IMAGE"]
    assert info["sut"]["digest"].startswith("sha256:")
    assert {verdict["outcome"] for verdict in info["verdicts"]} == {"passed"}


@pytest.mark.docker
def test_a_fault_in_a_container_is_found_and_named(in_docker: Project) -> None:
    ended = _run(in_docker, fault="slow_query")

    red = set(re.findall(rf"^FAILED {SPECS}/\w+\.py::(\w+)", ended.text, re.MULTILINE))
    assert ended.code == 1, ended.text
    assert {"test_no_db_span_over_200_ms", "test_stock_answers_quickly"} <= red, ended.text
    assert re.search(r"3\d\d ms  SELECT .* FROM stock", ended.text), ended.text
    assert "ERROR" not in ended.text
