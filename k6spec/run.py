"""The face of a load that specs see: what k6 measured, and the spans behind those very requests."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, final

from k6spec.errors import ClaimFailed, Inconclusive, UsageError
from k6spec.judge.bench import Bench, Health
from k6spec.judge.log import VerdictLog
from k6spec.judge.selections import Requests, Spans, Traces, select_requests, select_traces
from k6spec.judge.verdict import Verdict
from k6spec.query.database import Database
from k6spec.query.selector import Selector
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
    ) -> None:
        self._folder = folder
        self._limits = dict(limits or {})
        self._log = log or VerdictLog()

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
        name: str | None = None,
        *,
        method: str | None = None,
        scenario: str | None = None,
        group: str | None = None,
        status: int | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Requests:
        """HTTP requests that k6 made in scenarios.

        Args:
            name: k6's ``name`` tag, or ``"METHOD /path"``; ``*`` and ``?`` make it a glob.
            method: ``GET``, ``POST`` …
            scenario: k6's scenario name.
            group: k6's group, as in ``::checkout``.
            status: the HTTP status; 0 where no answer came.
            tags: the script's own tags.
        """
        return select_requests(self._bench, name, method, scenario, group, status, tags)

    @property
    def spans(self) -> Spans:
        """Spans of the system under test; call it to narrow, or use ``.db(...)``."""
        return Spans(self._bench, Selector(text="spans"))

    def traces(self, *, root: str | None = None) -> Traces:
        """Traces by the request that began them, named as in :meth:`http`."""
        return select_traces(self._bench, root)

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
        missed = [claim for claim in claims if claim.outcome != "passed"]
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
        return Database(self._folder.path)

    @cached_property
    def _bench(self) -> Bench:
        return Bench(
            database=self.database, health=Health(**self.info["health"]), limits=self._limits, log=self._log
        )
