"""Asking of other runs what was asked of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from k6spec.query.database import Database
from tests.support.runs import Request, make_run

REQUESTS = "SELECT count(*) FROM requests"


@pytest.mark.parametrize("open_at_most", [0, 1, 24])
def test_each_run_answers_for_itself_however_many_stay_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_at_most: int
) -> None:
    monkeypatch.setattr("k6spec.query.database._MOST_OPEN", open_at_most)
    mine, *others = (make_run(tmp_path / str(size), [Request()] * size).path for size in (3, 1, 2))
    database = Database(mine)

    answers = []
    for other in others * 2:
        with database.elsewhere(other):
            answers.append(database.once("requests", lambda: database.value(REQUESTS)))

    assert answers == [1, 2, 1, 2]
    assert database.value(REQUESTS) == 3
    database.close()
