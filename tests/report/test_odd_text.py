"""Whatever a system sends as text, no message acts on the terminal, breaks its lines or has no end."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from k6spec import ms
from k6spec.config import Config
from k6spec.report.failure import failure_message
from k6spec.report.links import Links
from k6spec.report.run_remarks import run_remarks
from k6spec.run import Run
from tests.support.command import k6spec
from tests.support.runs import Request, Span, db, entry, make_run, run_of

ODD = "\x1b[2J\x1b]0;owned\x07\x9b31m\n\u202egnp"
ACTS = re.compile("[\x00-\x1f\x7f-\x9f\u202e]")


def slow(text: str) -> Request:
    spans = [
        entry(f"GET /a{text}", ms=400, service=f"orders{text}", attributes={f"sku{text}": text}),
        db(f"SELECT 1{text}", ms=350, service=f"stock{text}"),
        Span(name=f"pay{text}", service=f"bank{text}", status="error"),
    ]
    return Request(name=f"GET /a{text}", ms=450, status=500, spans=spans)


def shop(text: str) -> list[Request]:
    return [*(Request(name=f"GET /a{text}", spans=[entry(), db()]) for _ in range(40)), *[slow(text)] * 5]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return run_of(tmp_path, shop(ODD))


def test_no_line_of_a_message_acts(run: Run) -> None:
    for verdict in (run.spans.db().duration.max <= ms(200), run.spans(status="error").count < 1):
        message = failure_message(run, verdict, Links(root=run.folder.path))

        assert [line.text for line in message.lines if ACTS.search(line.text)] == []
        assert "␛[2J" in str(message)


def test_no_line_is_endless(tmp_path: Path) -> None:
    run = run_of(tmp_path, shop("x" * 5_000))
    message = failure_message(run, run.spans.db().duration.max <= ms(200), Links(root=tmp_path))

    assert max(len(line.text) for line in message.lines) == 600


def test_what_an_author_says_of_a_claim_keeps_its_lines(run: Run) -> None:
    verdict = run.claim("carts are emptied", holds=False, because="two are not:\n  a\n  b")

    assert "two are not:\n  a\n  b" in str(failure_message(run, verdict, Links(root=run.folder.path)))


def test_no_remark_acts(run: Run) -> None:
    said = list(run_remarks(run, Config(root=run.folder.path)))

    assert "GET /a␛[2J" in said[0]
    assert [remark for remark in said if ACTS.search(remark)] == []


def test_no_comparison_acts(tmp_path: Path) -> None:
    for name, query in (("aaaa", 5), ("bbbb", 45)):
        spans = [entry(ms=50), db(f"SELECT 1{ODD}", ms=query, service=f"stock{ODD}")]
        make_run(tmp_path / f".k6spec/runs/2026-11-01T00-00-00-0000{name}", [Request(ms=60, spans=spans)] * 20)

    said = k6spec("compare", "aaaa", "bbbb", cwd=tmp_path).stdout

    assert "stock␛[2J" in said
    assert ACTS.search(said.replace("\n", "")) is None
