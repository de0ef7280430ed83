"""k6's JSON lines, parsed wherever the chunks end, in the usual shape and in others."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k6spec.k6.output import K6Output, unix_ns
from k6spec.k6.rows import operation

PHASES = ("duration", "blocked", "connecting", "tls_handshaking", "sending", "waiting", "receiving")
TIME = "2026-11-22T18:30:27.751828268Z"
IDS = "00-" + "a" * 32 + "-" + "b" * 16 + "-03"


def line(metric: str, value: object, tags: dict[str, str], metadata: dict[str, str], time: str = TIME) -> str:
    """A sample as k6 writes it: metadata in any order, and left out where there is none."""
    items = list(metadata.items())
    random.shuffle(items)
    data: dict[str, Any] = {"time": time, "value": value, "tags": tags}
    if items:
        data["metadata"] = dict(items)
    return (
        json.dumps({"metric": metric, "type": "Point", "data": data}, separators=(",", ":"), ensure_ascii=False)
        + "\n"
    )


def request(
    tags: dict[str, str] | None = None,
    *,
    context: str = IDS,
    values: tuple[float, ...] = (3, 2, 1.5, 0, 1, 1.25, 0.75),
    failed: int | None = 0,
    time: str = TIME,
) -> list[str]:
    """The samples of one request."""
    tags = {"method": "GET", "name": "http://x/y?z=1", "url": "http://x/y?z=1", "status": "200"} | (tags or {})
    metadata = {"vu": "7", "iter": "3"} | ({"k6spec": context} if context else {})
    lines = [line("http_reqs", 1, tags, metadata, time)]
    lines += [
        line(f"http_req_{name}", value, tags, metadata, time) for name, value in zip(PHASES, values, strict=True)
    ]
    if failed is not None:
        lines.append(line("http_req_failed", failed, tags, metadata, time))
    return lines


def declared(metric: str, kind: str = "trend", contains: str = "time") -> str:
    data = {"name": metric, "type": kind, "contains": contains, "thresholds": [], "submetrics": None}
    return json.dumps({"type": "Metric", "data": data, "metric": metric}, separators=(",", ":")) + "\n"


class Parsed:
    """What becomes of k6's output, fed in chunks of a size."""

    def __init__(self, folder: Path, lines: list[str], chunk: int = 65536) -> None:
        self.output = K6Output(requests=folder / "r.parquet", metrics=folder / "m.parquet")
        data = "".join(lines).encode()
        for start in range(0, len(data), chunk):
            self.output.feed(data[start : start + chunk])
        self.output.close()
        self.requests = pq.read_table(folder / "r.parquet").to_pylist()
        self.samples = pq.read_table(folder / "m.parquet").to_pylist()


def test_a_scripts_own_tag_may_have_the_name_of_one_of_k6s(tmp_path: Path) -> None:
    (row,) = Parsed(tmp_path, request({"error_code": "E42", "status": "200"})).requests
    assert (row["error_code"], row["status"]) == (None, 200)


def test_a_scripts_own_tag_may_be_called_metadata(tmp_path: Path) -> None:
    tags = {"name": "n", "metadata": "of mine"}
    parsed = Parsed(tmp_path, [*request(tags), line("checks", 1, tags, {"vu": "7", "k6spec": IDS})])
    assert [dict(row["tags"]) for row in parsed.requests + parsed.samples] == [{"metadata": "of mine"}] * 2
    assert [row["trace_id"] for row in parsed.requests + parsed.samples] == [bytes.fromhex("aa" * 16)] * 2


def test_a_script_may_overwrite_what_k6_says_of_its_vu(tmp_path: Path) -> None:
    lines = [sample.replace('"vu":"7"', '"vu":"Ann"').replace('"iter":"3"', '"iter":""') for sample in request()]
    (row,) = Parsed(tmp_path, lines).requests
    assert (row["vu"], row["iteration"]) == (None, None)


def test_a_request_is_a_row(tmp_path: Path) -> None:
    (row,) = Parsed(tmp_path, request({"own": "tag", "group": "::a", "scenario": "s"})).requests
    end = 1795372227751828268
    assert row == {
        "request_id": 0,
        "scenario": "s",
        "group": "::a",
        "name": "http://x/y?z=1",
        "operation": "GET /y",
        "method": "GET",
        "url": "http://x/y?z=1",
        "proto": None,
        "status": 200,
        "error": None,
        "error_code": None,
        "failed": False,
        "start_ns": end - 5_000_000,  # "blocked" already holds connecting
        "end_ns": end,
        "duration_ns": 3_000_000,
        "total_ns": 5_000_000,
        "blocked_ns": 2_000_000,
        "connecting_ns": 1_500_000,
        "tls_ns": 0,
        "sending_ns": 1_000_000,
        "waiting_ns": 1_250_000,
        "receiving_ns": 750_000,
        "vu": 7,
        "iteration": 3,
        "trace_id": b"\xaa" * 16,
        "span_id": b"\xbb" * 8,
        "sampled": True,
        "hop": 0,
        "tags": [("own", "tag")],
        "protocol": "http",
        "control": False,
        "journey": None,
        "correlation_id": None,
    }


