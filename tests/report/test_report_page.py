"""The text of a run's report: that nothing in it can act or leads outside, and that it tells all outcomes."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from k6spec.errors import ArchiveFault
from k6spec.report.report_file import write_report
from k6spec.store.archive import RunFolder
from tests.report.test_html_trace_page import HOSTILE, Elements
from tests.support.reports import judged_run, requests
from tests.support.runs import Request
from tools.vendor_uplot import FILES, TARGET


def report_of(tmp_path: Path, text: str = "") -> str:
    return write_report(judged_run(tmp_path, requests(30, text=text))).read_text("utf-8")


def test_hostile_text_makes_no_element_and_no_attribute(tmp_path: Path) -> None:
    hostile, harmless = Elements(report_of(tmp_path / "a", HOSTILE)), Elements(report_of(tmp_path / "b", "x"))
    assert hostile.tags == harmless.tags
    assert [name for name, _ in hostile.attributes] == [name for name, _ in harmless.attributes]


def test_it_tells_of_requests_that_failed_as_the_terminal_does(tmp_path: Path) -> None:
    folder = judged_run(tmp_path, [*requests(30), *[Request(name="POST /login", status=401)] * 5])
    assert "5 of 5 POST /login" in write_report(folder).read_text("utf-8")


def test_the_policy_allows_nothing_but_the_page_itself(tmp_path: Path) -> None:
    page = report_of(tmp_path)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    assert policy[1].startswith("default-src 'none'; ")
    assert policy[1].count("sha256-") == 3
    assert "unsafe" not in policy[1]


def test_the_page_refers_to_nothing_outside_itself(tmp_path: Path) -> None:
    values = [value or "" for name, value in Elements(report_of(tmp_path)).attributes if name in ("src", "href")]
    assert {value for value in values if not value.startswith("#")} == {"data:,"}


def test_the_library_is_the_one_that_its_recipe_names_and_carries_its_licence(tmp_path: Path) -> None:
    kept = {name: hashlib.sha256((TARGET / name).read_bytes()).hexdigest()[:16] for name in FILES.values()}
    assert kept == {
        "uPlot.iife.min.js": "19c8d4c6ad88929a",
        "uPlot.min.css": "df630c6a8d6f8eea",
        "LICENSE": "8f989229699b4fe2",
    }
    assert "Permission is hereby granted, free of charge" in report_of(tmp_path)


def test_a_claim_judged_again_is_shown_as_judged_last(tmp_path: Path) -> None:
    folder = judged_run(tmp_path)
    again = {**folder.info()["verdicts"][0], "outcome": "passed", "session": "later"}
    folder.add_verdicts([again])
    assert "<h1>1 failed, 1 inconclusive of 5 claims</h1>" in write_report(folder).read_text("utf-8")


def test_a_claim_that_was_skipped_says_why_and_alarms_nobody(tmp_path: Path) -> None:
    folder = judged_run(tmp_path)
    info = folder.info()
    passed = info["verdicts"][3]
    skipped = {**passed, "outcome": "skipped", "observed": None, "limit": None, "reason": "recorded as the first"}
    folder.write_info({**info, "verdicts": [passed, {**skipped, "claim": "p95 <= baseline + 5 %"}]})
    page = write_report(folder).read_text("utf-8")
    assert "<h1>1 passed, 1 skipped of 2 claims</h1>" in page
    assert "recorded as the first" in page
    assert 'class="claim' not in page


def test_verdicts_of_archives_without_messages_are_shown(tmp_path: Path) -> None:
    folder = judged_run(tmp_path)
    info = folder.info()
    for verdict in info["verdicts"]:
        for later in ("headline", "lines", "notes", "windows"):
            verdict.pop(later)
    folder.write_info(info)
    page = write_report(folder).read_text("utf-8")
    assert page.count('class="claim failed"') == 2
    assert 'href="#trace-ab' in page


def test_a_run_that_did_not_end_has_none_and_says_why(tmp_path: Path) -> None:
    folder = judged_run(tmp_path)
    folder.write_info({**folder.info(), "status": "aborted", "reason": "k6 crashed"})
    with pytest.raises(ArchiveFault, match="has no report: aborted, k6 crashed"):
        write_report(folder)


def test_the_archive_is_not_changed(tmp_path: Path) -> None:
    folder = judged_run(tmp_path)
    before = json.dumps(folder.info())
    write_report(RunFolder(folder.path))
    assert json.dumps(folder.info()) == before
