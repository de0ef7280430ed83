"""Scripts as people write them (``scripts/``), each run unchanged by real k6 against a real server.

Each checks for itself that it got what it expects; what holds for all of them is checked here.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from k6spec.declare.load import declare_load
from k6spec.declare.profile import Profile
from k6spec.declare.profiles import per_vu_iterations
from k6spec.declare.scenario import Scenario
from k6spec.k6.summary import SUMMARY
from tests.k6.echo_grpc import GrpcEcho, grpc_echo
from tests.k6.real_runs import RUN_KEY, Ran, Runner
from tests.k6.test_context import TRACEPARENT, traceparent

SCRIPTS: Final = Path(__file__).with_name("scripts")
ALL: Final = sorted(path.name for path in SCRIPTS.iterdir() if path.suffix in {".js", ".ts"})
TEXT: Final = {".js", ".cjs", ".ts"}
TWICE_BY_TWO: Final = per_vu_iterations(2, 2)
HIGH: Final = re.compile(r"[0-9a-f]{16}")
SINCE: Final = {"websockets.js": (1, 6, 0)}
"""The first k6 that has what a script asks for."""

OTHER_FORMATS: Final = {"/jaeger"}
"""Paths that a script asks to be sent context in another format."""


@pytest.fixture
def grpc() -> Iterator[GrpcEcho]:
    """A gRPC server."""
    with grpc_echo() as echo:
        yield echo


def run(k6: Runner, name: str, echo: GrpcEcho, profile: Profile = TWICE_BY_TWO) -> Ran:
    """Runs a script of the corpus, with the addresses of the servers put in."""
    if k6.binary.version < SINCE.get(name, k6.binary.version):
        pytest.skip(f"{name} needs k6 {SINCE[name]}")
    folder = k6.folder / "user"
    shutil.copytree(SCRIPTS, folder)
    names = {
        "SUT": k6.server.url,
        "OTHER": k6.server.other_host_url,
        "WS": k6.server.url.replace("http:", "ws:"),
        "GRPC": echo.address,
    }
    for path in folder.rglob("*"):
        if path.suffix in TEXT:
            path.write_text(re.sub(r"\b(SUT|OTHER|WS|GRPC)\b", lambda found: names[found[1]], path.read_text()))
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    ran = k6.run(declare_load(Scenario.script(folder / name, name="it"), profile))
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    return ran


@pytest.mark.parametrize("name", ALL)
def test_a_script_runs_unchanged_and_every_request_has_valid_context(
    k6: Runner, grpc: GrpcEcho, name: str
) -> None:
    ran = run(k6, name, grpc)

    assert ran.result.first_script_error is None
    assert [row["check"] for row in ran.samples if row["metric"] == "checks" and row["value"] != 1] == []
    assert ran.result.iterations == 4

    ours = [seen for seen in k6.server.seen if seen.headers["host"].startswith("127.0.0.1")]
    received = [seen.headers for seen in ours if seen.path not in OTHER_FORMATS]
    received += [metadata for _, metadata in grpc.seen]
    for headers in received:
        assert TRACEPARENT.fullmatch(headers["traceparent"])
        assert headers["tracestate"] == "k6spec=load"
        assert headers["x-correlation-id"]
    others = [seen for seen in k6.server.seen if seen not in ours]
    assert not [seen.path for seen in others if "traceparent" in seen.headers]

    in_archive = Counter(traceparent(row) for row in ran.requests if row["trace_id"])
    assert not Counter(headers["traceparent"] for headers in received) - in_archive
    assert in_archive.total() == len(ours) + len(grpc.seen)
    first_hops = Counter(traceparent(row) for row in ran.requests if row["trace_id"] and not row["hop"])
    assert max(first_hops.values()) == 1
    assert {row["trace_id"][4:8] for row in ran.requests if row["trace_id"]} == {RUN_KEY}
    assert {row["scenario"] for row in ran.requests} <= {"it", None}

    emitted = [(key, text) for row in ran.requests + ran.samples for key, text in row["tags"]]
    assert not [tag for tag in emitted if HIGH.search(tag[1]) or tag[0].startswith("k6spec")]


def test_the_articles_correlation_id_is_honoured_and_joined_without_a_time_series_for_each(
    k6: Runner, grpc: GrpcEcho
) -> None:
    ran = run(k6, "article_correlation.js", grpc, per_vu_iterations(2, 60))
    sent = {seen.headers["traceparent"]: seen.headers["x-correlation-id"] for seen in k6.server.seen}
    assert len(set(sent.values())) == 120
    for row in ran.requests:
        chosen = sent[traceparent(row)]
        assert re.fullmatch("[a-z]{16}", chosen)
        assert row["correlation_id"] == chosen
        assert sorted(row["tags"]) == [("correlation_id", chosen), ("test_scenario", "order-checkout")]
    # By the tags that k6 itself got there is but one series; 120 values of a tag would be remarked on.
    assert ran.result.remarks == ()


def test_thresholds_of_an_article_are_kept_and_its_load_is_not(k6: Runner, grpc: GrpcEcho) -> None:
    ran = run(k6, "article_tracing.js", grpc)
    (threshold,) = ran.result.thresholds
    assert (threshold.metric, threshold.expression) == ("http_req_duration", "p(95)<500")
    assert {row["vu"] for row in ran.requests} == {1, 2}


def test_what_a_script_counts_groups_and_tags_is_in_the_tables(k6: Runner, grpc: GrpcEcho) -> None:
    ran = run(k6, "lifecycle.js", grpc)
    assert {row["scenario"] for row in ran.of("/login")} == {None}
    (pay, *_) = ran.of("/pay")
    assert (pay["group"], dict(pay["tags"])) == ("::shop::pay", {"team": "checkout", "step": "pay"})
    (refused, *_) = ran.of("/status/404")
    assert (refused["failed"], refused["status"], dict(refused["tags"])["later"]) == (False, 404, "yes")
    assert sum(row["value"] for row in ran.samples if row["metric"] == "bought") == 4
    assert {row["metric"] for row in ran.samples} >= {"depth", "found", "size", "group_duration", "checks"}
    assert {(result.metric, result.ok) for result in ran.result.thresholds} == {
        ("bought", True),
        ("checks", True),
        ("http_req_duration{step:pay}", True),
    }
    assert k6.server.seen[-1].path == "/logout/our%20agent"


def test_calls_and_handshakes_are_rows_of_their_protocol(k6: Runner, grpc: GrpcEcho) -> None:
    ran = run(k6, "calls.js", grpc)
    calls = [row for row in ran.requests if row["protocol"] == "grpc"]
    by_metadata = {metadata["traceparent"]: method for method, metadata in grpc.seen}
    assert {traceparent(row): row["method"] for row in calls} == by_metadata
    assert {row["operation"] for row in calls} == {"/echo.Echo/Say", "/echo.Echo/Chat"}
    assert Counter((row["status"], row["failed"], row["error"]) for row in calls) == {
        (200, False, None): 12,
        (200, True, "NOT_FOUND"): 4,
    }
    assert all(row["duration_ns"] == row["end_ns"] - row["start_ns"] > 0 for row in calls)
    assert [metadata["own"] for method, metadata in grpc.seen if method == "Chat"] == ["2"] * 4


def test_handshakes_of_web_sockets_are_rows(k6: Runner, grpc: GrpcEcho) -> None:
    ran = run(k6, "sockets.js", grpc)
    rows = [row for row in ran.requests if row["protocol"] == "websocket"]
    assert Counter(row["operation"].rpartition("/")[2] for row in rows) == {"one": 4, "two": 4, "three": 4}
    assert {(row["status"], row["failed"]) for row in rows} == {(101, False)}
    assert {seen.path: seen.headers.get("own") for seen in k6.server.seen}["/one"] == "1"


def test_what_a_scripts_own_summary_writes_is_kept_beside_k6s(k6: Runner, grpc: GrpcEcho) -> None:
    ran = run(k6, "odd_imports.js", grpc)
    folder = ran.result.log_path.parent
    assert json.loads((folder / "theirs.json").read_text()) == {"checks": 1}
    assert json.loads((folder / SUMMARY).read_text())["metrics"]["iterations"]["values"]["count"] == 4
    assert {threshold.metric: threshold.ok for threshold in ran.result.thresholds} == {
        "http_req_duration{who:me}": True,
        "group_duration{group:::outer}": True,
        "spent": True,
    }
    assert {row["group"] for row in ran.of("/grouped")} == {"::outer::inner"}
