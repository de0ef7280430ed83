"""A run beside earlier ones, in a real browser, opened from disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from k6spec.report.report_file import write_report
from tests.browser.conftest import LOW_CONTRAST
from tests.support.earlier import run_after_nights

pytestmark = pytest.mark.browser

HOSTILE = "</svg></title><img src=x onerror=\"document.title='owned'\">'\"&\x00\u202egnp"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(*run_after_nights(tmp_path_factory.mktemp("earlier")))


def test_a_claim_shows_a_dot_for_each_run_and_this_one(opened_page: Callable[..., Page], report: Path) -> None:
    card = opened_page(report).locator(".against", has_text="p95 duration")

    assert card.locator("circle.earlier").count() == 6
    assert card.locator("circle.here").count() == 1
    assert card.locator("circle.earlier title").first.text_content() == "2026-10-01 0000000001: 38.6 ms"
    drawn = card.locator("svg").bounding_box()
    dot, bound = card.locator("circle.here").bounding_box(), card.locator(".bound").bounding_box()
    assert drawn is not None
    assert dot is not None
    assert bound is not None
    assert drawn["y"] <= dot["y"] < bound["y"]  # above its limit


def test_it_says_which_runs_these_are(opened_page: Callable[..., Page], report: Path) -> None:
    section = opened_page(report).locator("#earlier")

    assert "6 runs on main, 2026-10-01 to 2026-10-06" in section.locator(".what").first.inner_text()
    section.locator("summary").click()
    assert section.locator("details tbody tr").count() == 6
    assert "0000000006" in section.locator("details tbody tr").first.inner_text()


def test_a_failed_claim_leads_to_its_evidence(opened_page: Callable[..., Page], report: Path) -> None:
    page = opened_page(report)
    page.locator(".against h3 a", has_text="p95 duration").click()
    assert page.url.endswith("#claim-1")
    assert page.locator("#claim-1").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out(opened_page: Callable[..., Page], report: Path, scheme: str) -> None:
    assert opened_page(report, color_scheme=scheme).evaluate(LOW_CONTRAST) == []


def test_a_phone_shows_all_of_it(opened_page: Callable[..., Page], report: Path) -> None:
    page = opened_page(report, viewport={"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    drawn = page.locator(".against svg").first.bounding_box()
    assert drawn is not None
    assert drawn["x"] + drawn["width"] <= 390


def test_hostile_text_stays_text(opened_page: Callable[..., Page], tmp_path: Path) -> None:
    page = opened_page(write_report(*run_after_nights(tmp_path, text=HOSTILE)))
    assert "owned" not in page.title()
    assert page.locator("img").count() == 0
    assert "onerror" in page.locator("#earlier").inner_text()
    assert "onerror" in str(page.locator("circle.earlier title").first.text_content())
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
