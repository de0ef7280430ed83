"""Requests that miss the system under test's host have no trace context, and that is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from k6spec.errors import Inconclusive
from k6spec.query.contexts import without_context
from k6spec.units import ms
from tests.support.runs import Request, run_of


def test_where_no_request_has_a_context_it_says_where_they_went(tmp_path: Path) -> None:
    run = run_of(tmp_path, [Request(traced=False)] * 20)

    said = without_context(run.database)

    assert said is not None
    assert said.startswith("none of 20 requests had a trace context")
    assert "(http://127.0.0.1:1): they went to 127.0.0.1:1. Let the script request __ENV.BASE_URL" in said
    with pytest.raises(Inconclusive, match="none of 20 requests had a trace context"):
        assert run.spans().duration.max < ms(1)


def test_requests_to_others_beside_those_of_the_system_are_nothing_to_speak_of(tmp_path: Path) -> None:
    run = run_of(tmp_path, [Request(), Request(traced=False)])

    assert without_context(run.database) is None