@pytest.mark.parametrize("chunk", [1, 7, 500, 4000, 65536])
def test_chunks_may_end_anywhere(tmp_path: Path, chunk: int) -> None:
    lines = []
    for number in range(12):
        context = f"00-{number:032x}-{number + 1:016x}-02"
        lines += request({"name": f"/é/{number}"}, context=context)
        lines.append(line("iterations", 1, {"scenario": "s"}, {"vu": "7", "k6spec": context}))
    parsed = Parsed(tmp_path, [declared("iterations", "counter", "default"), *lines], chunk)
    assert [row["name"] for row in parsed.requests] == [f"/é/{number}" for number in range(12)]
    assert [int.from_bytes(row["span_id"]) for row in parsed.requests] == list(range(1, 13))
    assert {row["sampled"] for row in parsed.requests} == {False}
    assert len(parsed.samples) == parsed.output.iterations == 12


def test_declarations_between_the_samples_of_a_request_do_not_disturb(tmp_path: Path) -> None:
    lines = [item for sample in request() for item in (declared(json.loads(sample)["metric"]), sample)]
    (row,) = Parsed(tmp_path, lines).requests
    assert (row["duration_ns"], row["receiving_ns"], row["failed"]) == (3_000_000, 750_000, False)


def test_a_request_without_a_verdict_of_k6s_is_neither_failed_nor_not(tmp_path: Path) -> None:
    rows = Parsed(tmp_path, request(failed=None) + request(failed=1, context="") + request(failed=None)).requests
    assert [row["failed"] for row in rows] == [None, True, None]
    assert [row["waiting_ns"] for row in rows] == [1_250_000] * 3


def test_text_that_looks_like_json_stays_text(tmp_path: Path) -> None:
    name = 'a"},"metadata":{"k6spec":"x"}}}\n{"metric":"http_reqs"'
    (row,) = Parsed(tmp_path, request({"name": name, "t": "}}"})).requests
    assert (row["name"], row["operation"], row["tags"]) == (name, name, [("t", "}}")])
    assert row["trace_id"] == b"\xaa" * 16


def test_an_unfinished_last_line_is_dropped(tmp_path: Path) -> None:
    parsed = Parsed(tmp_path, [*request(), '{"metric":"http_reqs","type":"Po'])
    assert len(parsed.requests) == 1


def test_a_request_cut_off_by_the_end_is_kept_with_what_is_known(tmp_path: Path) -> None:
    (row,) = Parsed(tmp_path, request()[:4]).requests
    assert (row["duration_ns"], row["waiting_ns"], row["failed"]) == (3_000_000, 0, None)


def test_hops_follow_redirects_though_other_vus_come_between(tmp_path: Path) -> None:
    other = "00-" + "c" * 32 + "-" + "d" * 16 + "-03"
    lines = request({"status": "302"}) + request(context=other) + request({"status": "307"}) + request()
    rows = Parsed(tmp_path, lines).requests
    assert [row["hop"] for row in rows] == [0, 0, 1, 2]
    assert [row["trace_id"][:1] for row in rows] == [b"\xaa", b"\xcc", b"\xaa", b"\xaa"]


def test_a_batch_is_told_apart_by_its_index_tag(tmp_path: Path) -> None:
    both = f"{IDS},,00-{'c' * 32}-{'d' * 16}-02"
    lines = [item for number in ("2", "0", "1") for item in request({"k6spec_batch": number}, context=both)]
    rows = Parsed(tmp_path, lines).requests
    assert [row["sampled"] for row in rows] == [False, True, None]
    assert [row["tags"] for row in rows] == [[], [], []]


def test_reflection_and_health_checks_of_grpc_are_no_requests(tmp_path: Path) -> None:
    of_ours = {"vu": "1", "k6spec": IDS}
    lines = [
        line("grpc_req_duration", 2.5, {"group": "", "service": "run tag", "status": "12"}, of_ours),
        line("grpc_req_duration", 2.5, {"method": "Say", "name": "/echo.Echo/Say", "status": "0"}, of_ours),
    ]
    parsed = Parsed(tmp_path, lines)
    assert [(row["operation"], row["failed"]) for row in parsed.requests] == [("/echo.Echo/Say", False)]
    assert [row["metric"] for row in parsed.samples] == ["grpc_req_duration"] * 2


