"""The line that tells how a running load does."""

from __future__ import annotations

from pathlib import Path

from k6spec.k6.output import K6Output
from k6spec.k6.progress import Meter, Progress, ProgressLine, format_progress


def moment(**changes: object) -> Progress:
    values: dict[str, object] = {
        "elapsed": 12.7,
        "length": 30.0,
        "vus": 50,
        "requests": 1234,
        "rate": 102.4,
        "p95_ns": 84e6,
        "failed": 0.0,
    }
    return Progress(**(values | changes))  # type: ignore[arg-type]


def test_the_line() -> None:
    assert format_progress(moment()) == "00:12 / 00:30  50 VUs  1,234 requests (102/s)  p95 84 ms  0.0 % failed"


def test_what_is_not_known_is_left_out() -> None:
    line = format_progress(moment(vus=1, requests=0, rate=0.0, p95_ns=None, failed=None, length=3600.0))
    assert line == "00:12 / 60:00  1 VU  0 requests (0/s)"


def test_a_terminals_line_is_rewritten_and_cleared() -> None:
    written: list[str] = []
    line = ProgressLine(written.append, is_terminal=True)
    line.show(moment())
    line.show(moment(requests=5))
    line.clear()
    assert all(text.startswith("\r") for text in written)
    assert len(written[1]) == len(written[0])  # what was longer is overwritten
    assert written[2].strip() == ""


def test_nothing_is_written_where_there_is_no_terminal() -> None:
    written: list[str] = []
    line = ProgressLine(written.append, is_terminal=False)
    line.show(moment())
    line.clear()
    assert written == []


def test_measured_over_the_last_few_seconds(tmp_path: Path) -> None:
    output = K6Output(requests=tmp_path / "r.parquet", metrics=tmp_path / "m.parquet")
    meter = Meter(output, length=30)
    assert meter.measure(1.0).p95_ns is None
    output.requests, output.failed, output.recent_ms = 100, 5, [1.0] * 95 + [9.0] * 5
    first = meter.measure(2.0)
    assert (first.rate, first.failed, first.requests) == (50.0, 0.05, 100)
    for second in range(3, 9):
        last = meter.measure(float(second))
    assert (last.rate, last.failed, last.p95_ns, last.requests) == (0.0, None, None, 100)
    output.close()
