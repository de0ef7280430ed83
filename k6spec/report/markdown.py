"""A session in Markdown, for the summaries of pipelines. What the system sent stays text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from k6spec.report.base import JudgedSession
from k6spec.report.findings import Finding
from k6spec.report.html.visible import short_line
from k6spec.report.judged import change, limit, observed, subject
from k6spec.report.report_file import report_file
from k6spec.run import Run
from k6spec.units import counted

_ACTS: Final = re.compile(r"([\\`*_{}\[\]()#+!|~<>&@-])")
_LONGEST: Final = 400
_WORDS: Final = {
    "failed": "❌ failed",
    "inconclusive": "⚠️ inconclusive",
    "error": "🛑 error",
    "passed": "✅ passed",
    "skipped": "⏭️ skipped",
}


def summary(session: JudgedSession, found: Sequence[Finding]) -> str:
    """What failed and why, then every claim in a table, then the runs."""
    return "\n".join([*_head(session, found), *_findings(found), *_claims(session), *_runs(session), ""])


def _head(session: JudgedSession, found: Sequence[Finding]) -> Iterator[str]:
    claims = sum(len(case.verdicts) for case in session.cases)
    kinds = [(kind, sum(one.kind == kind for one in found)) for kind in ("failed", "inconclusive", "error")]
    said = ", ".join(f"{count:,} {kind}" for kind, count in kinds if count) or "all passed"
    loads = counted(len(session.runs), "load")
    yield f"## k6spec: {said} ({counted(claims, 'claim')}, {loads})"
    yield ""


def _findings(found: Sequence[Finding]) -> Iterator[str]:
    for finding in found:
        yield f"### {_WORDS[finding.kind]}: {_text(finding.headline)}"
        yield ""
        yield f"{_code(finding.case.nodeid)}, {_text(finding.case.path)} line {finding.case.line}"
        yield ""
        yield from (f"- {_text(line)}" for line in finding.details)
        if finding.link:
            yield f"- report: {_link(finding.link)}"
        yield ""


def _claims(session: JudgedSession) -> Iterator[str]:
    verdicts = [(case, verdict) for case in session.cases for verdict in case.verdicts]
    against = any(change(verdict) for _case, verdict in verdicts)
    if verdicts:
        yield f"| claim | observed | limit |{' change |' if against else ''} verdict |"
        yield f"|---|--:|--:|{'--:|' if against else ''}---|"
    for case, verdict in verdicts:
        numbers = [observed(verdict), limit(verdict), *([change(verdict)] if against else [])]
        told = f"{_WORDS[verdict['outcome']]}{' (known issue)' if case.outcome == 'known issue' else ''}"
        yield f"| {' | '.join([_text(subject(verdict)), *(_text(number or '') for number in numbers), told])} |"
    if verdicts:
        yield ""


def _runs(session: JudgedSession) -> Iterator[str]:
    for folder in session.runs:
        link = _link(session.links.to(report_file(folder)))
        yield f"- {_code(folder.run_id)}: {_text(str(Run(folder).ledger))}; {link}"


def _link(address: str) -> str:
    """What the page of a job cannot open is shown, not linked: the file is in the job's artifact."""
    if address.startswith(("http://", "https://")):
        return f"[report]({address.replace('(', '%28').replace(')', '%29')})"
    return _code(address)


def _text(content: str) -> str:
    """With every character that Markdown or HTML would act on as an entity."""
    return _ACTS.sub(lambda found: f"&#{ord(found[1])};", short_line(content, _LONGEST))


def _code(content: str) -> str:
    return f"<code>{_text(content)}</code>"