def test_a_stream_that_its_script_cancels_had_reached_the_system(tmp_path: Path) -> None:
    cancelled, unavailable = (
        line("grpc_req_duration", 2.5, {"method": "Watch", "status": code}, {}) for code in ("1", "14")
    )
    parsed = Parsed(tmp_path, [cancelled, unavailable])
    assert [(row["status"], row["failed"]) for row in parsed.requests] == [(200, True), (0, True)]
    assert parsed.output.unanswered == 1


def test_a_tag_called_error_fails_no_call_and_no_handshake(tmp_path: Path) -> None:
    tags = {"error": "none of ours", "url": "ws://x/y"}
    lines = [
        line("grpc_req_duration", 2.5, {**tags, "method": "Say", "status": "0"}, {}),
        line("ws_connecting", 2.5, {**tags, "status": "101"}, {}),
    ]
    assert [(row["failed"], row["error"]) for row in Parsed(tmp_path, lines).requests] == [(False, None)] * 2


def test_samples_keep_their_metric_check_tags_and_trace(tmp_path: Path) -> None:
    lines = [
        declared("checks", "rate", "default"),
        declared("mine"),
        line("checks", 0, {"check": "ok?", "group": "", "scenario": "s"}, {"vu": "1", "k6spec": IDS}),
        line("mine", 1.5e-7, {"own": "x"}, {}),
    ]
    check, mine = Parsed(tmp_path, lines).samples
    assert (check["type"], check["contains"], check["check"], check["value"]) == ("rate", "default", "ok?", 0)
    assert check["trace_id"] == b"\xaa" * 16
    assert (mine["metric"], mine["value"], mine["tags"], mine["trace_id"]) == (
        "mine",
        1.5e-7,
        [("own", "x")],
        None,
    )


def test_many_rows_are_written_in_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("k6spec.k6.output._FLUSH_AT", 10)
    monkeypatch.setattr("k6spec.k6.output._MOST_TAG_SETS", 5)
    lines = [item for number in range(100) for item in request({"name": f"n{number}"}, context="")]
    rows = Parsed(tmp_path, lines, chunk=4000).requests
    assert [row["name"] for row in rows] == [f"n{number}" for number in range(100)]
    assert [row["request_id"] for row in rows] == list(range(100))
    assert pq.ParquetFile(tmp_path / "r.parquet").num_row_groups > 5


def test_the_vus_gauge_and_scenario_starts_are_kept(tmp_path: Path) -> None:
    lines = [
        declared("vus", "gauge", "default"),
        line("vus", 5, {}, {}, "2026-11-22T18:30:28Z"),
        line("vus", 3, {}, {}),
        line("iterations", 1, {"scenario": "s"}, {"k6spec_start": "1795372227000 s", "vu": "1"}),
    ]
    output = Parsed(tmp_path, lines).output
    times, values = output.vus
    assert values.tolist() == [3, 5]
    assert times.tolist() == [1795372227751828268, 1795372228000000000]
    assert output.scenario_starts == {"s": 1795372227000000000}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01T00:00:01.5Z", 1_500_000_000),
        ("1970-01-01T02:00:00.1+02:00", 100_000_000),
        ("1969-12-31T18:30:00.25-05:30", 250_000_000),
    ],
)
def test_times_are_exact_to_the_nanosecond_in_any_zone(text: str, expected: int) -> None:
    assert unix_ns(text) == expected


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**62), st.integers(-14 * 60, 14 * 60))
def test_any_time_survives(ns: int, offset: int) -> None:
    from datetime import UTC, datetime, timedelta, timezone

    seconds, fraction = divmod(ns, 10**9)
    local = datetime.fromtimestamp(seconds, UTC).astimezone(timezone(timedelta(minutes=offset)))
    text = local.isoformat()
    digits = f".{fraction:09}".rstrip("0").rstrip(".")
    assert unix_ns(text[:19] + digits + text[19:]) == ns


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("http://x/a/b?q=1#f", "POST /a/b"),
        ("https://user:****@x:8443", "POST /"),
        ("wss://x/feed?token=1", "POST /feed"),
        ("http://[region].shop/a", "POST /a"),
        ("buy a thing", "buy a thing"),
        ("GET /products/{id}", "GET /products/{id}"),
    ],
)
def test_operations(name: str, expected: str) -> None:
    assert operation(name, "POST") == expected
