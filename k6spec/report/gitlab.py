"""GitLab: findings as a code quality report, which a merge request shows on the spec's line.

Source: GitLab's documentation of the Code Climate format.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Final

from k6spec.report.base import JudgedSession
from k6spec.report.findings import Finding, findings

FILE: Final = ".k6spec/gl-code-quality-report.json"
"""Below the project's root; ``artifacts: reports: codequality:`` names it."""

_SEVERITY: Final = {"failed": "major", "inconclusive": "minor", "error": "critical"}


def write(session: JudgedSession) -> Iterator[str]:
    """Writes the file; with nothing in it where nothing was found, so that GitLab sees what was mended."""
    if session.environ.get("GITLAB_CI") != "true" and not session.asked:
        return
    target = session.root / FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    found = [_entry(finding) for finding in findings(session)]
    target.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    yield f"GitLab code quality report: {FILE}"


def _entry(finding: Finding) -> dict[str, Any]:
    claim = f"{finding.case.nodeid} {finding.kind} {_without_numbers(finding.headline)}"
    return {
        "description": " ".join([finding.headline, *(f"· {line}" for line in finding.details)]),
        "check_name": f"k6spec-{finding.kind}",
        "fingerprint": hashlib.sha256(claim.encode()).hexdigest(),
        "severity": _SEVERITY[finding.kind],
        "location": {"path": finding.case.path, "lines": {"begin": finding.case.line}},
    }


def _without_numbers(headline: str) -> str:
    """The same claim has the same fingerprint, whatever was observed."""
    return "".join(letter for letter in headline if not letter.isdigit())
