"""Files of the Collector's file exporter: read on while they are written, rotated, begun anew and damaged."""

from __future__ import annotations

import json
import os
import socket
import struct
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData

from k6spec.collect.feed import SpanFeed
from k6spec.collect.source_feed import feed_of
from k6spec.collect.sources.base import WantedTraces
from k6spec.collect.sources.otlp_file import OtlpFileSource
from k6spec.collect.sources.registry import make_source
from k6spec.errors import ConfigError, StackFault
from k6spec.units import ms, seconds
from tests.support.golden import BEGIN, GOLDEN, TRACE_IDS, assert_gives_golden, golden_table, wanted
from tests.support.source_otlp_file import NATIVE, file_collector
from tests.support.stacks import export_of

pytestmark = pytest.mark.timeout(120)

FORMATS: dict[str, dict[str, Any]] = {
    "json": {},
    "proto": {"format": "proto"},
    "json zstd": {"compression": "zstd"},
    "proto zstd": {"format": "proto", "compression": "zstd"},
    "json zstd stream": {"compression": "zstd", "gates": [NATIVE], "flush_interval": "50ms"},
    "proto zstd stream": {"format": "proto", "compression": "zstd", "gates": [NATIVE], "flush_interval": "50ms"},
}
GOLDEN_NAMES = sorted(row["name"] for row in golden_table())


@pytest.fixture(scope="module", params=FORMATS)
def golden_file(request, tmp_path_factory) -> Path:
    """A file that the Collector has written in some format, in several flushes, and is done with."""
    path = tmp_path_factory.mktemp("golden") / "spans"
    with file_collector(path, **FORMATS[request.param]) as collector:
        for message in GOLDEN:
            collector.send(message)
            time.sleep(0.06)  # lets it flush; that it did is of no consequence to what is tested
    return path


def records(*messages: bytes) -> bytes:
    """Messages as the exporter's ``format: proto`` frames them."""
    return b"".join(struct.pack(">I", len(message)) + message for message in messages)


def feed_that_waits(path: Path, trace_ids: Sequence[bytes] = TRACE_IDS) -> SpanFeed:
    """A feed of the file from now on, which waits for these traces."""
    feed = feed_of(OtlpFileSource(path))
    feed.expect(WantedTraces(trace_ids=trace_ids, begin_ns=BEGIN, end_ns=BEGIN + 10**10), settle=ms(0))
    return feed


def names(feed: SpanFeed) -> list[str]:
    """The names of the spans that have come."""
    return sorted(name for batch in feed.poll() for name in batch["name"].to_pylist())


# Read on


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_file_that_ends_anywhere_in_a_message_gives_each_span_once(golden_file, tmp_path, step):
    content = golden_file.read_bytes()
    growing = tmp_path / "growing"
    growing.touch()
    feed = feed_that_waits(growing)

    came = []
    with growing.open("ab", buffering=0) as file:
        for begin in range(0, len(content), step):
            file.write(content[begin : begin + step])
            came += names(feed)

    assert sorted(came) == GOLDEN_NAMES
    assert feed.losses().total == 0


def test_spans_come_while_the_collector_writes(tmp_path):
    with file_collector(tmp_path / "spans", format="proto", flush_interval="50ms") as collector:
        feed = feed_that_waits(tmp_path / "spans")
        came = []
        for message in GOLDEN:
            collector.send(message)
            deadline = time.monotonic() + 30
            before = len(came)
            while len(came) == before and time.monotonic() < deadline:
                came += names(feed)
    assert sorted(came) == GOLDEN_NAMES


def test_what_was_there_before_the_load_is_not_given(golden_file):
    feed = feed_that_waits(golden_file)
    assert names(feed) == []
    assert feed.losses().total == 0


def test_it_is_a_stream_that_comes_late(tmp_path):
    (tmp_path / "spans").touch()
    feed = feed_that_waits(tmp_path / "spans")
    assert (feed.tier, feed.lag, feed.truncated()) == ("stream", seconds(2), frozenset())


def test_before_it_is_known_which_traces_are_waited_for_nothing_is_read(tmp_path):
    path = tmp_path / "spans"
    path.touch()
    feed = feed_of(OtlpFileSource(path))
    path.write_bytes(records(*GOLDEN))
    assert names(feed) == []
    feed.expect(wanted(), settle=ms(0))
    assert names(feed) == GOLDEN_NAMES


