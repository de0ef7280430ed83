"""A run's report in a real browser, opened from disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from k6spec.report.report_file import write_report
from k6spec.store.archive import RunFolder
from tests.browser.conftest import LOW_CONTRAST
from tests.support.reports import RUN_ID, judged_run, requests
from tests.support.runs import Request, db, entry

pytestmark = pytest.mark.browser

HOSTILE = "</script></style><img src=x onerror=\"document.title='owned'\">'\"&\x00\u202egnp"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return judged_run(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def report(folder: RunFolder) -> Path:
    return write_report(folder)


def test_what_failed_why_and_where_to_look_stand_first(opened_page: Callable[..., Page], report: Path) -> None:
    page = opened_page(report, viewport={"width": 1366, "height": 768})
    assert page.locator("h1").inner_text() == "2 failed, 1 inconclusive of 5 claims"
    glance = page.locator(".glance li").all_inner_texts()
    assert [line.split("\n")[1] for line in glance][:2] == [
        "db spans, planned VUs 50: max duration",
        "requests: failed share",
    ]
    first = page.locator(".claim").first
    assert "db spans, planned VUs 50: max duration" in first.inner_text()
    assert first.locator(".observed").inner_text() == "320 ms"
    look = first.locator(".worst a").first
    box = look.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 768


def test_each_link_of_each_failure_leads_to_its_waterfall(opened_page: Callable[..., Page], report: Path) -> None:
    page = opened_page(report)
    links = page.locator(".claim a")
    assert links.count() >= 6
    for link in links.all():
        trace = str(link.get_attribute("href")).removeprefix("#trace-")
        link.click()
        page.locator(".trace-id code", has_text=trace).wait_for()
        assert page.locator("#waterfall .row").count() == 4


def test_every_link_within_the_page_has_its_target(opened_page: Callable[..., Page], report: Path) -> None:
    page = opened_page(report)
    missing = page.evaluate(
        """() => [...document.querySelectorAll('a[href^="#"]')].map((link) => link.hash.slice(1))
        .filter((id) => !document.getElementById(id))
        .filter((id) => !report.traces.some((trace) => `trace-${trace.id}` === id))"""
    )
    assert missing == []


def test_a_trace_too_long_for_the_report_has_a_page_that_opens(
    opened_page: Callable[..., Page], tmp_path: Path
) -> None:
    calls = [db(f"SELECT {number}", ms=1, service="stock") for number in range(2_000)]
    long = Request(ms=400, stage="peak", spans=[entry(ms=390), *calls])
    report_path = write_report(judged_run(tmp_path, [*requests(), long]))
    page = opened_page(report_path)

    slowest = page.locator("#trace-list tr", has_text="the slowest POST /checkout")
    slowest.locator("a").first.click()
    link = page.locator("#waterfall a")
    expect(page.locator("#waterfall")).to_contain_text("2,002 spans are shown on a page of their own")
    trace_page = report_path.parent / str(link.get_attribute("href"))

    assert trace_page.is_file()
    expect(opened_page(trace_page).locator("h1")).to_contain_text("POST /checkout")


def test_a_link_from_outside_opens_the_trace(opened_page: Callable[..., Page], report: Path) -> None:
    page = opened_page(report)
    trace = page.locator("#trace-list a").last.get_attribute("href")
    page.goto("about:blank")
    page.goto(f"{report.as_uri()}{trace}")
    assert page.locator(".trace-id code").inner_text() == str(trace).removeprefix("#trace-")


def test_the_offending_span_is_marked_and_open(opened_page: Callable[..., Page], report: Path) -> None:
    page = opened_page(report)
    page.locator(".claim .worst a").first.click()
    expect(page.locator("#waterfall .row.is-marked")).to_contain_text("offending", use_inner_text=True)
    assert "service.name" in page.locator("#waterfall .detail").inner_text()


def test_hostile_text_stays_text(opened_page: Callable[..., Page], tmp_path: Path) -> None:
    page = opened_page(write_report(judged_run(tmp_path, requests(text=HOSTILE))))
    assert "owned" not in page.title()
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 3
    assert "onerror" in page.locator("#spans-table").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_charts_share_one_axis_and_say_what_they_show(opened_page: Callable[..., Page], report: Path) -> None:
    page = opened_page(report)
    titles = page.locator("figcaption b").all_inner_texts()
    assert titles == ["Load", "Throughput", "Errors", "Latency", "Latency of every request"]
    assert page.locator(".plot canvas").count() == 5
    labels = [plot.get_attribute("aria-label") for plot in page.locator(".plot").all()]
    assert "Latency: p50, p95, p99; highest 330 ms" in labels


def test_the_windows_of_claims_are_marked_on_the_axis(opened_page: Callable[..., Page], report: Path) -> None:
    page = opened_page(report)
    lane = page.locator(".lane-row", has_text="planned VUs 50")
    assert lane.get_attribute("aria-pressed") == "true"
    track, window = lane.locator(".track").bounding_box(), lane.locator(".window").bounding_box()
    assert track is not None
    assert window is not None
    assert (window["x"] - track["x"]) / track["width"] == pytest.approx(1 / 3, abs=0.02)


def test_arrow_keys_read_the_charts(opened_page: Callable[..., Page], report: Path) -> None:
    page = opened_page(report)
    page.locator(".plots").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert page.locator("#charts .found").inner_text() == "at 0.75 s"
    latency = page.locator(".chart", has_text="p99").locator("output").all_inner_texts()
    assert latency[0] == "25 ms"


def test_zooming_one_chart_zooms_all_and_escape_undoes_it(opened_page: Callable[..., Page], report: Path) -> None:
    page = opened_page(report)
    over = page.locator(".u-over").first
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 30, steps=5)
    page.mouse.up()
    button = page.get_by_role("button", name="Whole time")
    assert button.is_visible()
    lane = page.locator(".lane-row", has_text="planned VUs 50").locator(".window").bounding_box()
    track = page.locator(".track").first.bounding_box()
    assert lane is not None
    assert track is not None
    assert lane["width"] == pytest.approx(track["width"], abs=2)
    page.locator(".plots").focus()
    page.keyboard.press("Escape")
    assert not button.is_visible()


def test_the_numbers_behind_the_charts_are_a_table(opened_page: Callable[..., Page], report: Path) -> None:
    page = opened_page(report)
    page.get_by_role("button", name="As a table").click()
    rows = page.locator("#charts tbody tr")
    assert rows.count() == 12
    assert rows.first.locator("td").first.inner_text() == "20"


def test_one_operation_can_be_looked_at(opened_page: Callable[..., Page], report: Path) -> None:
    page = opened_page(report)
    page.get_by_role("button", name="As a table").click()
    page.locator("#charts select").select_option("GET /orders")
    requests_a_second = page.locator("#charts tbody tr").first.locator("td").nth(2).inner_text()
    assert requests_a_second == "8"


def test_spans_are_filtered_and_sorted(opened_page: Callable[..., Page], report: Path) -> None:
    page = opened_page(report)
    names = page.locator("#spans-table tbody tr:visible .operation-name")
    assert names.count() == 6
    page.locator("#spans-filter input").fill("stock select")
    assert names.all_inner_texts() == ["stock SELECT shop"]
    assert page.locator("#spans-filter .found").inner_text() == "1 of 6"
    page.locator("#spans-filter input").press("Escape")
    page.get_by_role("button", name="Count", exact=True).last.click()
    counts = [int(text) for text in page.locator("#spans-table tbody td:nth-child(3)").all_inner_texts()]
    assert counts == sorted(counts, reverse=True)
    assert page.locator("#spans-table th[aria-sort]").get_attribute("aria-sort") == "descending"


def test_the_keyboard_reaches_everything(opened_page: Callable[..., Page], report: Path) -> None:
    page = opened_page(report)
    parts = ["nav", ".claim", ".lanes", ".plots", "#spans-filter", "#spans-table", "#trace-list", "#waterfall"]
    reached = set()
    for _ in range(120):
        page.keyboard.press("Tab")
        reached.update(
            page.evaluate("(parts) => parts.filter((part) => document.activeElement.closest(part))", parts)
        )
    assert reached == set(parts)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(opened_page: Callable[..., Page], report: Path, scheme: str) -> None:
    assert opened_page(report, color_scheme=scheme).evaluate(LOW_CONTRAST) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling(opened_page: Callable[..., Page], report: Path, scheme: str) -> None:
    page = opened_page(report, viewport={"width": 390, "height": 844}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator(".plot canvas").first.is_visible()


def test_a_phone_cuts_off_no_claim(opened_page: Callable[..., Page], report: Path) -> None:
    page = opened_page(report, viewport={"width": 390, "height": 844})
    names = page.locator(".glance a, .lane-row .label")
    expect(names.first).to_be_visible()
    assert names.evaluate_all("names => names.filter(name => name.scrollWidth > name.clientWidth)") == []
    for limit in page.locator(".glance .muted").all():
        expect(limit).to_be_visible()


def test_charts_follow_the_colour_scheme_and_the_width(opened_page: Callable[..., Page], report: Path) -> None:
    page = opened_page(report, color_scheme="light")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 800, "height": 700})
    page.wait_for_function("document.querySelector('.uplot').clientWidth < 800")
    assert page.locator(".plot canvas").count() == 5


def test_it_prints(opened_page: Callable[..., Page], report: Path) -> None:
    page = opened_page(report)
    printed = page.pdf()
    assert printed.startswith(b"%PDF")
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert page.locator(".claim").first.is_visible()


def test_nothing_is_wider_than_a_sheet_of_paper(opened_page: Callable[..., Page], report: Path) -> None:
    page = opened_page(report)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 718, "height": 1000})  # A4 less Chromium's margins
    expect(page.locator("html")).to_have_js_property("scrollWidth", 718)


def test_charts_are_printed_in_the_colours_of_paper(opened_page: Callable[..., Page], report: Path) -> None:
    page = opened_page(report, color_scheme="dark")
    line = "() => getComputedStyle(document.documentElement).getPropertyValue('--rule').trim()"
    on_screen = page.evaluate(line)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(line) == "#eceded" != on_screen
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(line) == on_screen


def test_without_javascript_claims_and_tables_are_there(opened_page: Callable[..., Page], report: Path) -> None:
    page = opened_page(report, java_script_enabled=False)
    assert page.locator(".claim").count() == 3
    assert page.locator("#spans-table tbody tr").count() == 6
    assert "Charts need JavaScript" in page.locator("#load").inner_text()


@pytest.mark.parametrize("made", [[], [Request(spans=[entry()])], [Request()], [Request(scenario=None)]])
def test_a_run_of_next_to_nothing_has_a_report(
    opened_page: Callable[..., Page], tmp_path: Path, made: list[Request]
) -> None:
    page = opened_page(write_report(judged_run(tmp_path, made)))
    assert page.locator(".claim").count() >= 1
    assert RUN_ID in page.locator(".what").first.inner_text()
