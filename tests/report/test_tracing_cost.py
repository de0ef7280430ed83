"""What tracing costs is said where a control share of the requests was sent unsampled."""

from __future__ import annotations

from pathlib import Path

from k6spec.report.tracing_cost import tracing_cost
from tests.support.runs import Request, entry, run_of


def requests(traced: int, control: int) -> list[Request]:
    return [
        *[Request(ms=22, spans=[entry()]) for _ in range(traced)],
        *[Request(ms=20, control=True) for _ in range(control)],
    ]


def test_medians_of_both_shares(tmp_path: Path) -> None:
    (line,) = tracing_cost(run_of(tmp_path, requests(500, 40)))
    assert line == "POST /checkout: median 22 ms traced, 20 ms untraced (+10%, 40 requests of the control share)"


def test_too_few_to_say(tmp_path: Path) -> None:
    (line,) = tracing_cost(run_of(tmp_path, requests(500, 4)))
    assert "too few" in line


def test_no_control_share_no_words(tmp_path: Path) -> None:
    assert list(tracing_cost(run_of(tmp_path, requests(50, 0)))) == []