def test_spans_of_other_traces_are_left_out(tmp_path):
    path = tmp_path / "spans"
    path.touch()
    feed = feed_that_waits(path, [TRACE_IDS[1]])
    path.write_bytes(records(*GOLDEN, export_of(10)))
    assert names(feed) == ["GET /orders/{id}", "charge"]


def test_rotation_between_two_looks_loses_and_repeats_nothing(tmp_path):
    path = tmp_path / "spans.pb"
    path.write_bytes(records())
    feed = feed_that_waits(path)

    path.write_bytes(records(*GOLDEN[:2]))
    came = names(feed)
    with path.open("ab") as file:
        file.write(records(GOLDEN[2]))
    path.rename(tmp_path / "spans-2026-11-01T10-00-00.000-size.pb")
    came += names(feed)
    path.write_bytes(records(*GOLDEN[3:]))
    came += names(feed)

    assert sorted(came) == GOLDEN_NAMES


def test_a_file_that_is_not_a_rotated_sibling_is_left_alone(tmp_path):
    (tmp_path / "spans.pb").write_bytes(records(*GOLDEN[:1]))
    (tmp_path / "spans-of-yesterday.pb").write_bytes(records(*GOLDEN[1:]))
    batches = list(OtlpFileSource(tmp_path / "spans.pb").fetch(wanted()))
    assert sum(batch.num_rows for batch in batches) == 2


@pytest.mark.parametrize("before", [1, 4], ids=["shorter than now", "longer than now"])
def test_a_collector_that_starts_again_begins_the_file_anew(tmp_path, before):
    path = tmp_path / "spans"
    path.write_bytes(records(*[export_of(5)] * before))
    feed = feed_that_waits(path)

    path.write_bytes(records(*GOLDEN))

    assert names(feed) == GOLDEN_NAMES


def test_a_file_that_comes_later_is_found(tmp_path):
    (tmp_path / "one").write_bytes(records(export_of(1)))
    feed = feed_that_waits(tmp_path)
    (tmp_path / "two").write_bytes(records(*GOLDEN))
    assert names(feed) == GOLDEN_NAMES


# Which files


@pytest.mark.parametrize("path", ["", "*.pb", "**/*.pb"])
def test_a_folder_or_a_pattern_is_all_its_files(tmp_path, path):
    for number, message in enumerate(GOLDEN):
        (tmp_path / f"{number}.pb").write_bytes(records(message))
    assert_gives_golden(OtlpFileSource(tmp_path / path))


def test_other_files_of_a_folder_do_no_harm(tmp_path):
    (tmp_path / "spans.pb").write_bytes(records(*GOLDEN))
    (tmp_path / "collector.log").write_text("2026-11-01T10:00:00Z info Everything is ready. Begin running.\n")
    (tmp_path / "empty").touch()
    source = OtlpFileSource(tmp_path)
    source.check()
    assert_gives_golden(source)


def test_settings(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/spans.json").touch()
    table = {"kind": "otlp-file", "path": "out/spans.json", "lag": "500ms"}
    source = make_source(table, root=tmp_path, environ={})
    source.check()
    assert (source.name, source.address, source.lag) == ("otlp-file", str(tmp_path / "out/spans.json"), ms(500))
    assert (source.by_id, source.trace_url("ab" * 16)) == (False, None)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({}, "path is missing"), ({"path": "a", "folder": "b"}, "unknown setting 'folder'")],
)
def test_wrong_settings(tmp_path, settings, message):
    with pytest.raises(ConfigError, match=message):
        make_source({"kind": "otlp-file", **settings}, root=tmp_path, environ={})


# Damage


def test_a_line_that_cannot_be_decoded_is_counted_and_spoils_nothing_else(tmp_path):
    lines = golden_lines(tmp_path)
    path = tmp_path / "spans"
    path.touch()
    feed = feed_that_waits(path)
    path.write_bytes(b"\n".join([*lines[:2], lines[2][:50], *lines[2:]]) + b"\n")
    assert names(feed) == GOLDEN_NAMES
    assert feed.losses().undecodable == 1


@pytest.mark.parametrize(
    "damaged", [b"\n\xff\xff", b"\x28\xb5\x2f\xfd damaged", b"{"], ids=["proto", "zstd", "json"]
)
def test_a_record_that_cannot_be_decoded_is_counted_and_spoils_nothing_else(tmp_path, damaged):
    path = tmp_path / "spans"
    path.touch()
    feed = feed_that_waits(path)
    path.write_bytes(records(*GOLDEN[:2], damaged, *GOLDEN[2:]))
    assert names(feed) == GOLDEN_NAMES
    assert feed.losses().undecodable == 1


