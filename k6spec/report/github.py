"""GitHub Actions: an annotation on the spec's line for each finding, and a Markdown summary of the job.

Source: GitHub's documentation of workflow commands and of job summaries.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from k6spec.report.base import JudgedSession
from k6spec.report.findings import Finding, findings
from k6spec.report.markdown import summary

_MOST: Final = 10
"""Annotations of one kind that GitHub shows of a step."""

_LONGEST_SUMMARY: Final = 1_000_000
"""Bytes; GitHub refuses more than a mebibyte of a step."""


def write(session: JudgedSession) -> Iterator[str]:
    """Lines that GitHub's runner reads as commands; the summary goes where ``GITHUB_STEP_SUMMARY`` says."""
    if session.environ.get("GITHUB_ACTIONS") != "true" and not session.asked:
        return
    found = list(findings(session))
    yield from map(annotation, found[:_MOST])
    target = session.environ.get("GITHUB_STEP_SUMMARY")
    if target and session.cases:
        text = summary(session, found)
        if len(text.encode()) > _LONGEST_SUMMARY:
            kept = text.encode()[:_LONGEST_SUMMARY].decode(errors="ignore")
            text = f"{kept.rpartition(chr(10))[0]}\n\n… cut\n"
        with Path(target).open("a", encoding="utf-8") as file:
            file.write(text)
    if len(found) > _MOST:
        yield f"{len(found) - _MOST:,} more findings are in the job's summary"


def annotation(finding: Finding) -> str:
    """``::error file=specs/test_shop.py,line=21,title=k6spec%3A failed::db spans: max duration …``."""
    place = f"file={_property(finding.case.path)},line={finding.case.line}"
    lines = [finding.headline, *finding.details, *([f"report: {finding.link}"] if finding.link else [])]
    return f"::error {place},title={_property(f'k6spec: {finding.kind}')}::{_data(chr(10).join(lines))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
