"""What is said of a lock that is waited for, on archives made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from k6spec import ms
from k6spec.explain.explanation import Explanation, explain
from k6spec.judge.verdict import Verdict
from k6spec.report.failure import failure_message
from k6spec.report.links import Links
from k6spec.run import Run
from tests.support.runs import Request, db, entry, run_of


def explained(run: Run, verdict: Verdict) -> Explanation:
    return explain(run.database, verdict)


class TestLocks:
    """Fifteen requests that each want the lock at once and keep it for 100 ms, one after another."""

    @staticmethod
    def queue(database: str = "shop", lock: str = "BEGIN IMMEDIATE") -> list[Request]:
        made = []
        for turn in range(15):
            service = "stock" if turn % 5 == 4 else "orders"
            task = entry("POST /reserve" if service == "stock" else "POST /checkout", service=service)
            task.ms = 100 * turn + 102
            wait = db(lock, service=service, ms=100 * turn + 1)
            wait.attributes = {"db.name": database if service == "orders" else "shop"}
            made.append(Request(ms=task.ms + 5, at_ms=0, spans=[task, wait]))
        return made

    def test_are_one_cause_for_all_that_wait_for_them_in_one_database(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, self.queue())

        found = explained(run, run.http().duration.p95 < ms(200)).attribution

        assert found is not None
        assert [(share.kind, share.services) for share in found.shares] == [("lock", ("orders", "stock"))]

    def test_are_laid_to_whoever_holds_them_meanwhile(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, self.queue())

        found = explained(run, run.spans("POST /reserve").duration.p95 < ms(200))

        held = found.attribution.shares[0].holder if found.attribution else None
        assert held is not None
        assert (held.service, held.task) == ("orders", "POST /checkout")
        assert held.held_ns == pytest.approx(100e6)
        assert 0.7 < held.share < 0.9, "every fifth turn is of stock itself"
        assert found.causes[0] == ("orders", "BEGIN IMMEDIATE")

    def test_of_another_database_are_others(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, self.queue(database="customers"))

        found = explained(run, run.spans("POST /reserve").duration.p95 < ms(200))

        assert found.attribution is not None
        share = found.attribution.shares[0]
        assert (share.services, share.holder) == (("stock",), None), "orders holds another lock meanwhile"

    def test_nobody_is_named_where_no_span_shows_who_holds_it(self, tmp_path: Path) -> None:
        alone = Request(ms=400, spans=[entry(ms=390), db("BEGIN IMMEDIATE", ms=300)])
        run = run_of(tmp_path, [alone] * 9 + [Request(ms=30, spans=[entry(), db("BEGIN IMMEDIATE")])] * 9)

        found = explained(run, run.http().duration.p95 < ms(200)).attribution

        assert found is not None
        assert (found.shares[0].kind, found.shares[0].holder) == ("lock", None)

    def test_the_message_says_who_holds_them(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, self.queue())

        text = str(failure_message(run, run.spans("POST /reserve").duration.p95 < ms(200), Links(root=tmp_path)))

        assert "cause: waiting for a database lock in stock: BEGIN IMMEDIATE: " in text
        assert "% of that wait is for orders: POST /checkout, which holds the lock for 100 ms each time\n" in text