def test_lost_framing_is_counted_once_and_what_came_before_is_kept(tmp_path):
    path = tmp_path / "spans"
    path.touch()
    feed = feed_that_waits(path)
    path.write_bytes(records(*GOLDEN) + b"\xff\xff\xff\xff and more")
    assert names(feed) == GOLDEN_NAMES
    with path.open("ab") as file:
        file.write(b" and more")
    assert names(feed) == []
    assert feed.losses().undecodable == 1


def test_a_damaged_zstd_stream_is_counted(tmp_path):
    with file_collector(tmp_path / "good", compression="zstd", gates=[NATIVE]) as collector:
        collector.send(GOLDEN[0])
    path = tmp_path / "spans"
    path.touch()
    feed = feed_that_waits(path)
    path.write_bytes((tmp_path / "good").read_bytes() + b"not zstd")
    assert names(feed) == ["GET /orders/{id}", "POST /checkout"]
    assert feed.losses().undecodable == 1


def golden_lines(folder: Path) -> list[bytes]:
    """The golden traces as the Collector writes them in JSON."""
    with file_collector(folder / "lines.json") as collector:
        for message in GOLDEN:
            collector.send(message)
    return (folder / "lines.json").read_bytes().splitlines()


# Other signals


METRICS = MetricsData()
_METRIC = METRICS.resource_metrics.add().scope_metrics.add().metrics.add(name="queue.size", unit="1")
_METRIC.gauge.data_points.add(as_int=3, time_unix_nano=BEGIN)
LOGS = LogsData()
_RECORD = LOGS.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=BEGIN, trace_id=TRACE_IDS[0])
_RECORD.body.string_value = "ordered"


@pytest.mark.parametrize("written", FORMATS)
def test_metrics_and_logs_in_the_same_file_are_no_loss(tmp_path, written):
    path = tmp_path / "spans"
    path.touch()
    feed = feed_that_waits(path)
    with file_collector(path, **FORMATS[written]) as collector:
        collector.send(METRICS.SerializeToString(), "metrics")
        for message in GOLDEN:
            collector.send(message)
            collector.send(LOGS.SerializeToString(), "logs")
    OtlpFileSource(path).check()
    assert names(feed) == GOLDEN_NAMES
    assert feed.losses().total == 0


@pytest.mark.parametrize("written", ["json", "proto zstd"])
@pytest.mark.parametrize("signal", ["metrics", "logs"])
def test_a_file_of_another_signal_is_said_to_be_one(tmp_path, written, signal):
    message = {"metrics": METRICS, "logs": LOGS}[signal].SerializeToString()
    with file_collector(tmp_path / "other", **FORMATS[written]) as collector:
        collector.send(message, signal)
    with pytest.raises(StackFault, match="holds metrics or logs and no spans") as caught:
        OtlpFileSource(tmp_path / "other").check()
    assert "traces pipeline" in caught.value.advice


# Errors in words


def test_no_such_file(tmp_path):
    source = OtlpFileSource(tmp_path / "no.json")
    for ask in (source.check, lambda: list(source.fetch(wanted()))):
        with pytest.raises(StackFault, match=r"there is no file .*no\.json") as caught:
            ask()
        assert "file exporter" in caught.value.advice


def test_a_file_that_is_not_there_yet_when_the_load_begins_is_read_when_it_is(tmp_path):
    feed = feed_that_waits(tmp_path / "spans")
    (tmp_path / "spans").write_bytes(records(*GOLDEN))
    assert names(feed) == GOLDEN_NAMES


def test_a_file_that_cannot_be_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as unreadable:
        unreadable.bind("spans")
        with pytest.raises(StackFault, match="spans cannot be read"):
            OtlpFileSource(tmp_path / "spans").check()


@pytest.mark.parametrize(
    "content",
    [
        b"2026-11-01 10:00:00 info Everything is ready.\n",
        json.dumps({"type": "Metric", "data": {"name": "http_reqs"}}).encode() + b"\n",
        b"\x1f\x8b\x08\x00" + bytes(100),
        os.urandom(4) + b"\x99" + os.urandom(100),
    ],
    ids=["text", "other JSON", "gzip", "noise"],
)
def test_what_is_not_otlp_at_all(tmp_path, content):
    path = tmp_path / "spans"
    path.write_bytes(content)
    source = OtlpFileSource(path)
    for ask in (source.check, lambda: list(source.fetch(wanted()))):
        with pytest.raises(StackFault, match="is not OTLP"):
            ask()
