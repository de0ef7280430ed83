"""A run after six nights: slower than they were, with an operation that they did not have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from k6spec import Run, Scenario, baseline, constant_vus, flow, ms
from k6spec.declare.load import declare_load
from k6spec.history.past import HistoryPast
from k6spec.history.recording import record_run
from k6spec.history.store import HistoryStore
from k6spec.judge.family import Family
from k6spec.judge.health import Tolerances
from k6spec.judge.log import VerdictLog
from k6spec.judge.record import record
from k6spec.judge.verdict import Verdict
from k6spec.store.archive import RunFolder
from tests.support.history import commit
from tests.support.runs import Request, db, entry, make_run

RUN_ID: Final = "2026-11-01T00-00-00-00000001"
NOISE: Final = (0.99, 1.0, 1.01, 0.995, 1.005, 1.0)
_SLOWER: Final = 1.25


def _requests(factor: float, text: str, *, coupons: bool) -> list[Request]:
    made = []
    for number in range(40):
        lasted = (30 + number % 10) * factor
        spans = [entry(f"POST /checkout{text}", ms=lasted - 2), db("SELECT stock", ms=5)]
        spans += [db(f"SELECT coupons{text}", ms=3, service=f"coupons{text}")] if coupons else []
        made.append(Request(name=f"POST /checkout{text}", ms=lasted, at_ms=20 * number, spans=spans))
    return made


def run_after_nights(
    path: Path,
    claims: Callable[[Run, str], list[Verdict]] | None = None,
    *,
    nights: int = len(NOISE),
    text: str = "",
) -> tuple[RunFolder, HistoryPast]:
    """Archives it, with verdicts on ``claims`` (some of each kind by default), and what came before it.

    ``text`` is put into every text that the system sends, and into branch and version of the nights.
    """
    load = declare_load(Scenario.http(flow.post("/checkout"), name="buy"), constant_vus(5, "1s"))
    before = make_run(path / "before", _requests(1.0, text, coupons=False), load=load)
    folder = make_run(path / RUN_ID, _requests(_SLOWER, text, coupons=True), load=load)
    store = HistoryStore(path / "history")
    measured = record_run(before, Tolerances())
    for night, noise in enumerate(NOISE[:nights], 1):
        statistics = {
            words: replace(told, value=told.value * noise) if told.unit == "ns" else told
            for words, told in measured.statistics.items()
        }
        store.add(
            replace(
                measured,
                run_id=f"2026-10-{night:02d}T00-00-00-{night:08x}",
                session=f"night-{night}",
                started=f"2026-10-{night:02d}T00:00:00+00:00",
                branch="main",
                commit=commit(night),
                version=f"{night}{text}" if text else None,
                statistics=statistics,
            )
        )
    past = HistoryPast(store, folder.info(), family=Family())
    run = Run(folder, log=VerdictLog(), past=past)
    verdicts = (claims or _claims)(run, f"POST /checkout{text}")
    folder.add_verdicts(
        [
            record(verdict, nodeid=f"specs/test_shop.py::test_{number}", session="s")
            for number, verdict in enumerate(verdicts)
        ]
    )
    run.database.close()
    return folder, past


def _claims(run: Run, root: str) -> list[Verdict]:
    duration = run.http(root).duration
    return [
        duration.p95 < ms(400),
        duration.p95 <= 1.05 * baseline(),
        duration.p50 <= 2 * baseline(),
        run.traces(root=root).operations <= baseline(),
        run.spans.db().duration.p50 <= baseline(),
    ]
