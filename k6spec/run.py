"""The face of a load that specs see: what k6 measured, and the spans behind those very requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, final

import pyarrow as pa

from k6spec.errors import ClaimFailed, Inconclusive, UsageError
from k6spec.judge.bench import Bench
from k6spec.judge.custom import custom_claim
from k6spec.judge.frame import Frame
from k6spec.judge.frame import query as run_query
from k6spec.judge.health import Health, Tolerances
from k6spec.judge.log import VerdictLog
from k6spec.judge.past import Past
from k6spec.judge.rehearsal import Rehearsal
from k6spec.judge.selections import (
    Metric,
    Requests,
    Spans,
    Traces,
    select_metric,
    select_requests,
    select_traces,
)
from k6spec.judge.verdict import Verdict
from k6spec.query.database import Database
from k6spec.query.matching import Match
from k6spec.query.request_selector import RequestSelector, http
from k6spec.query.selector import Selector
from k6spec.query.span_language import Text
from k6spec.store.archive import RunFolder
from k6spec.store.ledger import Ledger


@final
class Run:
    """One archived load. Selections narrow it; comparing their statistics with limits gives verdicts.

    ::

        assert run.http("POST /checkout").duration.p95 < ms(400)
        assert run.spans.db(service="orders").during(vus=50).duration.max <= ms(200)
        assert run.traces(root="GET /orders").repeated(db=True).max <= 3
    """

    def __init__(
        self,
        folder: RunFolder,
        *,
        limits: Mapping[str, str | int | float] | None = None,
        log: VerdictLog | None = None,
        past: Past | None = None,
        rehearsal: Rehearsal | None = None,
        tolerated: Tolerances | None = None,
        database: Database | None = None,
    ) -> None:
        self._folder = folder
        self._database = database
        self._limits = dict(limits or {})
        self._log = log or VerdictLog()
        self._past = past
        self._rehearsal = rehearsal
        self._tolerated = tolerated or Tolerances()

    @property
    def id(self) -> str:
        """The run's id."""
        return self._folder.run_id

    @property
    def folder(self) -> RunFolder:
        """Where it is archived."""
        return self._folder

    @cached_property
    def info(self) -> Mapping[str, Any]:
        """``run.json``: what was declared, versions, environment, ledger."""
        return self._folder.info()

    @cached_property
    def ledger(self) -> Ledger:
        """What was sent, what came back, and what is missing."""
        return Ledger(**self.info["ledger"])

    @property
    def log(self) -> VerdictLog:
        """The verdicts that were made with this object."""
        return self._log

    def http(
        self,
        name: Text | RequestSelector | None = None,
        *,
        method: Text | None = None,
        url: Text | None = None,
        scenario: Text | None = None,
        group: Text | None = None,
        status: Match | None = None,
        tags: Mapping[str, Match] | None = None,
        failed_check: Text | None = None,
        passed_check: Text | None = None,
    ) -> Requests:
        """HTTP requests that k6 made in scenarios.

        Args:
            name: k6's ``name`` tag, or ``"METHOD /path"``; ``*`` and ``?`` make it a glob, ``re.compile(...)`` and
                several in a tuple are taken too; or a selector: ``http("GET /a") | http(method="POST")``.
            method: ``GET``, ``POST`` …
            scenario: k6's scenario name.
            group: k6's group, as in ``::checkout``.
            status: the HTTP status; 0 where no answer came.
            url: all of it.
            tags: the script's own tags.
            failed_check: the name of a k6 check that failed in the request's trace.
            passed_check: the name of a k6 check that held in the request's trace.
        """
        chosen = http(
            name,
            method=method,
            url=url,
            scenario=scenario,
            group=group,
            status=status,
            tags=tags,
            failed_check=failed_check,
            passed_check=passed_check,
        )
        return select_requests(self._bench, chosen)

    @property
    def spans(self) -> Spans:
        """Spans of the system under test; call it to narrow, or use ``.db(...)``."""
        return Spans(self._bench, Selector(text="spans", at_any_time=self._rehearsal is not None))

    def traces(self, *, root: Text | RequestSelector | None = None) -> Traces:
        """Traces by the request that began them, named as in :meth:`http`."""
        return select_traces(self._bench, root)

    def metric(
        self,
        name: str,
        *,
        scenario: Text | None = None,
        group: Text | None = None,
        check: Text | None = None,
        tags: Mapping[str, Match] | None = None,
    ) -> Metric:
        """Samples of one of k6's metrics that is not of requests: ``run.metric("basket_size").p95 <= 12``.

        Args:
            name: a custom metric's, or a built-in one's such as ``checks`` or ``iteration_duration``.
            check: of ``checks``, the name of the check.
        """
        return select_metric(self._bench, name, scenario=scenario, group=group, check=check, tags=tags)

    def sql(self, query: str, parameters: Sequence[object] = ()) -> pa.Table:
        """The answer to a DuckDB query over the run's tables, as an Arrow table.

        ::

            run.sql("SELECT operation, max(duration_ns) FROM requests WHERE status = ? GROUP BY ALL", [200])

        Tables: ``requests``, ``samples`` (k6's other samples), ``spans`` (k6's client spans have service ``k6``)
        and ``traces`` (a row per trace that a request began). Times are Unix nanoseconds, lengths of time
        nanoseconds, ids bytes: ``lower(hex(trace_id))`` is what links show.

        Raises:
            UsageError: the query is wrong, with what DuckDB says of it.
        """
        return run_query(self._folder.path, query, parameters)

    def frame(self, table: str) -> Frame:
        """One of the tables of :meth:`sql`, for notebooks: ``run.frame("spans").to_pandas()``.

        Raises:
            UsageError: there is no such table.
        """
        return Frame(self._folder.path, table)

    def claim(
        self, text: str, *, holds: bool | None, because: str = "", traces: Sequence[str | bytes] = ()
    ) -> Verdict:
        """A claim of your own, as a verdict like any other: it must be judged, is logged, and has its evidence.

        ::

            def no_cart_is_read_twice(run: Run) -> Verdict:
                twice = run.sql(
                    "SELECT trace_id FROM spans WHERE name = ? GROUP BY ALL HAVING count(*) > 1", ["GET cart"]
                )
                return run.claim(
                    "no cart is read twice in a trace",
                    holds=not twice.num_rows,
                    because=f"{twice.num_rows} traces read it more than once",
                    traces=twice["trace_id"].to_pylist(),
                )

            def test_cart(run: Run) -> None:
                assert no_cart_is_read_twice(run)

        Unlike k6spec's own claims it does not know what is missing: look at ``run.ledger`` and at ``complete``
        in the table ``traces``, and say None where that could change the answer.

        Args:
            text: what is claimed, in words; the message's first line.
            holds: None where there is not enough evidence to say.
            because: what was seen, or why it cannot be said; needed unless it holds.
            traces: ids of traces that show it, the worst first: 16 bytes or 32 hex digits each.

        Raises:
            UsageError: one of these is not as it should be.
        """
        return custom_claim(self._bench, text, holds=holds, because=because, traces=traces)

    def expect(self, *claims: Verdict) -> None:
        """Judges several claims and reports every miss at once.

        Raises:
            ClaimFailed: some do not hold.
            Inconclusive: none fails, but some cannot be judged.
        """
        __tracebackhide__ = True  # pytest shows the spec's line, not ours
        if not claims:
            raise UsageError("run.expect() needs claims, as in run.expect(run.http().failed.rate < percent(1))")
        for claim in claims:
            if not isinstance(claim, Verdict):
                raise UsageError(
                    f"run.expect({claim!r}) is not a claim; compare a statistic with a limit, "
                    "as in run.http().duration.p95 < ms(400)"
                )
            claim.judged = True
        missed = [claim for claim in claims if claim.outcome not in {"passed", "skipped"}]
        lines = [
            f"  {claim.outcome}: {claim.headline}"
            + (f"\n    {claim.evidence.reason}" if claim.outcome == "inconclusive" else "")
            for claim in missed
        ]
        message = "\n".join([f"{len(missed)} of {len(claims)} claims do not hold", *lines])
        if any(claim.outcome == "failed" for claim in missed):
            raise ClaimFailed(message)
        if missed:
            raise Inconclusive(message)

    def __repr__(self) -> str:
        return f"<Run {self.id}>"

    @cached_property
    def database(self) -> Database:
        """The run's tables."""
        return self._database or open_tables(self._folder, self._tolerated)

    @property
    def _scenarios(self) -> Mapping[str, Any]:
        """Those that were made: of a script's own load not what was declared."""
        scenarios: Mapping[str, Any] = (self.info.get("made") or self.info["profile"])["scenarios"]
        return scenarios

    @cached_property
    def _bench(self) -> Bench:
        return Bench(
            database=self.database,
            health=Health(**self.info["health"]),
            spans_dropped=self.ledger.spans_dropped,
            limits=self._limits,
            profiles={name: plain["profile"] for name, plain in self._scenarios.items()},
            stopped=self.info.get("stopped"),
            log=self._log,
            past=self._past,
            rehearsal=self._rehearsal,
            tolerated=self._tolerated,
        )


def open_tables(folder: RunFolder, tolerated: Tolerances) -> Database:
    """A run's tables, for one ``Run`` or for several in turn; whoever opens them closes them."""
    return Database(folder.path, uninstrumented_from=tolerated.uninstrumented_from)
