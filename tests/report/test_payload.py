"""A failing request's payload is in the message, where it came from a pool."""

from __future__ import annotations

import json
from pathlib import Path

from k6spec import ms
from k6spec.report.failure import failure_message
from k6spec.report.links import Links
from tests.support.runs import Request, entry, run_of


def slow(payload: int) -> Request:
    return Request(ms=500, spans=[entry(ms=480)], tags={"k6spec_payload": f"flow_0.order:{payload}"})


def message(tmp_path: Path, *requests: Request) -> str:
    run = run_of(tmp_path, requests)
    script = run.folder.path / "script"
    script.mkdir()
    (script / "flow_0.order.json").write_text(json.dumps([{"sku": "a"}, {"sku": "é", "quantity": -1}]))
    return str(failure_message(run, run.http().duration.max < ms(100), Links(root=tmp_path)))


def test_it_is_below_the_trace_that_it_made_slow(tmp_path: Path) -> None:
    lines = message(tmp_path, slow(1)).splitlines()
    (at,) = [number for number, line in enumerate(lines) if "payload" in line]
    assert lines[at].strip() == 'payload flow_0.order:1: {"sku": "é", "quantity": -1}'
    assert ".html" in lines[at - 1]


def test_one_that_the_archive_lacks_is_named(tmp_path: Path) -> None:
    assert "payload flow_0.order:7, which the archive no longer holds" in message(tmp_path, slow(7))


def test_a_request_without_one_has_no_such_line(tmp_path: Path) -> None:
    assert "payload" not in message(tmp_path, Request(ms=500, spans=[entry(ms=480)]))
