"""What a session found, one by one: for reports that put a finding on a line of the spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, final

from k6spec.report.base import Case, CaseOutcome, JudgedSession
from k6spec.report.judged import MISSED
from k6spec.report.report_file import report_file

Kind: TypeAlias = Literal["failed", "inconclusive", "error"]

_KINDS: Final[dict[CaseOutcome, Kind]] = {"failed": "failed", "inconclusive": "inconclusive", "error": "error"}
_TOLD: Final = ("reason", "note", "worst", "extent", "cause", "evidence")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A claim that does not hold, or a test that could not judge. ``link``: the run's report."""

    case: Case
    kind: Kind
    headline: str
    details: tuple[str, ...] = ()
    link: str | None = None


def findings(session: JudgedSession) -> Iterator[Finding]:
    """In the order of the tests; known issues are none."""
    for case in session.cases:
        if case.outcome == "known issue":
            continue
        link = None if case.run is None else session.links.to(report_file(case.run))
        # A passing test may have looked at a verdict that failed. A threshold of k6's, which has no operator,
        # fails by itself.
        missed = [
            verdict
            for verdict in case.verdicts
            if verdict["outcome"] in MISSED and (case.outcome in _KINDS or verdict["operator"] is None)
        ]
        for verdict in missed:
            yield Finding(
                case=case,
                kind=verdict["outcome"],
                headline=verdict["headline"],
                details=tuple(_details(verdict.get("lines", ()))),
                link=link,
            )
        if not missed and case.outcome in _KINDS:
            yield Finding(case=case, kind=_KINDS[case.outcome], headline=case.message, link=link)


def _details(lines: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Of the worst members the first only: the report has them all."""
    told = [line for line in lines if line["kind"] in _TOLD]
    worst = [line for line in told if line["kind"] == "worst"]
    yield from (line["text"] for line in told if line not in worst[1:])
