"""A few real requests before a load, against the demo shop: what stops the load, and what is only said."""

from __future__ import annotations

import pytest

from tests.integration.conftest import SHOP, SPEC, Ended, Project

LONGER = {"LENGTH": "4s", "K6SPEC_PREFLIGHT": "true", "K6SPEC_PREFLIGHT_TIME": "1s"}


def ran(project: Project, tests: str, *options: str, **env: str) -> Ended:
    """A session over the shop, whose load is longer than its preflight."""
    project.env |= LONGER | env
    project.write(SPEC.replace("def test_count", tests + "\n\ndef test_count"), conftest=SHOP)
    return project.run(*options)


def loads(project: Project) -> list[str]:
    return [info["status"] for info in project.infos()]


def test_it_is_said_recorded_and_not_counted(project: Project) -> None:
    ended = ran(project, "def test_db(run):\n    assert run.spans.db().during(vus=3).duration.max < ms(5000)\n")

    assert ended.code == 0, ended.text
    (said,) = ended.lines("requests answered")
    assert "k6spec: preflight: 3 requests answered" in said
    assert "claims of 2 tests looked at" in said
    (info,) = project.infos()
    assert info["preflight"]["requests"] == 3
    assert info["preflight"]["traces_complete"] == 3
    assert 0 <= info["preflight"]["flush_seconds"] < 2
    folder = next(project.runs.iterdir())
    assert not list(folder.glob("preflight-*"))
    assert info["ledger"]["spans_foreign"] == 0


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ("run.spans(service='ordrs').duration.max < ms(1)", "no span has service 'ordrs'; there is 'orders'"),
        (
            "run.http('GET /product').duration.max < ms(1)",
            "no request has name 'GET /product'; there is 'GET /products'",
        ),
        (
            "run.traces(root='GET /produtcs').calls(db=True).max < 1",
            "no trace has name 'GET /produtcs'; there is 'GET /products'",
        ),
    ],
)
def test_a_misspelt_name_stops_the_load(project: Project, claim: str, words: str) -> None:
    ended = ran(project, f"def test_typo(run):\n    assert {claim}\n")

    assert ended.code == 1
    assert "INCONCLUSIVE preflight: tests name what is not there" in ended.text
    assert ended.lines("test_spec.py::test_typo: ")[0].split(": ")[-1] == words
    assert "tried: 3 iterations with 3 requests" in ended.text
    assert ended.lines("What to do: correct the name")
    assert loads(project) == ["aborted"]


def test_what_may_only_be_rare_is_said_and_does_not_stop_it(project: Project) -> None:
    ended = ran(project, "def test_rare(run):\n    assert run.http('POST /refund').count <= 0\n")

    assert ended.lines("preflight: test_spec.py::test_rare")[0].endswith("(perhaps the load has it)")
    assert loads(project) == ["complete"]


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (
            "assert run.http().duration.p95 < 400",
            "this is a length of time, and is compared with 400; write ms(400) or seconds(2)",
        ),
        ("assert run.http().duration.p59 < ms(4)", "p59"),
        ("assert run.sql('SELECT durration FROM requests')", "durration"),
    ],
)
def test_a_claim_that_no_run_can_have_stops_the_load(project: Project, mistake: str, words: str) -> None:
    ended = ran(project, f"def test_wrong(run):\n    {mistake}\n")

    assert "USAGE preflight: these tests have mistakes in their claims" in ended.text
    assert words in ended.lines("test_spec.py::test_wrong: ")[0]
    assert loads(project) == ["aborted"]


BODY = """
from pathlib import Path

@pytest.fixture
def mine():
    yield

{mark}
def test_body({fixtures}run):
    with Path("bodies").open("a") as file:
        file.write("x")
    assert run.http().count >= 1
"""


@pytest.mark.parametrize(
    ("mark", "fixtures", "times"),
    [("", "", 2), ("@k6spec.no_rehearsal", "", 1), ("", "mine, ", 1), ("@pytest.mark.skip", "", 0)],
)
def test_only_bodies_that_have_nothing_but_run_are_run_twice(
    project: Project, mark: str, fixtures: str, times: int
) -> None:
    ended = ran(project, BODY.format(mark=mark, fixtures=fixtures), "-k", "body")

    assert ended.code in {0, 5}, ended.text
    bodies = project.root / "bodies"
    assert (bodies.read_text() if bodies.exists() else "") == "x" * times


@pytest.mark.parametrize(
    "env", [{"K6SPEC_PREFLIGHT": "false"}, {"K6SPEC_PREFLIGHT_TIME": "10s"}], ids=["off", "short"]
)
def test_it_is_left_out(project: Project, env: dict[str, str]) -> None:
    ended = ran(project, "", **env)

    assert ended.code == 0, ended.text
    assert not ended.lines("preflight")


def test_the_option_leaves_it_out_and_replays_have_none(project: Project) -> None:
    assert not ran(project, "", "--k6spec-no-preflight").lines("preflight")
    assert not project.run("--k6spec-replay", "last").lines("preflight")


def test_a_system_that_fails_everything_is_a_fault(project: Project) -> None:
    project.env |= LONGER
    project.write(SPEC.replace("/products", "/nowhere"), conftest=SHOP)

    ended = project.run()

    assert "FAULT preflight: each of 3 requests failed: GET /nowhere 404" in ended.text
    assert ended.lines("What to do: check that")
    assert loads(project) == ["aborted"]


def test_a_system_that_takes_no_context_is_told_from_one_without_spans(project: Project) -> None:
    """Its spans come, in traces of its own."""
    project.env |= LONGER
    tests = "def test_db(run):\n    assert run.spans.db().duration.max < ms(5000)\n"
    conftest = SHOP.replace('"/healthz",', '"/healthz", env={"OTEL_PROPAGATORS": "baggage"},')
    project.write(SPEC + tests, conftest=conftest)

    ended = project.run()

    assert ended.lines("INCONCLUSIVE preflight: ")[0].endswith(
        "spans arrived, but none of them in a trace that k6 began"
    )
    assert ended.lines("OTEL_PROPAGATORS must contain tracecontext")


def test_a_system_without_spans_is_told_before_the_load(project: Project) -> None:
    project.env |= LONGER
    tests = "def test_db(run):\n    assert run.spans.db().duration.max < ms(5000)\n"
    conftest = SHOP.replace('"/healthz",', '"/healthz", env={"OTEL_SDK_DISABLED": "true"},')
    project.write(SPEC + tests, conftest=conftest)

    ended = project.run()

    assert ended.lines("INCONCLUSIVE preflight: no span came back, and tests claim something of spans")
    assert ended.lines("1. the system runs with OpenTelemetry")
    assert loads(project) == ["aborted"]
