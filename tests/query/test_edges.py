"""Calls between services: uninstrumented ones told from loss, and clocks that differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from k6spec.query.database import Database
from k6spec.query.edges import read_edges, read_outside
from k6spec.run import Run
from tests.support.runs import Request, Span, entry, run_of, trace_id

MS = 1_000_000


def call(**more: Any) -> Span:
    """A client span of orders that calls stock."""
    return Span(name="POST", service="orders", kind="client", category="http_client", ms=10, parent=0, **more)


def answer(ms: float = 8, **more: Any) -> Span:
    """The server span at the other end of the call before."""
    return Span(
        name="POST /reserve", service="stock", kind="server", category="http_server", ms=ms, parent=1, **more
    )


def run(tmp_path: Path, spans: Sequence[Sequence[Span]], **more: Any) -> Run:
    return run_of(tmp_path, [Request(spans=[entry(), *each]) for each in spans], **more)


def test_a_call_that_is_mostly_answered_parts_the_traces_where_it_is_not(tmp_path: Path) -> None:
    found = read_edges(run(tmp_path, [[call(), answer()]] * 9 + [[call()]]).database)

    assert found.parted == {trace_id(9).hex()}
    assert found.uninstrumented == ()


def test_a_call_that_is_never_answered_is_uninstrumented(tmp_path: Path) -> None:
    found = read_edges(run(tmp_path, [[call()]] * 10).database)

    assert found.parted == set()
    assert found.uninstrumented == ("orders: POST (10 calls)",)


def test_too_few_calls_say_nothing(tmp_path: Path) -> None:
    assert read_edges(run(tmp_path, [[call()]] * 9).database).uninstrumented == ()


def test_how_many_calls_say_something_is_a_setting(tmp_path: Path) -> None:
    folder = run(tmp_path, [[call()]] * 9).folder

    assert read_edges(Database(folder.path, uninstrumented_from=9)).uninstrumented


def test_a_call_that_failed_need_not_have_been_answered(tmp_path: Path) -> None:
    found = read_edges(run(tmp_path, [[call(), answer()]] * 9 + [[call(status="error")]]).database)

    assert found.parted == set()


def test_where_traces_are_sampled_one_without_its_callee_is_in_part_too(tmp_path: Path) -> None:
    archived = run(tmp_path, [[call(), answer()]] * 9 + [[call()]], tier="sampled")

    assert read_edges(archived.database).parted == {trace_id(9).hex()}


@pytest.mark.parametrize(
    ("starts_ms", "lasts", "outside"),
    [
        (0.0, 8, 0),  # spans of these archives begin together: within
        (0.0, 30, 0),  # longer than its call: it went on after its answer, which says nothing of clocks
        (-40.0, 8, 1),
        (7.5, 8, 1),  # ends 5.5 ms after its call
        (2.5, 8, 0),  # half a millisecond is tolerated
    ],
)
def test_spans_outside_their_calls_tell_of_clocks_that_differ(
    tmp_path: Path, starts_ms: float, lasts: float, outside: int
) -> None:
    archived = run(tmp_path, [[call(), answer(lasts, after_ms=starts_ms)]])

    found = read_outside(archived.database, MS)

    assert found.spans == outside
    assert found.most_ns == (max(-starts_ms, starts_ms + lasts - 10) * MS if outside else 0)


def test_a_server_that_ends_one_span_late_does_not_tell_of_clocks(tmp_path: Path) -> None:
    within, late, early = (answer(8, after_ms=ms) for ms in (0.0, 7.5, -40.0))

    one = run(tmp_path / "one", [[call(), within]] * 5 + [[call(), late]])
    most = run(tmp_path / "most", [[call(), within]] * 2 + [[call(), late]] * 5)
    before = run(tmp_path / "before", [[call(), within]] * 5 + [[call(), early]])

    differ = [read_outside(archived.database, MS).clocks_differ for archived in (one, most, before)]
    assert differ == [False, True, True]
